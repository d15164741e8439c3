/**
 * What `prune` names and the document does not have is removed, unless something that stays needs it. Only what is named:
 * a document is often a part of the inventory, and what is not in it is not for that reason unwanted.
 */
import { suggestion } from "../core/suggest.ts";
import type { Transaction } from "../database/database.ts";
import { globToRegExp, groupsNamedBy, isGlob } from "../domain/selector.ts";
import type { Group } from "../domain/resource.ts";
import type { PlanChange } from "../protocol/messages.ts";
import { listGroups } from "./groups.ts";
import { dropQueuedLooks } from "./look-schedule.ts";
import type { ParsedDocument } from "./parse-document.ts";
import type { Report } from "./problems.ts";
import { selectorCondition } from "./selectors.ts";
import { hasImplementation, type Types } from "./types.ts";

export interface PlannedRemovals {
  resources: number[];
  groups: string[];
  types: string[];
  changes: PlanChange[];
}

interface PruneContext {
  types: Types;
  report: Report;
  notice: (text: string) => void;
}

const PATH = "prune";

/** Locks the resources that would go. Reports what stands in the way, each with its reason. */
export async function planRemovals(
  tx: Transaction,
  patterns: readonly string[],
  document: ParsedDocument,
  { types, report, notice }: PruneContext,
): Promise<PlannedRemovals> {
  const none: PlannedRemovals = { resources: [], groups: [], types: [], changes: [] };
  const names = [...new Set(patterns.map((pattern) => pattern.trim()))];
  if (names.length === 0) return none;
  const wrong = names.find((name) => name === "" || /[=,\s]/.test(name));
  if (wrong !== undefined) {
    report(PATH, `${JSON.stringify(wrong)} is neither a name nor a glob`, "Write names: web-1, or globs: old-*");
    return none;
  }
  const matches = matcher(names);
  const drafts = new Map(document.resources.map((draft) => [draft.name, draft]));
  const stored = await lockNamed(tx, names);
  const resources = stored.filter(({ name }) => !drafts.has(name));
  const inDocument = new Set(document.groups.map(({ name }) => name));
  const storedGroups = await listGroups(tx);
  const groups = storedGroups.filter(({ name }) => matches(name) !== undefined && !inDocument.has(name));
  const described = new Set(document.types.map(({ descriptor }) => descriptor.name));
  const allTypes = await types.list(tx);
  const removable = allTypes.filter((type) => !type.builtin && hasImplementation(type));
  const gone = removable.filter(({ name }) => matches(name) !== undefined && !described.has(name));

  for (const name of names) {
    const pattern = matcher([name]);
    const any = [...resources, ...groups, ...gone].some((one) => pattern(one.name) !== undefined);
    if (any) continue;
    // Run again it finds nothing, and is right.
    const kept = [...drafts.keys(), ...inDocument, ...described].some((one) => pattern(one) !== undefined);
    const fixed = allTypes.find((type) => type.name === name && !removable.includes(type));
    if (fixed) report(PATH, `the type ${name} is not of an inventory document`, "Types that workers bring stay.");
    else if (kept) notice(`nothing to remove for --prune ${name}: what it matches is in the document`);
    else {
      const near = isGlob(name) ? undefined : suggestion(name, [...storedGroups, ...removable].map(nameOf), "Groups");
      const hint = near?.startsWith("Did you mean") ? ` (${near})` : "";
      notice(`nothing to remove for --prune ${name}: there is no resource, group or type of that name${hint}`);
    }
  }

  await refuseNeededResources(tx, resources, drafts, report);
  const staying = new Map<string, Group>(storedGroups.map((group) => [group.name, group]));
  for (const draft of document.groups) staying.set(draft.name, draft);
  for (const { name } of groups) staying.delete(name);
  refuseNamedByGroups([...staying.values()], new Set(resources.map(nameOf)), new Set(groups.map(nameOf)), report);
  await refuseTypesInUse(tx, gone.map(nameOf), resources, drafts, report);
  const removal = (what: PlanChange["what"], name: string): PlanChange => ({
    what,
    name,
    action: "remove",
    keys: [],
    differences: [],
    reason: `not in the document, and matches --prune ${matches(name)}`,
  });
  return {
    resources: resources.map(({ id }) => id),
    groups: groups.map(nameOf),
    types: gone.map(nameOf),
    changes: [
      ...groups.map(({ name }) => removal("group", name)),
      ...resources.map(({ name }) => removal("resource", name)),
      ...gone.map(({ name }) => removal("type", name)),
    ],
  };
}

/** Resources in one statement: parents and children go together. */
export async function removePlanned(tx: Transaction, planned: PlannedRemovals): Promise<void> {
  const { inTexts, inIds } = tx.dialect;
  const remove = async (table: string, condition: string, keys: readonly unknown[]) => {
    if (keys.length > 0) await tx.query(`DELETE FROM ${table} WHERE ${condition}`, [JSON.stringify(keys)]);
  };
  await remove("resource_group", inTexts("name", "$1"), planned.groups);
  await dropQueuedLooks(tx, planned.resources);
  await remove("resource", inIds("id", "$1"), planned.resources);
  await remove("resource_type", inTexts("name", "$1"), planned.types);
}

interface Named {
  id: number;
  name: string;
}

async function lockNamed(tx: Transaction, names: string[]): Promise<Named[]> {
  const lock = tx.dialect.forUpdate === "" ? "" : ` ${tx.dialect.forUpdate} OF r`;
  const condition = await selectorCondition(tx, { names, terms: [] }, 0, async () => []);
  return tx.query<Named>(
    `SELECT r.id, r.name FROM resource r WHERE ${condition.text} ORDER BY r.id${lock}`,
    condition.parameters,
  );
}

/** @returns the first pattern that matches. */
function matcher(patterns: readonly string[]): (name: string) => string | undefined {
  const tests = patterns.map((pattern) => [pattern, isGlob(pattern) ? globToRegExp(pattern) : null] as const);
  return (name) => tests.find(([pattern, glob]) => (glob ? glob.test(name) : pattern === name))?.[0];
}

async function refuseNeededResources(
  tx: Transaction,
  removed: readonly Named[],
  drafts: ReadonlyMap<string, { parent: string | null }>,
  report: Report,
): Promise<void> {
  const ids = JSON.stringify(removed.map(({ id }) => id));
  const names = new Set(removed.map(nameOf));
  const busy = await tx.query<{ name: string; count: number }>(
    `SELECT r.name, count(*) AS count FROM entry e JOIN resource r ON r.id = e.resource
     WHERE ${tx.dialect.inIds("e.resource", "$1")} AND e.finished_at IS NULL AND (e.automatic = 0 OR e.head = 1) GROUP BY r.name ORDER BY r.name`,
    [ids],
  );
  for (const { name, count } of busy) {
    const what = count === 1 ? "an operation that has" : `${count} operations that have`;
    report(
      PATH,
      `"${name}" has ${what} not ended`,
      `Wait for them or cancel them: wilco history --resource ${name}`,
      "conflict",
    );
  }
  const children = await tx.query<{ name: string; parent: string }>(
    `SELECT c.name, p.name AS parent FROM resource c JOIN resource p ON p.id = c.parent
     WHERE ${tx.dialect.inIds("c.parent", "$1")} ORDER BY c.id`,
    [ids],
  );
  const parents = new Map(children.map(({ name, parent }) => [name, parent]));
  for (const [name, { parent }] of drafts) {
    if (parent === null) parents.delete(name);
    else parents.set(name, parent);
  }
  for (const [child, parent] of parents) {
    if (!names.has(parent) || names.has(child)) continue;
    report(PATH, `"${parent}" has a child that stays: ${child}`, "Name it too, or give it another parent.", "conflict");
  }
}

function refuseNamedByGroups(
  staying: readonly Group[],
  resources: ReadonlySet<string>,
  groups: ReadonlySet<string>,
  report: Report,
): void {
  for (const group of staying) {
    for (const member of group.members ?? []) {
      if (resources.has(member))
        report(PATH, `"${member}" is a member of the group ${group.name}`, "Take it out of that group.", "conflict");
    }
    for (const inner of groupsNamedBy(group)) {
      if (groups.has(inner))
        report(PATH, `the group ${inner} is named by the group ${group.name}`, "Name that group too.", "conflict");
    }
  }
}

async function refuseTypesInUse(
  tx: Transaction,
  types: readonly string[],
  removed: readonly Named[],
  drafts: ReadonlyMap<string, { type: string }>,
  report: Report,
): Promise<void> {
  if (types.length === 0) return;
  const rows = await tx.query<{ name: string; type: string }>(
    `SELECT name, type FROM resource WHERE ${tx.dialect.inTexts("type", "$1")} AND NOT ${tx.dialect.inIds("id", "$2")}
     ORDER BY id`,
    [JSON.stringify(types), JSON.stringify(removed.map(({ id }) => id))],
  );
  const users = new Map(rows.map(({ name, type }) => [name, type]));
  for (const [name, { type }] of drafts) users.set(name, type);
  for (const type of types) {
    const user = [...users].find(([, used]) => used === type)?.[0];
    if (user !== undefined)
      report(PATH, `the type ${type} is the type of ${user}, which stays`, "Name its resources too.", "conflict");
  }
}

function nameOf({ name }: { name: string }): string {
  return name;
}
