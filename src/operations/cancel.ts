/** Cancel and retry, as people and scripts ask for them. */
import { appendEvents } from "../audit/append.ts";
import { readEntry, unknownEntry } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { Entry, EntryError } from "../domain/entry.ts";
import { isTerminal } from "../domain/status.ts";
import type { CancelRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { transition, type Changes } from "./changes.ts";
import { endEntries } from "./end.ts";
import { lockEntries, type Locked, type LockedEntry } from "./locked.ts";
import { checkScopeOfEntry } from "./scripts/scope.ts";

/**
 * What has not started ends at once; what runs becomes `canceling` until its worker confirms. `force` ends it without
 * the worker's answer and fences it, but its resource stays held until the worker confirms or its session ends. A
 * request is canceled with all its tasks. Repeating a cancel is harmless.
 * @throws WilcoError `unknown_entry`; `already_ended` unless it ended as canceled.
 */
export async function cancelEntry(
  context: Context,
  principal: Principal,
  id: number,
  request: CancelRequest,
): Promise<Entry> {
  return transition(context, async (tx, changes) => {
    const locked = await lockEntries(tx, [id]);
    const entry = locked.get(id);
    if (!entry) throw unknownEntry(id);
    if (principal.script) await checkScopeOfEntry(context, tx, principal, "cancel", await readEntry(tx, id));
    if (isTerminal(entry.status)) {
      if (entry.status !== "canceled") throw alreadyEnded(entry);
      return readEntry(tx, id);
    }
    if (entry.kind === "request" && isStarted(entry)) {
      await askFor(tx, [entry], principal, request, changes);
      const tasks = await lockEntries(tx, await unendedTasks(tx, id));
      await cancelLocked(tx, tasks, principal, request, changes);
    } else await cancelLocked(tx, locked, principal, request, changes);
    return readEntry(tx, id);
  });
}

async function cancelLocked(
  tx: Transaction,
  locked: Locked,
  principal: Principal,
  request: CancelRequest,
  changes: Changes,
): Promise<void> {
  const entries = [...locked.values()].filter((entry) => !isTerminal(entry.status));
  const asked = entries.filter((entry) => isStarted(entry) && !request.force);
  await askFor(tx, asked, principal, request, changes);
  const ended = entries.filter((entry) => !asked.includes(entry));
  await record(tx, ended, principal, request);
  const ends = ended.map((entry) => ({
    id: entry.id,
    status: "canceled" as const,
    error: canceledError(principal, request, isStarted(entry)),
    keepHead: isStarted(entry),
  }));
  await endEntries(tx, locked, ends, changes);
  for (const entry of ended) if (entry.worker_session !== null) changes.sessions.add(entry.worker_session);
}

function isStarted(entry: LockedEntry): boolean {
  return entry.status === "running" || entry.status === "canceling";
}

async function unendedTasks(tx: Transaction, request: number): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(
    "SELECT id FROM entry WHERE parent = $1 AND finished_at IS NULL ORDER BY id",
    [request],
  );
  return rows.map((row) => row.id);
}

async function record(
  tx: Transaction,
  entries: readonly LockedEntry[],
  principal: Principal,
  request: CancelRequest,
): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(`UPDATE entry SET cancel_by = $2, cancel_reason = $3 WHERE ${tx.dialect.inIds("id", "$1")}`, [
    JSON.stringify(entries.map((entry) => entry.id)),
    principal.name,
    request.reason ?? null,
  ]);
}

/** Running ones become `canceling`; those that are so already keep who asked first. */
async function askFor(
  tx: Transaction,
  entries: readonly LockedEntry[],
  principal: Principal,
  request: CancelRequest,
  changes: Changes,
): Promise<void> {
  const running = entries.filter((entry) => entry.status === "running");
  if (running.length === 0) return;
  await record(tx, running, principal, request);
  await tx.query(
    `UPDATE entry SET status = 'canceling', last_event = last_event + 1 WHERE ${tx.dialect.inIds("id", "$1")}`,
    [JSON.stringify(running.map((entry) => entry.id))],
  );
  const now = tx.now();
  appendEvents(
    tx,
    running.map((entry) => ({
      entry: entry.id,
      seq: entry.last_event + 1,
      at: now,
      type: "cancel_requested" as const,
      attempt: entry.attempt,
      data: { by: principal.name, ...(request.reason === undefined ? {} : { reason: request.reason }) },
    })),
  );
  for (const entry of running) {
    changes.entries.add(entry.id);
    if (entry.worker_session !== null) changes.sessions.add(entry.worker_session);
  }
}

function canceledError(principal: Principal, request: CancelRequest, running: boolean): EntryError {
  const reason = request.reason ? `: ${request.reason}` : "";
  const how = running
    ? "Canceled by force without its worker's answer, so the work may go on, by"
    : "Canceled before it started, by";
  return { code: "canceled", message: `${how} ${principal.name}${reason}`, source: running ? "system" : "operation" };
}

function alreadyEnded(entry: LockedEntry): WilcoError {
  return new WilcoError({
    code: "already_ended",
    message: `Entry ${entry.id} has already ended: ${entry.status}`,
    hint: "Nothing is left to cancel.",
    details: { entry: entry.id, status: entry.status },
  });
}
