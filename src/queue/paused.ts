/** Paused routes: rows that the claim's statement looks at, so that a pause holds on every server at once. */
import type { Sql, Transaction } from "../database/database.ts";
import { CLAIMABLE } from "../database/dialect.ts";
import type { PausedRouteTable } from "../database/tables.ts";
import { routesServedBy } from "../domain/route.ts";

export function readPaused(sql: Sql): Promise<PausedRouteTable[]> {
  return sql.query<PausedRouteTable>("SELECT * FROM paused_route ORDER BY route");
}

export async function readPausedRoute(sql: Sql, route: string): Promise<PausedRouteTable | undefined> {
  const [row] = await sql.query<PausedRouteTable>("SELECT * FROM paused_route WHERE route = $1", [route]);
  return row;
}

/** The row as it stands afterwards: the first pause of a route keeps its reason and its date. */
export async function insertPaused(
  tx: Transaction,
  row: PausedRouteTable,
): Promise<{ row: PausedRouteTable; already: boolean }> {
  const [inserted] = await tx.query<PausedRouteTable>(
    `INSERT INTO paused_route (route, paused_by, paused_at, reason) VALUES ($1, $2, $3, $4)
     ON CONFLICT (route) DO NOTHING RETURNING *`,
    [row.route, row.paused_by, row.paused_at, row.reason],
  );
  if (inserted) return { row: inserted, already: false };
  const [before] = await tx.query<PausedRouteTable>("SELECT * FROM paused_route WHERE route = $1", [row.route]);
  return { row: before ?? row, already: true };
}

/** What it was, or undefined when it was not paused. */
export async function deletePaused(tx: Transaction, route: string): Promise<PausedRouteTable | undefined> {
  const [row] = await tx.query<PausedRouteTable>("DELETE FROM paused_route WHERE route = $1 RETURNING *", [route]);
  return row;
}

/**
 * Waits until no claim is under way that began before the pause: a claim locks its worker's row first, and looks at the
 * paused routes after that.
 */
export async function waitForClaims(tx: Transaction): Promise<void> {
  if (tx.dialect.forUpdate === "") return;
  await tx.query(
    `SELECT session FROM worker WHERE state IN ('starting', 'ready', 'draining') ORDER BY session ${tx.dialect.forUpdate}`,
  );
}

/** Routes that workers serve or have served, the workers' own included. */
export async function knownRoutes(sql: Sql): Promise<Set<string>> {
  const rows = await sql.query<{ name: string; zone: string; roles: string }>(
    "SELECT DISTINCT name, zone, roles FROM worker",
  );
  return new Set(rows.flatMap((row) => routesServedBy({ ...row, roles: JSON.parse(row.roles) as string[] })));
}

/** Something can be claimed from it, were it not paused. */
export async function hasWaiting(sql: Sql, route: string): Promise<boolean> {
  const rows = await sql.query(`SELECT 1 AS found FROM entry WHERE route = $1 AND ${CLAIMABLE} LIMIT 1`, [route]);
  return rows.length > 0;
}
