/** Routes that no live worker serves, or that are paused: a warning in the entry; unserved, with `requireWorker` 0, a refusal. */
import { WilcoError } from "../core/errors.ts";
import type { Sql } from "../database/database.ts";
import type { PausedRouteTable } from "../database/tables.ts";
import { routesServedBy } from "../domain/route.ts";
import type { Filing } from "./filing.ts";

/** The routes that live workers serve. A worker is live while its session was seen within a lease. */
export async function servedRoutes(sql: Sql, lease: number, now: number): Promise<Set<string>> {
  const workers = await sql.query<{ name: string; zone: string; roles: string }>(
    "SELECT name, zone, roles FROM worker WHERE state = 'ready' AND seen_at > $1",
    [now - lease],
  );
  return new Set(
    workers.flatMap((worker) => routesServedBy({ ...worker, roles: JSON.parse(worker.roles) as string[] })),
  );
}

export function unservedMessage(route: string): string {
  return route.startsWith("worker/")
    ? `no live worker is named ${route.slice("worker/".length)}`
    : `no live worker serves the route ${route}`;
}

/** Sets `warning` on filings whose route nobody serves; those that require a worker at once are refused. */
export function warnOfUnserved(
  filings: readonly Filing[],
  served: ReadonlySet<string>,
  refused: Map<Filing, WilcoError | object>,
): void {
  for (const filing of filings) {
    const { row } = filing;
    if (served.has(row.route)) continue;
    if (row.require_worker === 0) refused.set(filing, refusal(row.resource_name, row.operation, row.route));
    else row.warning = unservedMessage(row.route);
  }
}

/** Sets `warning` on filings whose route is paused. That nobody serves it, said later, is the greater trouble. */
export function warnOfPaused(filings: readonly Filing[], paused: readonly PausedRouteTable[]): void {
  if (paused.length === 0) return;
  const pauses = new Map(paused.map((row) => [row.route, row]));
  for (const { row } of filings) {
    const pause = pauses.get(row.route);
    if (!pause) continue;
    row.warning = `the route ${row.route} was paused by ${pause.paused_by}${pause.reason === null ? "" : `: ${pause.reason}`}`;
  }
}

function refusal(resource: string | null, operation: string | null, route: string): WilcoError {
  return new WilcoError({
    code: "no_worker",
    message: `${resource} ${operation} was not filed: ${unservedMessage(route)}`,
    hint: "Start one (wilco worker), or submit without requiring a worker.",
  });
}
