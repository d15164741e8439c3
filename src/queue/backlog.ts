/**
 * What waits, by route and priority, without reading the backlog: two partial indexes hold all that is queued in the
 * order (route, priority, id), so groups are found by jumping from one to the next, and each is counted up to a bound.
 */
import type { Sql } from "../database/database.ts";
import { CLAIMABLE } from "../database/dialect.ts";

export interface Backlog {
  route: string;
  priority: number;
  /** Up to the bound: then `more` is true. */
  waiting: number;
  more: boolean;
  /** Of these, those that wait for their resource; the others wait for a worker. */
  behind: number;
  /** Id of the one that was filed first, and since when it is queued (ms). */
  oldest: number;
  since: number;
}

interface Half {
  /** The words of the partial index. */
  condition: string;
  index: string;
}
const CLAIMABLE_HALF: Half = { condition: CLAIMABLE, index: "entry_claim" };
const BEHIND_HALF: Half = { condition: "status = 'queued' AND exclusive = 1 AND head = 0", index: "entry_behind" };
/** Rows that are counted at once; with many groups each gets a share, but never less than the other. */
const MOST_COUNTED = 50_000;
const LEAST_COUNTED = 1_000;
const MOST_GROUPS = 2_000;

interface Group {
  route: string;
  priority: number;
  first: number;
  since: number;
}

export async function readBacklog(sql: Sql): Promise<Backlog[]> {
  const claimable = await readGroups(sql, CLAIMABLE_HALF);
  const behind = await readGroups(sql, BEHIND_HALF);
  const bound = Math.max(LEAST_COUNTED, Math.floor(MOST_COUNTED / Math.max(1, claimable.length + behind.length)));
  const [counted, countedBehind] = [
    await countGroups(sql, CLAIMABLE_HALF, claimable, bound),
    await countGroups(sql, BEHIND_HALF, behind, bound),
  ];
  const found = new Map<string, Backlog>();
  const add = (group: Counted, isBehind: boolean) => {
    const key = `${group.route} ${group.priority}`;
    const before = found.get(key);
    const first = before && before.oldest < group.first ? before : { oldest: group.first, since: group.since };
    found.set(key, {
      route: group.route,
      priority: group.priority,
      waiting: (before?.waiting ?? 0) + Math.min(group.n, bound),
      more: (before?.more ?? false) || group.n > bound,
      behind: (before?.behind ?? 0) + (isBehind ? Math.min(group.n, bound) : 0),
      oldest: first.oldest,
      since: first.since,
    });
  };
  for (const group of counted) add(group, false);
  for (const group of countedBehind) add(group, true);
  return [...found.values()].toSorted((a, b) =>
    a.route < b.route ? -1 : a.route > b.route ? 1 : a.priority - b.priority,
  );
}

/**
 * The first entry of each route and priority: a jump along the index a group. By ids, because both engines know
 * correlated scalar subqueries, and one of them no LATERAL.
 */
function readGroups(sql: Sql, { condition, index }: Half): Promise<Group[]> {
  const first = (after: string) =>
    `(SELECT id FROM entry AS n ${sql.dialect.indexedBy(index)} WHERE ${condition} ${after} ORDER BY n.route, n.priority, n.id LIMIT 1)`;
  return sql.query<Group>(
    `WITH RECURSIVE groups (id) AS (
       SELECT ${first("")} UNION ALL
       SELECT ${first("AND (n.route, n.priority) > (e.route, e.priority)")} FROM groups g JOIN entry e ON e.id = g.id
     ) SELECT e.route, e.priority, e.id AS first, e.queued_at AS since FROM groups g JOIN entry e ON e.id = g.id
     LIMIT ${MOST_GROUPS}`,
  );
}

interface Counted extends Group {
  n: number;
}

function countGroups(
  sql: Sql,
  { condition, index }: Half,
  groups: readonly Group[],
  bound: number,
): Promise<Counted[]> {
  if (groups.length === 0) return Promise.resolve([]);
  return sql.query<Counted>(
    `SELECT g.route, g.priority, g.first, g.since,
       (SELECT count(*) FROM (SELECT 1 FROM entry ${sql.dialect.indexedBy(index)} WHERE ${condition} AND route = g.route AND priority = g.priority LIMIT $2) AS c) AS n
     FROM ${sql.dialect.rows("g", { route: "text", priority: "int", first: "int", since: "int" }, "$1")}`,
    [JSON.stringify(groups), bound + 1],
  );
}
