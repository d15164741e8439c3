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
import { newChanges, toChange, type Changes } from "./changes.ts";
import { endEntries } from "./end.ts";
import { lockEntries, type LockedEntry } from "./locked.ts";
import { checkScopeOfEntry } from "./scripts/scope.ts";

/**
 * What has not started ends at once; what runs becomes `canceling` until its worker confirms. `force` ends it without
 * the worker's answer and fences it, but its resource stays held until the worker confirms or its session ends.
 * Repeating a cancel is harmless.
 * @throws WilcoError `unknown_entry`; `already_ended` unless it ended as canceled.
 */
export async function cancelEntry(
  context: Context,
  principal: Principal,
  id: number,
  request: CancelRequest,
): Promise<Entry> {
  const changes = newChanges();
  return context.database.transaction(async (tx) => {
    const locked = await lockEntries(tx, [id]);
    const entry = locked.get(id);
    if (!entry) throw unknownEntry(id);
    if (principal.script) await checkScopeOfEntry(context, tx, principal, "cancel", await readEntry(tx, id));
    if (isTerminal(entry.status)) {
      if (entry.status !== "canceled") throw alreadyEnded(entry);
      return readEntry(tx, id);
    }
    const running = entry.status === "running" || entry.status === "canceling";
    if (running && !request.force) await askWorker(tx, entry, principal, request, changes);
    else {
      await tx.query("UPDATE entry SET cancel_by = $2, cancel_reason = $3 WHERE id = $1", [
        id,
        principal.name,
        request.reason ?? null,
      ]);
      const end = {
        id,
        status: "canceled" as const,
        error: canceledError(principal, request, running),
        keepHead: running,
      };
      await endEntries(tx, locked, [end], changes);
      if (entry.worker_session !== null) changes.sessions.add(entry.worker_session);
    }
    tx.afterCommit(() => context.signals.publish(toChange(changes)));
    return readEntry(tx, id);
  });
}

async function askWorker(
  tx: Transaction,
  entry: LockedEntry,
  principal: Principal,
  request: CancelRequest,
  changes: Changes,
): Promise<void> {
  if (entry.status === "canceling") return;
  await tx.query(
    `UPDATE entry SET status = 'canceling', cancel_by = $2, cancel_reason = $3, last_event = last_event + 1 WHERE id = $1`,
    [entry.id, principal.name, request.reason ?? null],
  );
  appendEvents(tx, [
    {
      entry: entry.id,
      seq: entry.last_event + 1,
      at: tx.now(),
      type: "cancel_requested",
      attempt: entry.attempt,
      data: { by: principal.name, ...(request.reason === undefined ? {} : { reason: request.reason }) },
    },
  ]);
  changes.entries.add(entry.id);
  if (entry.worker_session !== null) changes.sessions.add(entry.worker_session);
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
