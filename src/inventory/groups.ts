/** Groups: members by query or by name, and a group may name groups. Members are computed when they are used. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Sql } from "../database/database.ts";
import { parseSelector } from "../domain/selector.ts";
import type { Group, SizedGroup } from "../domain/resource.ts";
import { selectorCondition } from "./selectors.ts";

interface GroupRow {
  name: string;
  description: string | null;
  selector: string | null;
  members: string | null;
  nested: string | null;
}

const COLUMNS = "name, description, selector, members, nested";

export async function listGroups(sql: Sql): Promise<Group[]> {
  const rows = await sql.query<GroupRow>(`SELECT ${COLUMNS} FROM resource_group ORDER BY name`);
  return rows.map(groupOf);
}

export async function listGroupsWithSizes(sql: Sql): Promise<SizedGroup[]> {
  const sized: SizedGroup[] = [];
  for (const group of await listGroups(sql)) {
    try {
      sized.push({ ...group, size: (await groupMembers(sql, group.name)).length });
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      sized.push({ ...group, size: null });
    }
  }
  return sized;
}

/** Those of `names` that there are. */
export async function findGroups(sql: Sql, names: readonly string[]): Promise<Map<string, Group>> {
  const rows = await sql.query<GroupRow>(
    `SELECT ${COLUMNS} FROM resource_group WHERE ${sql.dialect.inTexts("name", "$1")}`,
    [JSON.stringify(names)],
  );
  return new Map(rows.map((row) => [row.name, groupOf(row)]));
}

/**
 * Ids of a group's members at this moment.
 * @param within the groups this one is asked for by, outermost first. @param known what was computed on the way: a group
 *   that several others name is looked at once.
 * @throws WilcoError `unknown_group` with the nearest name; `invalid_selector` for a group that contains itself.
 */
export async function groupMembers(
  sql: Sql,
  name: string,
  within: readonly string[] = [],
  known = new Map<string, number[]>(),
): Promise<number[]> {
  if (within.includes(name)) throw cyclic([...within, name]);
  const before = known.get(name);
  if (before) return before;
  const group = (await findGroups(sql, [name])).get(name);
  if (!group) throw await unknownGroup(sql, name, within);
  const inside = (inner: string) => groupMembers(sql, inner, [...within, name], known);
  const members = group.members
    ? await listedMembers(sql, group.members, group.groups ?? [], inside)
    : await selectedMembers(sql, group.select ?? "", inside);
  known.set(name, members);
  return members;
}

/** As listed, then group by group: who wrote the lists may have meant the order. */
async function listedMembers(
  sql: Sql,
  names: readonly string[],
  groups: readonly string[],
  inside: (group: string) => Promise<number[]>,
): Promise<number[]> {
  const rows = await sql.query<{ id: number; name: string }>(
    `SELECT id, name FROM resource WHERE ${sql.dialect.inTexts("name", "$1")}`,
    [JSON.stringify(names)],
  );
  const ids = new Map(rows.map(({ id, name }) => [name, id]));
  const members = new Set(names.flatMap((name) => ids.get(name) ?? []));
  for (const group of groups) for (const id of await inside(group)) members.add(id);
  return [...members];
}

async function selectedMembers(
  sql: Sql,
  select: string,
  inside: (group: string) => Promise<number[]>,
): Promise<number[]> {
  const condition = await selectorCondition(sql, parseSelector(select), 0, inside);
  const rows = await sql.query<{ id: number }>(
    `SELECT r.id FROM resource r WHERE ${condition.text} ORDER BY r.id`,
    condition.parameters,
  );
  return rows.map(({ id }) => id);
}

export function cyclic(path: readonly string[]): WilcoError {
  return new WilcoError({
    code: "invalid_selector",
    message: `The group "${path.at(-1)}" contains itself: ${path.join(" → ")}`,
    hint: "Take one of these groups out of the other.",
  });
}

export async function unknownGroup(sql: Sql, name: string, within: readonly string[] = []): Promise<WilcoError> {
  const rows = await sql.query<{ name: string }>("SELECT name FROM resource_group ORDER BY name LIMIT 2000");
  const where = within.length > 0 ? ` (the group "${within.at(-1)}" names it)` : "";
  return new WilcoError({
    code: "unknown_group",
    message: `There is no group ${JSON.stringify(name)}${where}`,
    hint:
      suggestion(
        name,
        rows.map((row) => row.name),
        "Groups",
      ) ?? "There are no groups yet: add one with `wilco apply FILE`.",
  });
}

function groupOf(row: GroupRow): Group {
  return {
    name: row.name,
    description: row.description,
    select: row.selector,
    members: row.members === null ? null : (JSON.parse(row.members) as string[]),
    groups: row.members === null ? null : (JSON.parse(row.nested ?? "[]") as string[]),
  };
}
