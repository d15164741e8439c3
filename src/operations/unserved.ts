/** Routes that no live worker serves, or that are paused: a warning in the entry; unserved, with `requireWorker` 0, a refusal. */
import { WilcoError } from "../core/errors.ts";
import type { Sql } from "../database/database.ts";
import type { PausedRouteTable, WorkerRow } from "../database/tables.ts";
import { DEFAULT_PRIORITY, isInBand, isWholeBand, type PriorityBand } from "../domain/priority.ts";
import { reachOf } from "../queue/reach.ts";
import { isRequest } from "./file-tasks.ts";
import type { Filing } from "./filing.ts";

/** Which messages some workers together would take. */
export interface Served {
  /** By a worker whose band has the priority. */
  has(message: { route: string; priority: number }): boolean;
  /** By any worker, whatever its band. */
  hasRoute(route: string): boolean;
  /** The bands of those that serve the route. */
  bandsOf(route: string): readonly PriorityBand[];
}

/** What live workers serve. A worker is live while its session was seen within a lease. */
export function servedRoutes(sql: Sql, lease: number, now: number): Promise<Served> {
  return readServed(sql, "state = 'ready' AND seen_at > $1", now - lease);
}

/** What workers served that were seen since then, live or not. */
export function servedSince(sql: Sql, since: number): Promise<Served> {
  return readServed(sql, "seen_at > $1", since);
}

async function readServed(sql: Sql, which: string, since: number): Promise<Served> {
  const workers = await sql.query<WorkerRow>(
    `SELECT DISTINCT name, zone, roles, capacity, priority_min, priority_max FROM worker WHERE ${which}`,
    [since],
  );
  const bands = new Map<string, PriorityBand[]>();
  for (const { routes, band } of workers.map(reachOf)) {
    for (const route of routes) {
      const before = bands.get(route);
      if (before) before.push(band);
      else bands.set(route, [band]);
    }
  }
  return {
    has: ({ route, priority }) => bands.get(route)?.some((band) => isInBand(band, priority)) ?? false,
    hasRoute: (route) => bands.has(route),
    bandsOf: (route) => bands.get(route) ?? [],
  };
}

/**
 * Routes on which something waits that requires a worker. From one to the next along the index: of a million entries that
 * wait for busy workers none is read.
 */
export async function requiringRoutes(sql: Sql): Promise<string[]> {
  const requiring = "status = 'queued' AND require_worker IS NOT NULL";
  const rows = await sql.query<{ route: string }>(
    `WITH RECURSIVE r (route) AS (
       SELECT min(route) FROM entry ${sql.dialect.indexedBy("entry_unserved")} WHERE ${requiring}
       UNION ALL
       SELECT (SELECT min(e.route) FROM entry e WHERE ${requiring} AND e.route > r.route) FROM r WHERE r.route IS NOT NULL)
     SELECT route FROM r WHERE route IS NOT NULL`,
  );
  return rows.map((row) => row.route);
}

export interface WaitingForWorker {
  id: number;
  route: string;
  priority: number;
  require_worker: number;
}

/** What waits on the route outside of these bands, for longer than it wanted to wait for a worker. */
export async function waitingBeyond(
  sql: Sql,
  route: string,
  bands: readonly PriorityBand[],
  now: number,
  limit: number,
): Promise<WaitingForWorker[]> {
  if (bands.some(isWholeBand)) return [];
  return sql.query<WaitingForWorker>(
    `SELECT id, route, priority, require_worker FROM entry
     WHERE route = $1 AND status = 'queued' AND require_worker IS NOT NULL AND queued_at + require_worker <= $2
       AND NOT EXISTS (SELECT 1 FROM ${sql.dialect.rows("v", { min: "int", max: "int" }, "$3")}
         WHERE entry.priority BETWEEN v.min AND v.max)
     ORDER BY queued_at LIMIT $4`,
    [route, now, JSON.stringify(bands), limit],
  );
}

export function unservedMessage({ route, priority }: { route: string; priority: number }, served: Served): string {
  if (served.hasRoute(route)) return `no live worker of the route ${route} takes the priority ${priority}`;
  return route.startsWith("worker/")
    ? `no live worker is named ${route.slice("worker/".length)}`
    : `no live worker serves the route ${route}`;
}

/** Sets `warning` on filings whose route nobody serves; those that require a worker at once are refused. */
export function warnOfUnserved(
  filings: readonly Filing[],
  served: Served,
  refused: Map<Filing, WilcoError | object>,
): void {
  for (const filing of filings) {
    const tasks = isRequest(filing) ? filing.tasks : [filing];
    const messageOf = ({ row }: Filing) => ({ route: row.route, priority: row.priority ?? DEFAULT_PRIORITY });
    const unserved = tasks.filter((task) => !served.has(messageOf(task)));
    const [first] = unserved;
    if (!first) continue;
    const why = unservedMessage(messageOf(first), served);
    const { row } = first;
    if (row.require_worker === 0) refused.set(filing, refusal(row.resource_name, row.operation, why));
    else for (const one of [...unserved, filing]) one.row.warning = why;
  }
}

/** Sets `warning` on filings whose route is paused. That nobody serves it, said later, is the greater trouble. */
export function warnOfPaused(filings: readonly Filing[], paused: readonly PausedRouteTable[]): void {
  if (paused.length === 0) return;
  const pauses = new Map(paused.map((row) => [row.route, row]));
  for (const filing of filings) {
    for (const { row } of isRequest(filing) ? filing.tasks : [filing]) {
      const pause = pauses.get(row.route);
      if (!pause) continue;
      row.warning = `the route ${pause.route} was paused by ${pause.paused_by}${pause.reason === null ? "" : `: ${pause.reason}`}`;
      filing.row.warning ??= row.warning;
    }
  }
}

function refusal(resource: string | null, operation: string | null, why: string): WilcoError {
  return new WilcoError({
    code: "no_worker",
    message: `${resource} ${operation} was not filed: ${why}`,
    hint: "Start one (wilco worker), or submit without requiring a worker.",
  });
}
