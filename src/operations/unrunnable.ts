/**
 * What waits for a worker that can run it, while live ones serve its route: its type's handlers are the workers' own, and
 * none of them brought those that the server knows. With `requireWorker` that ends as it does where there is no worker.
 */
import type { Sql } from "../database/database.ts";
import type { WorkerRow } from "../database/tables.ts";
import { isInBand } from "../domain/priority.ts";
import { reachOf } from "../queue/reach.ts";

export interface Unrunnable {
  id: number;
  route: string;
  type: string;
}

interface Waiting extends Unrunnable {
  priority: number;
  require_worker: number;
}

/** Of a route that many wait on, whatever for, the oldest are looked at: one that stands behind them has its turn later. */
const OLDEST = 1_000;
/** Routes of one pass; of more, each is looked at every few seconds. */
const ROUTES = 20;

/** @param routes those on which something waits that requires a worker. */
export async function unrunnableOn(
  sql: Sql,
  routes: readonly string[],
  lease: number,
  now: number,
): Promise<Unrunnable[]> {
  const [own] = await sql.query("SELECT 1 AS one FROM resource_type WHERE by_worker = 1 LIMIT 1", []);
  if (!own) return [];
  const waiting: Waiting[] = [];
  for (const route of takeTurns(routes, now)) {
    // A type that has just changed is one whose workers are about to load it.
    const rows = await sql.query<Waiting>(
      `SELECT e.id, e.route, e.priority, e.require_worker, e.resource_type AS type FROM (
         SELECT id, route, priority, require_worker, resource_type FROM entry
         WHERE route = $1 AND status = 'queued' AND require_worker IS NOT NULL AND queued_at + require_worker <= $2
         ORDER BY queued_at LIMIT ${OLDEST}) AS e
       JOIN resource_type t ON t.name = e.resource_type AND t.by_worker = 1 AND t.updated_at + e.require_worker <= $2`,
      [route, now],
    );
    waiting.push(...rows);
  }
  if (waiting.length === 0) return [];
  const able = await sql.query<WorkerRow & { type: string }>(
    `SELECT w.name, w.zone, w.roles, w.capacity, w.priority_min, w.priority_max, w.seen_at, b.type
     FROM worker_type b JOIN resource_type t ON t.name = b.type AND t.version = b.version
     JOIN worker w ON w.session = b.session
     WHERE ${sql.dialect.inTexts("b.type", "$1")}`,
    [JSON.stringify([...new Set(waiting.map(({ type }) => type))])],
  );
  const reaches = able.map((row) => ({ ...reachOf(row), type: row.type, seen: row.seen_at }));
  return waiting.filter(
    ({ route, type, priority, require_worker }) =>
      !reaches.some(
        (one) =>
          one.type === type &&
          one.routes.includes(route) &&
          isInBand(one.band, priority) &&
          // As with a route: the time counts from when the last one was seen.
          one.seen > now - Math.max(lease, require_worker),
      ),
  );
}

function takeTurns(routes: readonly string[], now: number): readonly string[] {
  if (routes.length <= ROUTES) return routes;
  const first = (Math.floor(now / 1_000) * ROUTES) % routes.length;
  return [...routes, ...routes].slice(first, first + ROUTES);
}

export function unrunnableMessage({ route, type }: Unrunnable): string {
  return `no live worker of the route ${route} can run the type ${type} as the server has it`;
}
