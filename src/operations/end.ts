/**
 * The one way into a terminal status. In the same transaction: the last event, the resource's next head, the entries
 * that waited for this one, the parent.
 */
import type { JsonObject } from "../core/json.ts";
import type { NewEvent } from "../audit/append.ts";
import { appendEvents } from "../audit/append.ts";
import type { Transaction } from "../database/database.ts";
import type { EntryError } from "../domain/entry.ts";
import { isTerminal, mayBecome, type Status } from "../domain/status.ts";
import { promoteHeads } from "../queue/heads.ts";
import { moveOf } from "../queue/moves.ts";
import { announceQueued, type Changes, type QueuedRow } from "./changes.ts";
import { recordEffects } from "./effects/effects.ts";
import type { End } from "./ends.ts";
import { lockEntries, type Locked, type LockedEntry } from "./locked.ts";
import { endUnstartedTasks, settleTasks, startRequests } from "./tasks.ts";

/**
 * Ends locked entries.
 * @param ending requests that are being ended by themselves: their tasks, ended here, only count.
 * @throws when the state machine has no such transition: a fault of the caller.
 */
export async function endEntries(
  tx: Transaction,
  locked: Locked,
  ends: readonly End[],
  changes: Changes,
  ending: ReadonlySet<number> = NONE,
): Promise<void> {
  if (ends.length === 0) return;
  await endUnstartedTasks(tx, locked, ends, changes, endEntries);
  await recordEffects(tx, locked, ends);
  const now = tx.now();
  const rows = ends.map((end) => {
    const entry = locked.get(end.id);
    if (!entry || !mayBecome(entry.status, end.status)) {
      throw new Error(`entry ${end.id} can't go from ${entry?.status ?? "unlocked"} to ${end.status}`);
    }
    return {
      id: end.id,
      status: end.status,
      result: end.result === undefined || end.result === null ? null : JSON.stringify(end.result),
      error: end.error ? JSON.stringify(end.error) : null,
      finish_id: end.finishId ?? null,
      head: end.keepHead === true && entry.head === 1 ? 1 : 0,
    };
  });
  tx.send(
    `UPDATE entry SET status = v.status, result = v.result, error = v.error, finish_id = v.finish_id,
       head = v.head, forced = CASE WHEN v.head = 1 THEN 1 ELSE 0 END, lease_expires = NULL, expires_at = NULL,
       waits = 0, held = 0, silent = 0, finished_at = $2, last_event = last_event + 1
     FROM ${tx.dialect.rows("v", END_COLUMNS, "$1")} WHERE ${tx.dialect.matches("entry.id", "v", "id", "$1")}`,
    [JSON.stringify(rows), now],
  );
  appendEvents(
    tx,
    ends.map((end) => finishedEvent(end, locked.get(end.id)!, now)),
  );
  for (const end of ends) {
    changes.entries.add(end.id);
    changes.moves.push(moveOf("ended", locked.get(end.id)!, end.status, now));
  }

  const resources = ends.flatMap((end) => {
    const entry = locked.get(end.id)!;
    return entry.exclusive === 1 && entry.resource !== null && !end.keepHead ? [entry.resource] : [];
  });
  promoteHeads(tx, resources, changes.routes);
  await releaseDependents(tx, locked, ends, changes);
  await settleTasks(tx, locked, ends, changes, ending, endEntries);
}

const NONE: ReadonlySet<number> = new Set();

const END_COLUMNS = {
  id: "int",
  status: "text",
  result: "text",
  error: "text",
  finish_id: "text",
  head: "int",
} as const;

function finishedEvent(end: End, entry: LockedEntry, now: number): NewEvent {
  const data: JsonObject = { status: end.status };
  if (end.error) data["error"] = end.error as unknown as JsonObject;
  if (entry.worker_name !== null) data["worker"] = entry.worker_name;
  return { entry: end.id, seq: entry.last_event + 1, at: now, type: "finished", attempt: entry.attempt, data };
}

/** Releases what waited for ended entries; what can't run any more is canceled, and what waited for that, transitively. */
async function releaseDependents(
  tx: Transaction,
  ended: Locked,
  ends: readonly End[],
  changes: Changes,
): Promise<void> {
  const statusOf = new Map(ends.map((end) => [end.id, end.status]));
  const links = ended.dependents.filter((link) => statusOf.has(link.needs));
  if (links.length === 0) return;
  const locked = await lockEntries(tx, [...new Set(links.map((link) => link.entry))]);
  const canceled = new Map<number, End>();
  const satisfied = new Map<number, number>();
  for (const link of links) {
    if (locked.get(link.entry)?.status !== "blocked") continue;
    const status = statusOf.get(link.needs)!;
    if (meets(link.condition, status)) satisfied.set(link.entry, (satisfied.get(link.entry) ?? 0) + 1);
    else canceled.set(link.entry, { id: link.entry, status: "canceled", error: neverMet(link, status) });
  }
  for (const id of canceled.keys()) satisfied.delete(id);
  await unblock(tx, satisfied, locked, changes);
  await endEntries(tx, locked, [...canceled.values()], changes);
}

export function meets(condition: string, status: Status): boolean {
  if (!isTerminal(status)) return false;
  return condition === "any" || (condition === "success") === (status === "succeeded");
}

export function neverMet(link: { needs: number; condition: string }, status: Status): EntryError {
  return {
    code: "dependency",
    message: `It was to run after the ${link.condition} of entry ${link.needs}, which ended as ${status}`,
    source: "system",
    details: { entry: link.needs, status },
  };
}

async function unblock(
  tx: Transaction,
  satisfied: ReadonlyMap<number, number>,
  locked: ReadonlyMap<number, LockedEntry>,
  changes: Changes,
): Promise<void> {
  if (satisfied.size === 0) return;
  const now = tx.now();
  const rows = [...satisfied].map(([id, met]) => ({ id, met }));
  const moved = await tx.query<QueuedRow>(
    `UPDATE entry SET waits = waits - v.met,
       status = CASE WHEN waits > v.met THEN 'blocked' WHEN deliver_at > $2 THEN 'scheduled'
         WHEN kind = 'request' THEN 'running' ELSE 'queued' END,
       queued_at = CASE WHEN waits > v.met OR deliver_at > $2 THEN queued_at ELSE $2 END,
       started_at = CASE WHEN waits > v.met OR deliver_at > $2 OR kind <> 'request' THEN started_at ELSE $2 END,
       expires_at = CASE WHEN waits > v.met THEN expires_at WHEN deliver_at > $2 OR kind = 'request' THEN NULL
         ELSE $2 + expires_in END,
       last_event = CASE WHEN waits > v.met THEN last_event ELSE last_event + 1 END
     FROM ${tx.dialect.rows("v", { id: "int", met: "int" }, "$1")} WHERE ${tx.dialect.matches("entry.id", "v", "id", "$1")}
     RETURNING entry.id, status, route, exclusive, resource, last_event`,
    [JSON.stringify(rows), now],
  );
  const released = moved.filter((row) => row.status !== "blocked");
  appendEvents(
    tx,
    released.map((row) => ({
      entry: row.id,
      seq: row.last_event,
      at: now,
      type: row.status === "scheduled" ? ("scheduled" as const) : ("queued" as const),
      attempt: locked.get(row.id)?.attempt ?? 0,
      data: {},
    })),
  );
  announceQueued(tx, released, changes);
  await startRequests(
    tx,
    released.filter((row) => row.status === "running").map((row) => row.id),
    changes,
    endEntries,
  );
}
