/** What becomes of executions whose worker is gone: repeated, ended, or shown as silent until it is certain. */
import { appendEvents, type NewEvent } from "../audit/append.ts";
import type { Transaction } from "../database/database.ts";
import type { EntryError } from "../domain/entry.ts";
import { moveOf } from "../queue/moves.ts";
import { announceQueued, type Changes, type QueuedRow } from "./changes.ts";
import { endEntries } from "./end.ts";
import type { End } from "./ends.ts";
import { lockEntries, type LockedEntry } from "./locked.ts";

export interface Lapse {
  /** "its worker w1 was started anew" */
  reason: string;
  /** True when the worker is certainly gone; false when it may only be silent. */
  final: boolean;
}

/**
 * - `canceling` ends canceled: nobody is left to say otherwise.
 * - declared repeatable (`onLost: requeue`) with tries left: queued again.
 * - otherwise: lost when that is certain; else it stays running, marked silent, and holds its resource until `lostAfter`.
 */
export async function lapseLeases(
  tx: Transaction,
  ids: readonly number[],
  lapse: Lapse,
  changes: Changes,
): Promise<void> {
  if (ids.length === 0) return;
  const locked = await lockEntries(tx, ids);
  const live = [...locked.values()].filter((entry) => entry.status === "running" || entry.status === "canceling");
  const ends: End[] = [];
  const again: LockedEntry[] = [];
  const silent: LockedEntry[] = [];
  for (const entry of live) {
    if (entry.status === "canceling")
      ends.push({ id: entry.id, status: "canceled", error: canceledError(entry, lapse) });
    else if (entry.on_lost === "requeue" && entry.tries < entry.max_attempts) again.push(entry);
    else if (lapse.final) ends.push({ id: entry.id, status: "lost", error: lostError(entry, lapse) });
    else if (entry.silent === 0) silent.push(entry);
  }
  await requeue(tx, again, { reason: lapse.reason, countTry: true }, changes);
  await markSilent(tx, silent, lapse, changes);
  await endEntries(tx, locked, ends, changes);
}

/** Back to the queue for a new attempt. `countTry: false` for what was handed back unstarted. */
export async function requeue(
  tx: Transaction,
  entries: readonly LockedEntry[],
  options: { reason: string; countTry: boolean },
  changes: Changes,
): Promise<void> {
  if (entries.length === 0) return;
  const now = tx.now();
  const rows = await tx.query<Omit<QueuedRow, "last_event">>(
    `UPDATE entry SET status = 'queued', head = 0, claim_id = NULL, worker_session = NULL, lease_expires = NULL,
       deadline = NULL, started_at = NULL, queued_at = $2, expires_at = $2 + expires_in, silent = 0,
       tries = tries - $3, last_event = last_event + 1
     WHERE ${tx.dialect.inIds("id", "$1")} RETURNING id, route, exclusive, resource, status`,
    [JSON.stringify(entries.map((entry) => entry.id)), now, options.countTry ? 0 : 1],
  );
  appendEvents(
    tx,
    entries.map((entry): NewEvent => ({
      entry: entry.id,
      seq: entry.last_event + 1,
      at: now,
      type: "requeued",
      attempt: entry.attempt,
      data: { reason: options.reason, worker: entry.worker_name, tries: entry.tries },
    })),
  );
  for (const entry of entries) changes.moves.push(moveOf("requeued", entry, "queued", now, options.reason));
  announceQueued(tx, rows, changes);
}

async function markSilent(
  tx: Transaction,
  entries: readonly LockedEntry[],
  lapse: Lapse,
  changes: Changes,
): Promise<void> {
  if (entries.length === 0) return;
  const now = tx.now();
  await tx.query(`UPDATE entry SET silent = 1, last_event = last_event + 1 WHERE ${tx.dialect.inIds("id", "$1")}`, [
    JSON.stringify(entries.map((entry) => entry.id)),
  ]);
  appendEvents(
    tx,
    entries.map((entry): NewEvent => ({
      entry: entry.id,
      seq: entry.last_event + 1,
      at: now,
      type: "silent",
      attempt: entry.attempt,
      data: { reason: lapse.reason, worker: entry.worker_name, since: new Date(entry.seen_at ?? now).toISOString() },
    })),
  );
  for (const entry of entries) {
    changes.entries.add(entry.id);
    changes.moves.push(moveOf("silent", entry, entry.status, now, lapse.reason));
  }
}

function canceledError(entry: LockedEntry, lapse: Lapse): EntryError {
  return {
    code: "canceled",
    message: `Canceled by ${entry.cancel_by ?? "the server"}; ${lapse.reason} before it confirmed, so the work may have gone on`,
    source: "system",
  };
}

function lostError(entry: LockedEntry, lapse: Lapse): EntryError {
  const tried = entry.on_lost === "requeue" ? `after ${entry.tries} tries ` : "";
  return {
    code: "worker_lost",
    message: `Lost ${tried}on worker ${entry.worker_name}: ${lapse.reason} while it ran, and the work may have been done`,
    source: "system",
    hint: "Look at the resource, then retry the entry if it has to be done again (wilco entry retry).",
  };
}
