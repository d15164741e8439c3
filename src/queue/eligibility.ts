/**
 * Who may take what: the rules of the claim, in words that `why` and the warnings use too, so that an explanation is
 * never another rule than the one that decided. What a claim may take at all is `CLAIMABLE`, the words of its index.
 */
import type { Sql, Transaction } from "../database/database.ts";
import type { WorkerTable } from "../database/tables.ts";
import { routesServedBy } from "../domain/route.ts";

/** What a worker is, as far as a claim asks. */
export type ClaimingWorker = Pick<
  WorkerTable,
  "session" | "name" | "zone" | "roles" | "state" | "capacity" | "seen_at"
>;

/** Whether claims of this worker are answered with entries at all. */
export function mayClaim(worker: Pick<WorkerTable, "state">): boolean {
  return worker.state === "ready";
}

/** The routes that a worker takes entries from, as its row has them. */
export function routesOf(worker: Pick<WorkerTable, "name" | "zone" | "roles">): string[] {
  return routesServedBy({ name: worker.name, zone: worker.zone, roles: JSON.parse(worker.roles) as string[] });
}

/** Whether nothing was heard of a worker for a whole lease. */
export function isSilent(worker: Pick<WorkerTable, "seen_at">, lease: number, now: number): boolean {
  return worker.seen_at <= now - lease;
}

/** What the entry `e` takes of its worker `w`: an operation that is heavier than the whole worker takes all of it. */
export const SLOTS_TAKEN = "CASE WHEN e.weight < w.capacity THEN e.weight ELSE w.capacity END";

/** Slots in use by session; a session without any is missing. */
export async function usedSlots(sql: Sql, sessions: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ session: string; used: number }>(
    `SELECT e.worker_session AS session, sum(${SLOTS_TAKEN}) AS used
     FROM entry e JOIN worker w ON w.session = e.worker_session
     WHERE ${sql.dialect.inTexts("e.worker_session", "$1")} AND e.status IN ('running', 'canceling')
     GROUP BY e.worker_session`,
    [JSON.stringify(sessions)],
  );
  return new Map(rows.map((row) => [row.session, row.used]));
}

/**
 * Names of the types that a session can't run: their handlers are the workers' own, and it brought none, or another
 * version than the one the server has. A subquery; `session` is a placeholder or a column.
 */
export function typesOutOfReach(session: string): string {
  return `SELECT t.name FROM resource_type t WHERE t.by_worker = 1 AND NOT EXISTS (
    SELECT 1 FROM worker_type w WHERE w.session = ${session} AND w.type = t.name AND w.version = t.version)`;
}

/** Remembers the types that a worker has just brought: the server's version is the worker's at this moment. */
export function rememberTypes(tx: Transaction, session: string, names: readonly string[]): void {
  tx.send("DELETE FROM worker_type WHERE session = $1", [session]);
  tx.send(
    `INSERT INTO worker_type (session, type, version)
     SELECT $1, name, version FROM resource_type WHERE by_worker = 1 AND ${tx.dialect.inTexts("name", "$2")}`,
    [session, JSON.stringify(names)],
  );
}
