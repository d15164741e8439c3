/** The claim's statements: the first due entries of a worker's routes, by priority then age, then taken and leased. */
import type { EntryRow } from "../database/tables.ts";
import type { Transaction } from "../database/database.ts";
import { WHOLE_WORKER } from "../domain/resource-type.ts";
import { SLOTS_TAKEN, typesOutOfReach } from "./eligibility.ts";
import type { Reach } from "./reach.ts";

export interface Candidate {
  id: number;
  weight: number;
  resource: number | null;
}

/**
 * The first `slots` entries within reach, locked; rows that another transaction holds are skipped, never waited for. So
 * is what does not fit now and another live worker keeps itself free for.
 * @param lease ms; a worker that was not seen for as long keeps nothing.
 */
export function findCandidates(
  tx: Transaction,
  session: string,
  { routes, band, capacity }: Reach,
  slots: number,
  lease: number,
): Promise<Candidate[]> {
  const fitting = slots >= capacity ? WHOLE_WORKER : slots;
  return tx.query<Candidate>(
    `SELECT id, weight, resource FROM (${tx.dialect.firstOfRoutes(routes.length, 7, "$1", WITHIN_REACH)}) AS c
     ORDER BY priority, id LIMIT $1`,
    [slots, band.min, band.max, fitting, session, tx.now() - lease, ...routes],
  );
}

/** What fits at once costs no look at the reservations. */
const WITHIN_REACH = `priority BETWEEN $2 AND $3 AND (weight <= $4 OR NOT EXISTS (
  SELECT 1 FROM worker WHERE worker.reserves = entry.id AND worker.session <> $5 AND worker.state = 'ready'
    AND worker.seen_at > $6)) AND (resource_type IS NULL OR resource_type NOT IN (${typesOutOfReach("$5")}))`;

/**
 * Stops at the first entry that does not fit, so that a heavy one is not passed by for ever. What is heavier than the
 * whole worker takes all of it.
 */
export function withinSlots<T extends { weight: number }>(
  candidates: readonly T[],
  free: number,
  capacity: number,
): T[] {
  let left = free;
  const end = candidates.findIndex(({ weight }) => (left -= Math.min(weight, capacity)) < 0);
  return end < 0 ? [...candidates] : candidates.slice(0, end);
}

interface Room {
  /** Slots; the worker's word about them is not enough: a late claim could be counted twice. */
  used: number;
  /** 1 when there are types that the worker can't run, and so entries of its routes that are not for it. */
  lacking: 0 | 1;
}

export async function readRoom(tx: Transaction, session: string): Promise<Room> {
  const [row] = await tx.query<Room>(
    `SELECT coalesce(sum(${SLOTS_TAKEN}), 0) AS used,
       CASE WHEN EXISTS (${typesOutOfReach("$1")}) THEN 1 ELSE 0 END AS lacking
     FROM worker w JOIN entry e ON e.worker_session = w.session AND e.status IN ('running', 'canceling')
     WHERE w.session = $1`,
    [session],
  );
  return row!;
}

/**
 * The worker keeps its slots free for this (locked) entry, which did not fit, or for none. Only one worker does so for
 * an entry: were it all of the route, none of them would work until one of them is empty.
 * @returns true when it does so from now on.
 */
export async function reserve(
  tx: Transaction,
  worker: { session: string; reserves: number | null },
  entry: number | null,
  lease: number,
): Promise<boolean> {
  if (worker.reserves === entry) return false;
  const rows = await tx.query(
    `UPDATE worker SET reserves = $2 WHERE session = $1 AND NOT EXISTS (
       SELECT 1 FROM worker o WHERE o.reserves = $2 AND o.session <> $1 AND o.state = 'ready' AND o.seen_at > $3)
     RETURNING session`,
    [worker.session, entry, tx.now() - lease],
  );
  return entry !== null && rows.length > 0;
}

/** The columns that the work needs; an entry has twice as many. */
const CLAIMED = [
  "id",
  "kind",
  "status",
  "resource",
  "resource_name",
  "type_version",
  "operation",
  "parameters",
  "sealed",
  "zone",
  "route",
  "priority",
  "weight",
  "on_lost",
  "timeout",
  "root",
  "attempt",
  "worker_name",
  "deadline",
  "last_event",
  "queued_at",
  "started_at",
  "trace",
] as const;

export type ClaimedRow = Pick<EntryRow, (typeof CLAIMED)[number]>;

export const CLAIMED_COLUMNS = CLAIMED.join(", ");

export interface Lease {
  session: string;
  worker: string;
  claimId: string;
  /** ms the lease lives without a heartbeat. */
  duration: number;
}

/** Starts a new attempt of each entry under a lease. Answers in the claim's order. */
export async function takeEntries(tx: Transaction, ids: readonly number[], lease: Lease): Promise<ClaimedRow[]> {
  const now = tx.now();
  const taken = await tx.query<ClaimedRow>(
    `UPDATE entry SET status = 'running', attempt = attempt + 1, tries = tries + 1, claim_id = $2,
       worker_session = $3, worker_name = $4, lease_expires = $5, started_at = $6, seen_at = $6,
       deadline = $6 + timeout, expires_at = NULL, last_chunk = 0, output_bytes = 0, finish_id = NULL, silent = 0,
       progress = NULL, warning = NULL, last_event = last_event + 1
     WHERE ${tx.dialect.inIds("id", "$1")} AND ${tx.dialect.unindexed("status")} = 'queued' RETURNING ${CLAIMED_COLUMNS}`,
    [JSON.stringify(ids), lease.claimId, lease.session, lease.worker, now + lease.duration, now],
  );
  return taken.toSorted((a, b) => a.priority - b.priority || a.id - b.id);
}
