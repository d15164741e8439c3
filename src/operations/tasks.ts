/**
 * The tasks of requests, in the transaction in which one ends: the request's counters, its next tasks, its halt, its
 * end. The request is locked before its tasks (`lockEntries`), so two tasks that end at once do this one after the other.
 */
import { appendEvents } from "../audit/append.ts";
import type { Transaction } from "../database/database.ts";
import { isTerminal, type Status, type TerminalStatus } from "../domain/status.ts";
import type { RequestTable } from "../database/tables.ts";
import { announceQueued, type Changes, type QueuedRow } from "./changes.ts";
import type { endEntries } from "./end.ts";
import type { End } from "./ends.ts";
import { lockEntries, type Locked, type LockedEntry } from "./locked.ts";
import { warnOfGoneWorker } from "./serial.ts";
import { endOfRequest, resultOfRequest } from "./request-result.ts";

/** Passed in, because the end of a task may end its request, and the end of a request its tasks. */
type EndEntries = typeof endEntries;

/** What was counted of a request. */
export type RequestRow = Omit<RequestTable, "targets" | "asked">;

const REQUEST_COLUMNS = `entry tasks concurrency min_success halt_on_failure serial worker held open succeeded failed
  timed_out canceled lost`
  .split(/\s+/)
  .map((name) => `request.${name}`)
  .join(", ");

interface TaskEnd {
  id: number;
  status: TerminalStatus;
  entry: LockedEntry;
}

/** Counts ended tasks, says so in their requests' logs, and goes on with those requests. */
export async function settleTasks(
  tx: Transaction,
  locked: Locked,
  ends: readonly End[],
  changes: Changes,
  ending: ReadonlySet<number>,
  end: EndEntries,
): Promise<void> {
  const tasks = ends.flatMap(({ id, status }): TaskEnd[] => {
    const entry = locked.get(id)!;
    return entry.parent === null ? [] : [{ id, status, entry }];
  });
  if (tasks.length === 0) return;
  const byRequest = Map.groupBy(tasks, (task) => task.entry.parent!);
  const counted = await count(tx, byRequest);
  const going = counted.filter((request) => !ending.has(request.entry));
  const statuses = await logTasks(tx, going, byRequest, changes);
  for (const request of going) {
    const status = statuses.get(request.entry)!;
    const failed = byRequest.get(request.entry)!.find((task) => isFailure(task.status));
    // What a halt cancels may be the last of the request, which then has ended in there.
    const halted =
      status === "running" && request.halt_on_failure === 1 && failed !== undefined
        ? await halt(tx, request, failed, changes, end)
        : false;
    if (!halted) await advance(tx, request, status, changes, end);
  }
}

/** By a worker. */
function isHeld(status: Status): boolean {
  return status === "running" || status === "canceling";
}

/** A cancel of one task is somebody's wish, no sign that the others would fail. */
function isFailure(status: TerminalStatus): boolean {
  return status === "failed" || status === "timed_out" || status === "lost";
}

const COUNT_COLUMNS = {
  entry: "int",
  held: "int",
  open: "int",
  succeeded: "int",
  failed: "int",
  timed_out: "int",
  canceled: "int",
  lost: "int",
  worker: "text",
} as const;

async function count(tx: Transaction, byRequest: ReadonlyMap<number, TaskEnd[]>): Promise<RequestRow[]> {
  const rows = [...byRequest].map(([entry, tasks]) => {
    const of = (status: TerminalStatus) => tasks.filter((task) => task.status === status).length;
    const held = tasks.filter((task) => task.entry.held === 1).length;
    return {
      entry,
      held,
      open: tasks.length - held,
      succeeded: of("succeeded"),
      failed: of("failed"),
      timed_out: of("timed_out"),
      canceled: of("canceled"),
      lost: of("lost"),
      // The first task binds when it ends: one that its worker lost and that is repeated elsewhere takes the others along,
      // and one that ended in the queue, after it was lost or handed back, leaves nothing on the worker it names.
      worker: tasks.find(({ entry }) => isHeld(entry.status))?.entry.worker_name ?? null,
    };
  });
  // A parent without a row here is a script: its calls end by themselves.
  return tx.query<RequestRow>(
    `UPDATE request SET held = request.held - v.held, open = request.open - v.open,
       succeeded = request.succeeded + v.succeeded, failed = request.failed + v.failed,
       timed_out = request.timed_out + v.timed_out, canceled = request.canceled + v.canceled,
       lost = request.lost + v.lost,
       worker = CASE WHEN request.serial = 1 THEN coalesce(request.worker, v.worker) END
     FROM ${tx.dialect.rows("v", COUNT_COLUMNS, "$1")} WHERE request.entry = v.entry
     RETURNING ${REQUEST_COLUMNS}`,
    [JSON.stringify(rows)],
  );
}

/** One `task_finished` a task in the request's log. Answers the statuses of the requests. */
async function logTasks(
  tx: Transaction,
  requests: readonly RequestRow[],
  byRequest: ReadonlyMap<number, TaskEnd[]>,
  changes: Changes,
): Promise<Map<number, Status>> {
  if (requests.length === 0) return new Map();
  const now = tx.now();
  const steps = requests.map((request) => {
    const ended = request.tasks - request.held - request.open;
    const progress = JSON.stringify({ done: ended, total: request.tasks, text: null });
    return { id: request.entry, tasks: byRequest.get(request.entry)!.length, progress };
  });
  const rows = await tx.query<{ id: number; status: Status; last_event: number }>(
    `UPDATE entry SET last_event = entry.last_event + v.tasks, progress = v.progress, warning = NULL
     FROM ${tx.dialect.rows("v", { id: "int", tasks: "int", progress: "text" }, "$1")}
     WHERE ${tx.dialect.matches("entry.id", "v", "id", "$1")}
     RETURNING entry.id, entry.status, entry.last_event`,
    [JSON.stringify(steps)],
  );
  appendEvents(
    tx,
    rows.flatMap((row) => {
      const tasks = byRequest.get(row.id)!;
      return tasks.map((task, at) => ({
        entry: row.id,
        seq: row.last_event - tasks.length + at + 1,
        at: now,
        type: "task_finished" as const,
        attempt: 0,
        data: { task: task.id, resource: task.entry.resource_name, status: task.status },
      }));
    }),
  );
  for (const row of rows) changes.entries.add(row.id);
  return new Map(rows.map((row) => [row.id, row.status]));
}

/** Lets the next tasks in, or ends the request when none is left. */
export async function advance(
  tx: Transaction,
  request: RequestRow,
  status: Status,
  changes: Changes,
  end: EndEntries,
): Promise<void> {
  if (isTerminal(status)) return;
  if (request.held + request.open === 0) {
    const locked = await lockEntries(tx, [request.entry]);
    const last = await endOfRequest(tx, locked.get(request.entry)!, request);
    await end(tx, locked, [last], changes);
  } else if (status === "running") await release(tx, request, changes);
}

/** Cancels what has not started. False when there was nothing to cancel, so that the request has to be gone on with. */
async function halt(
  tx: Transaction,
  request: RequestRow,
  failed: TaskEnd,
  changes: Changes,
  end: EndEntries,
): Promise<boolean> {
  const error = {
    code: "halted",
    message: `Not started: ${failed.entry.resource_name ?? `entry ${failed.id}`} ${failed.status.replace("_", " ")} (entry ${failed.id}), and its request halts on a failure`,
    source: "system" as const,
    details: { entry: failed.id, status: failed.status },
  };
  const ids = await tasksIn(tx, request.entry, "status IN ('blocked', 'queued')");
  if (ids.length === 0) return false;
  // Locked and read again: a claim that was faster runs, and goes on.
  const locked = await lockEntries(tx, ids);
  const waiting = [...locked.values()].filter((entry) => entry.status === "blocked" || entry.status === "queued");
  if (waiting.length === 0) return false;
  await end(
    tx,
    locked,
    waiting.map((entry) => ({ id: entry.id, status: "canceled" as const, error })),
    changes,
  );
  return true;
}

/** A request that ends before it has started: its tasks end with it. */
export async function endUnstartedTasks(
  tx: Transaction,
  locked: Locked,
  ends: readonly End[],
  changes: Changes,
  end: EndEntries,
): Promise<void> {
  for (const one of ends) {
    const request = locked.get(one.id);
    if (request?.kind !== "request" || (request.status !== "blocked" && request.status !== "scheduled")) continue;
    const tasks = await lockEntries(tx, await tasksIn(tx, one.id, "finished_at IS NULL"));
    const why = one.error?.message ?? `its request ended as ${one.status}`;
    const error = {
      code: one.error?.code ?? "canceled",
      message: `Not started, because its request (entry ${one.id}) was not: ${why}`,
      source: "system" as const,
    };
    const canceled = [...tasks.keys()].map((id) => ({ id, status: "canceled" as const, error }));
    await end(tx, tasks, canceled, changes, new Set([one.id]));
    one.result ??= await resultOfRequest(tx, one.id);
  }
}

async function tasksIn(tx: Transaction, request: number, condition: string): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(`SELECT id FROM entry WHERE parent = $1 AND ${condition} ORDER BY id`, [
    request,
  ]);
  return rows.map((row) => row.id);
}

/** Requests that just became `running`: their first tasks are queued, or they end when they have none. */
export async function startRequests(
  tx: Transaction,
  ids: readonly number[],
  changes: Changes,
  end: EndEntries,
): Promise<void> {
  if (ids.length === 0) return;
  for (const request of await readRequests(tx, ids)) await advance(tx, request, "running", changes, end);
}

export function readRequests(tx: Transaction, ids: readonly number[]): Promise<RequestRow[]> {
  return tx.query<RequestRow>(
    `SELECT ${REQUEST_COLUMNS} FROM request WHERE ${tx.dialect.inIds("entry", "$1")} ORDER BY entry`,
    [JSON.stringify(ids)],
  );
}

async function release(tx: Transaction, request: RequestRow, changes: Changes): Promise<void> {
  const free = Math.min(request.concurrency - request.open, request.held);
  if (free <= 0) return;
  const now = tx.now();
  // The rest of a serial request goes where its first task went, and nowhere else.
  const rows = await tx.query<QueuedRow>(
    `UPDATE entry SET held = 0, waits = 0, status = 'queued', queued_at = $3, expires_at = $3 + expires_in,
       bound_worker = coalesce($4, bound_worker), route = CASE WHEN $4 IS NULL THEN route ELSE 'worker/' || $4 END,
       last_event = last_event + 1
     WHERE id IN (SELECT id FROM entry WHERE parent = $1 AND held = 1 ORDER BY id LIMIT $2)
     RETURNING id, status, route, exclusive, resource, last_event`,
    [request.entry, free, now, request.worker],
  );
  rows.sort((a, b) => a.id - b.id);
  tx.send("UPDATE request SET held = held - $2, open = open + $2 WHERE entry = $1", [request.entry, rows.length]);
  appendEvents(
    tx,
    rows.map((row) => ({
      entry: row.id,
      seq: row.last_event,
      at: now,
      type: "queued" as const,
      attempt: 0,
      data: request.worker === null ? {} : { worker: request.worker },
    })),
  );
  announceQueued(tx, rows, changes);
  if (request.worker !== null) await warnOfGoneWorker(tx, request.worker);
}
