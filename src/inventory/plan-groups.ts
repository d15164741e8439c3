/** Compares groups as asked for with what there is, and writes them. */
import { suggestion } from "../core/suggest.ts";
import type { Transaction } from "../database/database.ts";
import type { Group } from "../domain/resource.ts";
import { groupsNamedBy } from "../domain/selector.ts";
import type { PlanDifference } from "../protocol/messages.ts";
import { differencesBetween } from "./differences.ts";
import { cyclic, findGroups, groupMembers, listGroups } from "./groups.ts";
import type { GroupDraft } from "./parse-document.ts";
import type { Problems, Report } from "./problems.ts";
import { noResource, unknownResource } from "./resources.ts";

const GROUP_KEYS = ["description", "select", "members", "groups"] as const;

export interface PlannedGroup {
  draft: GroupDraft;
  action: "add" | "change" | "same";
  keys: string[];
  differences: PlanDifference[];
}

/** @param added names of resources that the same document adds. */
export async function planGroups(
  tx: Transaction,
  drafts: readonly GroupDraft[],
  added: ReadonlySet<string>,
  problems: Problems,
): Promise<PlannedGroup[]> {
  if (drafts.length === 0) return [];
  const existing = await findGroups(
    tx,
    drafts.map(({ name }) => name),
  );
  const all = new Map<string, Group>((await listGroups(tx)).map((group) => [group.name, group]));
  for (const draft of drafts) all.set(draft.name, draft);
  for (const draft of drafts) {
    refuseUnknownGroups(draft, all, problems.report);
    await refuseUnknownMembers(tx, draft, added, problems);
  }
  return drafts.map((draft) => {
    const group = existing.get(draft.name);
    if (!group) return { draft, action: "add", keys: [], differences: [] };
    const differences = GROUP_KEYS.flatMap((key) => differencesBetween(key, group[key], draft[key]));
    const keys = GROUP_KEYS.filter((key) => differences.some(({ path }) => path === key));
    return { draft, action: keys.length > 0 ? "change" : "same", keys, differences };
  });
}

/** Groups looked at for members after they were written. */
const MAX_LOOKED_AT = 200;

/** @param notice is told of written groups that match nothing: right for a group that is filled later, or a mistake. */
export async function writeGroups(
  tx: Transaction,
  planned: readonly PlannedGroup[],
  notice: (text: string) => void,
): Promise<void> {
  for (const { draft, action } of planned) {
    if (action === "same") continue;
    await tx.query(
      `INSERT INTO resource_group (name, description, selector, members, nested, version, updated_at)
       VALUES ($1, $2, $3, $4, $5, 1, $6)
       ON CONFLICT (name) DO UPDATE SET description = excluded.description, selector = excluded.selector,
         members = excluded.members, nested = excluded.nested, version = resource_group.version + 1, updated_at = excluded.updated_at`,
      [
        draft.name,
        draft.description,
        draft.select,
        draft.members && JSON.stringify(draft.members),
        draft.groups && draft.groups.length > 0 ? JSON.stringify(draft.groups) : null,
        tx.now(),
      ],
    );
  }
  for (const { draft } of planned.filter(({ action }) => action !== "same").slice(0, MAX_LOOKED_AT)) {
    if ((await groupMembers(tx, draft.name)).length === 0) notice(`the group ${draft.name} has no members now`);
  }
}

function refuseUnknownGroups(draft: GroupDraft, all: ReadonlyMap<string, Group>, report: Report): void {
  const path = `${draft.path}.${draft.select === null ? "groups" : "select"}`;
  for (const name of groupsNamedBy(draft)) {
    if (!all.has(name)) {
      report(path, `there is no group "${name}"`, suggestion(name, all.keys(), "Groups"), "unknown_group");
      return;
    }
  }
  const cycle = cycleOf(draft.name, all, [draft.name], new Set());
  if (cycle) report(path, cyclic(cycle).message, cyclic(cycle).hint);
}

/** Depth first; groups that were followed once without coming back are not followed again. */
function cycleOf(start: string, all: ReadonlyMap<string, Group>, path: string[], seen: Set<string>): string[] | null {
  const group = all.get(path.at(-1)!);
  for (const next of group ? groupsNamedBy(group) : []) {
    if (next === start) return [...path, next];
    if (seen.has(next)) continue;
    seen.add(next);
    const found = cycleOf(start, all, [...path, next], seen);
    if (found) return found;
  }
  return null;
}

async function refuseUnknownMembers(
  tx: Transaction,
  draft: GroupDraft,
  added: ReadonlySet<string>,
  { report, mayGuess }: Problems,
): Promise<void> {
  const members = (draft.members ?? []).filter((name) => !added.has(name));
  if (members.length === 0) return;
  const rows = await tx.query<{ name: string }>(`SELECT name FROM resource WHERE ${tx.dialect.inTexts("name", "$1")}`, [
    JSON.stringify(members),
  ]);
  const known = new Set(rows.map(({ name }) => name));
  for (const name of members.filter((member) => !known.has(member))) {
    const unknown = mayGuess() ? await unknownResource(tx, name, added) : noResource(name);
    report(`${draft.path}.members`, unknown.message, unknown.hint);
  }
}
