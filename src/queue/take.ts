/** The claim's statement: the first due entries of a worker's routes, by priority then age, taken and leased at once. */
import type { Transaction } from "../database/database.ts";
import type { EntryRow } from "../audit/codec.ts";

export interface Lease {
  session: string;
  worker: string;
  claimId: string;
  /** ms the lease lives without a heartbeat. */
  duration: number;
}

/** Takes up to `slots` slots' worth of entries. Skips rows that another transaction holds; never waits. */
export async function takeEntries(
  tx: Transaction,
  routes: readonly string[],
  slots: number,
  lease: Lease,
): Promise<EntryRow[]> {
  const candidates = await tx.query<{ id: number; weight: number }>(
    `SELECT id, weight FROM (${tx.dialect.firstOfRoutes(routes.length, 2, "$1")}) AS c ORDER BY priority, id LIMIT $1`,
    [slots, ...routes],
  );
  const fitting = withinSlots(candidates, slots);
  if (fitting.length === 0) return [];
  const now = tx.now();
  const taken = await tx.query<EntryRow>(
    `UPDATE entry SET status = 'running', attempt = attempt + 1, tries = tries + 1, claim_id = $2,
       worker_session = $3, worker_name = $4, lease_expires = $5, started_at = $6, seen_at = $6,
       deadline = $6 + timeout, expires_at = NULL, last_chunk = 0, output_bytes = 0, finish_id = NULL, silent = 0,
       progress = NULL, warning = NULL, last_event = last_event + 1
     WHERE ${tx.dialect.inIds("id", "$1")} AND status = 'queued' RETURNING *`,
    [
      JSON.stringify(fitting.map((row) => row.id)),
      lease.claimId,
      lease.session,
      lease.worker,
      now + lease.duration,
      now,
    ],
  );
  return taken.toSorted((a, b) => a.priority - b.priority || a.id - b.id);
}

/** Stops at the first entry that does not fit, so that a heavy one is not passed by for ever. */
function withinSlots<T extends { weight: number }>(candidates: readonly T[], slots: number): T[] {
  let free = slots;
  const end = candidates.findIndex((candidate) => (free -= candidate.weight) < 0);
  return end < 0 ? [...candidates] : candidates.slice(0, end);
}
