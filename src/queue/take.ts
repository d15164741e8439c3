/** The claim's statements: the first due entries of a worker's routes, by priority then age, then taken and leased. */
import type { EntryRow } from "../database/tables.ts";
import type { Transaction } from "../database/database.ts";

export interface Candidate {
  id: number;
  weight: number;
  resource: number | null;
}

/** The first `limit` claimable entries, locked; rows that another transaction holds are skipped, never waited for. */
export function findCandidates(tx: Transaction, routes: readonly string[], limit: number): Promise<Candidate[]> {
  return tx.query<Candidate>(
    `SELECT id, weight, resource FROM (${tx.dialect.firstOfRoutes(routes.length, 2, "$1")}) AS c
     ORDER BY priority, id LIMIT $1`,
    [limit, ...routes],
  );
}

/** Stops at the first entry that does not fit, so that a heavy one is not passed by for ever. */
export function withinSlots<T extends { weight: number }>(candidates: readonly T[], slots: number): T[] {
  let free = slots;
  const end = candidates.findIndex((candidate) => (free -= candidate.weight) < 0);
  return end < 0 ? [...candidates] : candidates.slice(0, end);
}

export interface Lease {
  session: string;
  worker: string;
  claimId: string;
  /** ms the lease lives without a heartbeat. */
  duration: number;
}

/** Starts a new attempt of each entry under a lease. Answers in the claim's order. */
export async function takeEntries(tx: Transaction, ids: readonly number[], lease: Lease): Promise<EntryRow[]> {
  const now = tx.now();
  const taken = await tx.query<EntryRow>(
    `UPDATE entry SET status = 'running', attempt = attempt + 1, tries = tries + 1, claim_id = $2,
       worker_session = $3, worker_name = $4, lease_expires = $5, started_at = $6, seen_at = $6,
       deadline = $6 + timeout, expires_at = NULL, last_chunk = 0, output_bytes = 0, finish_id = NULL, silent = 0,
       progress = NULL, warning = NULL, last_event = last_event + 1
     WHERE ${tx.dialect.inIds("id", "$1")} AND ${tx.dialect.unindexed("status")} = 'queued' RETURNING *`,
    [JSON.stringify(ids), lease.claimId, lease.session, lease.worker, now + lease.duration, now],
  );
  return taken.toSorted((a, b) => a.priority - b.priority || a.id - b.id);
}
