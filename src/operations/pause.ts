/** Routes paused and resumed. What runs goes on; what waits stays queued, and still expires. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Transaction } from "../database/database.ts";
import type { PausedRouteTable } from "../database/tables.ts";
import { parseRoute } from "../domain/route.ts";
import type { PauseAnswer, PausedRoute, PauseRequest, ResumeRequest } from "../protocol/messages.ts";
import { deletePaused, hasWaiting, insertPaused, knownRoutes, readPaused, waitForClaims } from "../queue/paused.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";

/**
 * When it is answered, no server claims from the route any more. Repeated, the first pause stands.
 * @throws WilcoError `invalid_request`; `unknown_route` for one that nobody has served, unless `unserved` allows it.
 */
export async function pauseRoute(context: Context, principal: Principal, request: PauseRequest): Promise<PauseAnswer> {
  const route = parseRoute(request.route);
  const paused = await context.database.transaction(async (tx) => {
    if (request.unserved !== true) await requireKnown(tx, route);
    await waitForClaims(tx);
    const reason = request.reason === undefined || request.reason === "" ? null : request.reason;
    return insertPaused(tx, { route, paused_by: principal.name, paused_at: tx.now(), reason });
  });
  if (!paused.already) context.log.info({ route, by: principal.name, reason: paused.row.reason }, "route paused");
  return { ...pausedRouteOf(paused.row), already: paused.already };
}

/** @returns the pause that ended. @throws WilcoError `invalid_request`; `conflict` when it is not paused. */
export async function resumeRoute(
  context: Context,
  principal: Principal,
  request: ResumeRequest,
): Promise<PausedRoute> {
  const route = parseRoute(request.route);
  const row = await context.database.transaction(async (tx) => {
    const deleted = await deletePaused(tx, route);
    if (!deleted) throw await notPaused(tx, route);
    tx.afterCommit(() => context.signals.publish({ routes: [route] }));
    return deleted;
  });
  context.log.info({ route, by: principal.name }, "route resumed");
  return pausedRouteOf(row);
}

export async function pausedRoutes(context: Context): Promise<PausedRoute[]> {
  return (await readPaused(context.database)).map(pausedRouteOf);
}

/** A misspelt route that is quietly paused would leave the one that was meant running. */
async function requireKnown(tx: Transaction, route: string): Promise<void> {
  const known = await knownRoutes(tx);
  if (known.has(route) || (await hasWaiting(tx, route))) return;
  const near = suggestion(route, known, "Routes");
  throw new WilcoError({
    code: "unknown_route",
    message: `No worker has served the route ${route}, and nothing waits on it`,
    hint: `${near === undefined ? "" : `${near}${near.endsWith("?") ? "" : "."} `}To pause it before it has workers, allow that (--unserved).`,
  });
}

async function notPaused(tx: Transaction, route: string): Promise<WilcoError> {
  const paused = (await readPaused(tx)).map((row) => row.route);
  return new WilcoError({
    code: "conflict",
    message: `The route ${route} is not paused`,
    hint: suggestion(route, paused, "Paused are") ?? "No route is paused.",
  });
}

function pausedRouteOf(row: PausedRouteTable): PausedRoute {
  return {
    route: row.route,
    pausedBy: row.paused_by,
    pausedAt: new Date(row.paused_at).toISOString(),
    reason: row.reason,
  };
}
