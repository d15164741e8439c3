/** `wilco groups list`, `show` and `remove` */
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import type { GroupsAnswer } from "../../protocol/messages.ts";
import { groupsNamedBy } from "../../domain/selector.ts";
import { agreeToRemove, type RemoveFlags } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import { formatCard, formatTable, type Column } from "../output/table.ts";
import { openRemote } from "../remote.ts";
import { readPages, type PageFlags } from "../pages.ts";
import { resourceColumns } from "./resources.ts";

type ShownGroup = GroupsAnswer["items"][number];

export async function listGroups(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.groups({ sizes: true });
  const empty = "There are no groups yet; add some with: wilco apply FILE";
  await printList(context.output, items, COLUMNS, empty);
  return EXIT.succeeded;
}

/** The members as of now, in JSON as `resources`. */
export async function showGroup(context: Context, name: string, flags: PageFlags): Promise<number> {
  const { api } = await openRemote(context);
  const { output } = context;
  const { items } = await api.groups({ sizes: true });
  const group = groupNamed(name, items);
  const { items: resources } = await readPages(context, flags, (page) =>
    api.resources({ ...page, selector: `group=${name}` }),
  );
  await printDocument(output, { ...group, resources }, () => {
    const card = formatCard(fieldsOf(group), output.width);
    if (resources.length === 0) return card;
    return `${card}\n${formatTable(resources, resourceColumns(output.paint), output.width)}`;
  });
  if (group.size === 0) output.notice(`Nothing is in the group ${name} now.`);
  return EXIT.succeeded;
}

/** Groups that are named by others of these are removed after those. */
export async function removeGroups(context: Context, names: readonly string[], flags: RemoveFlags): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.groups();
  // All are looked up before the first is gone: a misspelt name removes nothing.
  let left = [...new Set(names)].map((name) => groupNamed(name, items));
  const what = left.map(({ name }) => name).join(", ");
  const note = "Their members stay.";
  if (!(await agreeToRemove(context, what, flags.yes, note))) return EXIT.wrongUse;
  while (left.length > 0) {
    const next = left.find(({ name }) => !left.some((other) => groupsNamedBy(other).includes(name))) ?? left[0]!;
    await api.deleteGroup(next.name);
    context.output.notice(`Group ${next.name} is removed.`);
    left = left.filter((one) => one !== next);
  }
  return EXIT.succeeded;
}

function groupNamed(name: string, groups: readonly ShownGroup[]): ShownGroup {
  const group = groups.find((one) => one.name === name);
  if (group) return group;
  const names = groups.map((one) => one.name);
  const hint = suggestion(name, names, "Groups") ?? "There are no groups yet: add one with wilco apply FILE.";
  throw new WilcoError({ code: "unknown_group", message: `There is no group ${JSON.stringify(name)}`, hint });
}

function fieldsOf(group: ShownGroup): Array<readonly [string, string]> {
  return [
    ["group", group.name],
    ...(group.description === null ? [] : [["description", group.description] as const]),
    ...definitionOf(group),
    ["members", sizeOf(group)],
  ];
}

function definitionOf({ select, members, groups }: ShownGroup): Array<readonly [string, string]> {
  if (select !== null) return [["select", select === "" ? "(all)" : select]];
  return [
    ...(members === null || members.length === 0 ? [] : [["listed", members.join(", ")] as const]),
    ...(groups === null || groups.length === 0 ? [] : [["groups", groups.join(", ")] as const]),
  ];
}

function sizeOf({ size }: ShownGroup): string {
  return size === null || size === undefined ? "can't be said" : String(size);
}

const COLUMNS: Array<Column<ShownGroup>> = [
  { title: "name", cell: (group) => group.name, least: 12 },
  { title: "members", cell: sizeOf, align: "right", least: Infinity },
  {
    title: "by",
    cell: (group) =>
      definitionOf(group)
        .map(([key, text]) => `${key} ${text}`)
        .join("; "),
    least: 16,
    spare: 2,
  },
  { title: "description", cell: (group) => group.description ?? "", least: 16, spare: 1 },
];
