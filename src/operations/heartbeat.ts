/** Renews leases as listed, and tells the worker what to cancel, what is no longer its, and what it forgot. */
import type { Transaction } from "../database/database.ts";
import type { WorkerRow } from "../database/tables.ts";
import type { Status } from "../domain/status.ts";
import type { HeartbeatAnswer, HeartbeatRequest, LeaseRef } from "../protocol/messages.ts";
import { assignmentsOf } from "./assign.ts";
import { CLAIMED_COLUMNS, type ClaimedRow } from "../queue/take.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { openOrders, takeAnswers } from "./orders.ts";
import { requireSession, sessionEnded } from "./sessions.ts";
import type { SessionWatch } from "./session-watch.ts";

/** A lease younger than this and not listed may simply still be on its way in a claim's answer, ms. */
const CLAIM_ON_ITS_WAY = 5_000;

export async function heartbeat(
  context: Context,
  principal: Principal,
  session: string,
  request: HeartbeatRequest,
): Promise<HeartbeatAnswer> {
  return context.database.transaction(async (tx) => {
    await requireSession(tx, principal, session);
    const now = tx.now();
    const { skew, free, total, stats } = healthColumns(request, now);
    // It may have ended since it was read; a beat must not bring it back to life.
    const [worker] = await tx.query<Pick<WorkerRow, "state">>(
      `UPDATE worker SET seen_at = $2, state = CASE WHEN state = 'draining' THEN state ELSE $3 END, clock_skew = coalesce($4, clock_skew),
         disk_free = coalesce($5, disk_free), disk_total = coalesce($6, disk_total), stats = coalesce($7, stats)
       WHERE session = $1 AND state IN ('starting', 'ready', 'draining') RETURNING state`,
      [session, now, request.state, skew, free, total, stats],
    );
    if (!worker) throw sessionEnded();
    await takeAnswers(context, tx, session, request.answers ?? []);
    const renewed = await renew(context, tx, session, request.leases, now);
    const others = await tx.query<ClaimedRow & { forced: number }>(
      `SELECT ${CLAIMED_COLUMNS}, forced FROM entry WHERE worker_session = $1
         AND ((status IN ('running', 'canceling') AND (status = 'canceling' OR started_at < $2)) OR (forced = 1 AND head = 1))`,
      [session, now - CLAIM_ON_ITS_WAY],
    );
    const key = (ref: LeaseRef) => `${ref.entry}/${ref.attempt}`;
    const listed = new Set(request.leases.map(key));
    const kept = new Set(renewed.map((row) => `${row.id}/${row.attempt}`));
    // Also what a held request could not list yet, because it was claimed after the request was sent.
    const canceling = others.filter((row) => row.status === "canceling");
    // A forced entry has ended, but its worker must still stop the work and say so.
    const forced = others.filter((row) => row.forced === 1 && listed.has(`${row.id}/${row.attempt}`));
    const forcedKeys = new Set(forced.map((row) => `${row.id}/${row.attempt}`));
    const unlisted = others.filter(
      (row) => row.forced === 0 && !listed.has(`${row.id}/${row.attempt}`) && row.started_at! < now - CLAIM_ON_ITS_WAY,
    );
    return {
      cancel: [...canceling, ...forced].map((row) => ({ entry: row.id, attempt: row.attempt })),
      lost: request.leases.filter((ref) => !kept.has(key(ref)) && !forcedKeys.has(key(ref))),
      unlisted: await assignmentsOf(context, tx, unlisted, now),
      drain: worker.state === "draining" && request.state === "ready",
      orders: await openOrders(tx, session),
    };
  });
}

/** What a worker tells of itself, as its row has it; null = it does not say. */
export interface HealthColumns {
  /** Its clock minus the database's, ms. */
  skew: number | null;
  /** Bytes. */
  free: number | null;
  total: number | null;
  /** JSON. */
  stats: string | null;
}

export function healthColumns(told: Pick<HeartbeatRequest, "health" | "counts">, now: number): HealthColumns {
  const { time, disk } = told.health ?? {};
  return {
    skew: time === undefined ? null : time - now,
    free: disk?.free ?? null,
    total: disk?.total ?? null,
    stats: told.counts === undefined ? null : JSON.stringify(told.counts),
  };
}

interface Renewed {
  id: number;
  attempt: number;
  status: Status;
}

function renew(
  { settings }: Context,
  tx: Transaction,
  session: string,
  leases: readonly LeaseRef[],
  now: number,
): Promise<Renewed[]> {
  if (leases.length === 0) return Promise.resolve([]);
  return tx.query<Renewed>(
    `UPDATE entry SET lease_expires = $3, seen_at = $2, silent = 0
     FROM ${tx.dialect.rows("v", { entry: "int", attempt: "int" }, "$1")}
     WHERE ${tx.dialect.matches("entry.id", "v", "entry", "$1")} AND entry.attempt = v.attempt AND worker_session = $4
       AND ${tx.dialect.unindexed("status")} IN ('running', 'canceling')
     RETURNING entry.id, entry.attempt, status`,
    [JSON.stringify(leases), now, now + settings.lease, session],
  );
}

/** Holds the answer while there is nothing to obey, so that a cancel reaches the worker at once and not at the next beat. */
export async function holdHeartbeat(
  context: Context,
  watches: SessionWatch,
  principal: Principal,
  session: string,
  request: HeartbeatRequest,
  signal: AbortSignal,
): Promise<HeartbeatAnswer> {
  const until = performance.now() + (request.wait ?? 0);
  let woken = false;
  let wake: () => void = () => {};
  // Before the first look, so that a cancel between the look and the wait is not missed.
  const unwatch = watches.watch(session, () => {
    woken = true;
    wake();
  });
  try {
    for (;;) {
      woken = false;
      const answer = await heartbeat(context, principal, session, request);
      const left = until - performance.now();
      if (left <= 0 || hasOrders(answer) || signal.aborted) return answer;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => wake(), left);
        wake = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        signal.addEventListener("abort", wake, { once: true });
        if (woken) wake();
      });
      // What woke it may have been somebody else's, or "anything may have changed": then there is nothing to obey yet.
      if (!woken) return answer;
    }
  } finally {
    unwatch();
  }
}

export function hasOrders(answer: HeartbeatAnswer): boolean {
  const { drain, cancel, lost, unlisted, orders } = answer;
  return drain || cancel.length + lost.length + unlisted.length + orders.length > 0;
}
