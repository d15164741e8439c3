/** What the passes of maintenance do, each in one transaction over a bounded batch: see `maintenance.ts`. */
import { appendEvents } from "../audit/append.ts";
import type { Transaction } from "../database/database.ts";
import type { Context } from "./context.ts";
import { announceQueued, type Changes, type QueuedRow } from "./changes.ts";
import { endEntries } from "./end.ts";
import type { End } from "./ends.ts";
import { lockEntries, type LockedEntry } from "./locked.ts";
import { lapseLeases } from "./lapse.ts";
import { forgetOrders } from "./orders.ts";
import { endSession } from "./sessions.ts";
import { startRequests } from "./tasks.ts";
import { unrunnableMessage, unrunnableOn } from "./unrunnable.ts";
import {
  requiringRoutes,
  servedRoutes,
  servedSince,
  unservedMessage,
  waitingBeyond,
  type Served,
  type WaitingForWorker,
} from "./unserved.ts";

const BATCH = 500;

export type Pass = (context: Context, tx: Transaction, changes: Changes) => Promise<boolean>;
export const PASSES: Readonly<Record<string, Pass>> = {
  due: promoteDue,
  expiry: expire,
  unserved: endUnserved,
  leases: reapLeases,
  silent: loseSilent,
  deadlines: endOverdue,
  workers: loseWorkers,
  orders: dropOrders,
};

async function idsOf(tx: Transaction, text: string, parameters: unknown[]): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(`${text} LIMIT ${BATCH}`, parameters);
  return rows.map((row) => row.id);
}

async function promoteDue(_context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const ids = await idsOf(
    tx,
    "SELECT id FROM entry WHERE status = 'scheduled' AND deliver_at <= $1 ORDER BY deliver_at, id",
    [tx.now()],
  );
  if (ids.length === 0) return false;
  const locked = await lockEntries(tx, ids);
  const now = tx.now();
  const rows = await tx.query<QueuedRow>(
    `UPDATE entry SET status = CASE WHEN kind = 'request' THEN 'running' ELSE 'queued' END, queued_at = $2,
       started_at = CASE WHEN kind = 'request' THEN $2 ELSE started_at END,
       expires_at = CASE WHEN kind = 'request' THEN NULL ELSE $2 + expires_in END, last_event = last_event + 1
     WHERE ${tx.dialect.inIds("id", "$1")} AND ${tx.dialect.unindexed("status")} = 'scheduled'
     RETURNING id, status, route, exclusive, resource, last_event`,
    [JSON.stringify([...locked.keys()]), now],
  );
  appendEvents(
    tx,
    rows.map((row) => ({ entry: row.id, seq: row.last_event, at: now, type: "queued" as const, attempt: 0, data: {} })),
  );
  announceQueued(tx, rows, changes);
  await startRequests(
    tx,
    rows.filter((row) => row.status === "running").map((row) => row.id),
    changes,
    endEntries,
  );
  return ids.length === BATCH;
}

async function expire(_context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const ids = await idsOf(
    tx,
    // A held task waits for its siblings, and each of those ends by itself.
    "SELECT id FROM entry WHERE status IN ('queued', 'blocked') AND held = 0 AND expires_at <= $1 ORDER BY id",
    [tx.now()],
  );
  return endAll(tx, ids, changes, (entry) =>
    entry.status === "queued" || entry.status === "blocked"
      ? failed(entry.id, "expired", `No worker took it in time: it was ${entry.status} until it expired`)
      : null,
  );
}

const START_ONE = "Start a worker for it (wilco worker) and retry the entry.";
const LOAD_TYPES =
  "Give its workers the present files of the type (--types DIR), let them load these (wilco workers reload), and retry the entry.";

async function endUnserved(context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const routes = await requiringRoutes(tx);
  if (routes.length === 0) return false;
  const now = tx.now();
  const served = await servedRoutes(tx, context.settings.lease, now);
  const waiting: WaitingForWorker[] = [];
  for (const route of routes) waiting.push(...(await waitingBeyond(tx, route, served.bandsOf(route), now, BATCH)));
  const lately = new Map<number, Served>();
  const ends = new Map<number, { why: string; hint: string }>();
  for (const entry of waiting) {
    if (served.has(entry)) continue;
    // A reload of the workers in between does no harm: the time counts from when the last one was seen.
    const window = entry.require_worker;
    if (!lately.has(window)) lately.set(window, await servedSince(tx, now - window));
    if (!lately.get(window)!.has(entry)) ends.set(entry.id, { why: unservedMessage(entry, served), hint: START_ONE });
  }
  for (const entry of await unrunnableOn(tx, routes, context.settings.lease, now)) {
    if (!ends.has(entry.id)) ends.set(entry.id, { why: unrunnableMessage(entry), hint: LOAD_TYPES });
  }
  for (const { id, ahead } of await heldBehind(tx, [...ends.keys()])) ends.set(id, ends.get(ahead)!);
  await endAll(tx, [...ends.keys()], changes, (entry) =>
    entry.status === "queued" || entry.status === "blocked"
      ? failed(entry.id, "no_worker", `Nothing ran: ${ends.get(entry.id)!.why}`, ends.get(entry.id)!.hint)
      : null,
  );
  return false;
}

/** The held tasks of the same requests and routes: let in one window after another, each would wait its time in vain. */
async function heldBehind(tx: Transaction, ids: readonly number[]): Promise<Array<{ id: number; ahead: number }>> {
  if (ids.length === 0) return [];
  return tx.query<{ id: number; ahead: number }>(
    `SELECT h.id, min(e.id) AS ahead FROM entry e JOIN entry h ON h.parent = e.parent AND h.held = 1 AND h.route = e.route
     WHERE ${tx.dialect.inIds("e.id", "$1")} GROUP BY h.id ORDER BY h.id`,
    [JSON.stringify(ids)],
  );
}

async function reapLeases(context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const ids = await idsOf(tx, "SELECT id FROM entry WHERE lease_expires <= $1 AND silent = 0 ORDER BY id", [tx.now()]);
  await lapseLeases(tx, ids, { reason: "its worker fell silent", final: false }, changes);
  return ids.length === BATCH;
}

async function loseSilent(context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const ids = await idsOf(
    tx,
    "SELECT id FROM entry WHERE lease_expires <= $1 AND silent = 1 AND seen_at <= $2 ORDER BY id",
    [tx.now(), tx.now() - context.settings.lostAfter],
  );
  await lapseLeases(tx, ids, { reason: "its worker stayed silent", final: true }, changes);
  return ids.length === BATCH;
}

/** The worker had its grace; its resource stays held until it confirms or its session ends. */
async function endOverdue(context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const ids = await idsOf(
    tx,
    "SELECT id FROM entry WHERE status IN ('running', 'canceling') AND deadline <= $1 ORDER BY id",
    [tx.now() - context.settings.grace],
  );
  return endAll(tx, ids, changes, (entry) =>
    entry.status === "running" || entry.status === "canceling"
      ? {
          id: entry.id,
          status: "timed_out",
          keepHead: true,
          error: {
            code: "timeout",
            message: `It ran past its timeout and its worker ${entry.worker_name} did not end it`,
            source: "system",
          },
        }
      : null,
  );
}

async function loseWorkers(context: Context, tx: Transaction, changes: Changes): Promise<boolean> {
  const silent = await tx.query<{ session: string; name: string }>(
    `SELECT session, name FROM worker WHERE state IN ('starting', 'ready', 'draining') AND seen_at <= $1
     ORDER BY session LIMIT ${BATCH}`,
    [tx.now() - Math.max(context.settings.lostAfter, context.settings.lease)],
  );
  for (const worker of silent) {
    await endSession(context, tx, worker.session, "lost", `its worker ${worker.name} stayed silent`, changes);
  }
  return silent.length === BATCH;
}

async function dropOrders(_context: Context, tx: Transaction): Promise<boolean> {
  await forgetOrders(tx);
  return false;
}

async function endAll(
  tx: Transaction,
  ids: readonly number[],
  changes: Changes,
  endOf: (entry: LockedEntry) => End | null,
): Promise<boolean> {
  if (ids.length === 0) return false;
  const locked = await lockEntries(tx, ids);
  const ends = [...locked.values()].flatMap((entry) => endOf(entry) ?? []);
  await endEntries(tx, locked, ends, changes);
  for (const entry of locked.values()) if (entry.worker_session) changes.sessions.add(entry.worker_session);
  return ids.length === BATCH;
}

function failed(id: number, code: string, message: string, hint?: string): End {
  return { id, status: "failed", error: { code, message, source: "system", ...(hint === undefined ? {} : { hint }) } };
}
