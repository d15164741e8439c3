/**
 * Orders to workers and their answers, by way of the database: whichever server holds a worker's heartbeat hands them
 * over, whichever holds the request that asked collects the answers.
 */
import { randomId } from "../core/ids.ts";
import { WilcoError, type ErrorBody } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Sql, Transaction } from "../database/database.ts";
import type { WorkerOrderTable, WorkerRow } from "../database/tables.ts";
import type { OrderOutcome, WorkerCommand, WorkerOrder } from "../domain/worker.ts";
import type { OrderAnswer, OrderRequest, OrdersAnswer } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";

/** ms to wait for answers unless the request says otherwise. */
const DEFAULT_WAIT = 5_000;
/** An order that was not handed over by the end of the wait is void, but for what is on its way then, ms. */
const ON_ITS_WAY = 1_000;
const LIVE = "state IN ('starting', 'ready', 'draining')";

/**
 * Sends an order to the workers meant, all at once, and waits until all have answered or the time is over. `drain` and
 * `stop` besides hold whatever the worker answers: it claims nothing more, and drains with its next heartbeat.
 * @throws WilcoError `invalid_request`; `unknown_worker` when a name is unknown, or no worker is meant.
 */
export async function orderWorkers(
  context: Context,
  principal: Principal,
  request: OrderRequest,
  signal: AbortSignal,
): Promise<OrdersAnswer> {
  const { command, wait = DEFAULT_WAIT } = request;
  const id = randomId();
  let wake: () => void = () => {};
  // Before the orders are out, so that no answer is missed.
  const unsubscribe = context.signals.subscribe((change) => {
    if (change === null || change.requests?.includes(id)) wake();
  });
  try {
    const { workers, askedAt } = await file(context, principal, request, id, wait);
    const until = performance.now() + wait;
    for (;;) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const rows = await readAnswers(context.database, id);
      const left = until - performance.now();
      const open = rows.some((row) => row.answered_at === null);
      if (!open || left <= 0 || signal.aborted) {
        const byOrder = new Map(rows.map((row) => [row.session, row]));
        return { command, items: workers.map((worker) => outcomeOf(worker, byOrder.get(worker.session), askedAt)) };
      }
      await Promise.race([woken, pause(Math.min(left, context.settings.pollFloor), signal)]);
    }
  } finally {
    unsubscribe();
  }
}

async function file(
  context: Context,
  principal: Principal,
  request: OrderRequest,
  id: string,
  wait: number,
): Promise<{ workers: WorkerRow[]; askedAt: number }> {
  return context.database.transaction(async (tx) => {
    const now = tx.now();
    const workers = await findMeant(tx, request);
    const live = workers.filter((worker) => ["starting", "ready", "draining"].includes(worker.state));
    for (const { session } of live) {
      await tx.query(
        `INSERT INTO worker_order (request, session, command, asked_by, asked_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, session, request.command, principal.name, now, now + wait + ON_ITS_WAY],
      );
    }
    if (request.command === "drain" || request.command === "stop") await setDraining(tx, live);
    tx.afterCommit(() => {
      context.log.info(
        { command: request.command, by: principal.name, workers: live.map(({ name }) => name) },
        "order",
      );
      context.signals.publish({ sessions: live.map(({ session }) => session) });
    });
    return { workers, askedAt: now };
  });
}

/** In the order of their sessions, as everything that locks several workers does. */
async function setDraining(tx: Transaction, workers: readonly WorkerRow[]): Promise<void> {
  for (const session of workers.map((worker) => worker.session).toSorted()) {
    await tx.query("UPDATE worker SET state = 'draining' WHERE session = $1 AND state IN ('starting', 'ready')", [
      session,
    ]);
  }
}

async function findMeant(tx: Transaction, { workers, zone, all = false }: OrderRequest): Promise<WorkerRow[]> {
  if ([workers !== undefined, zone !== undefined, all].filter(Boolean).length !== 1) {
    throw new WilcoError({
      code: "invalid_request",
      message: "Which workers are meant is not said, or more than once",
      hint: "Give names, a zone, or all.",
    });
  }
  if (workers) return findByName(tx, [...new Set(workers)]);
  const live = await tx.query<WorkerRow>(`SELECT * FROM worker WHERE ${LIVE} ORDER BY name`);
  const meant = zone === undefined ? live : live.filter((worker) => worker.zone === zone);
  if (meant.length > 0) return meant;
  throw new WilcoError({
    code: "unknown_worker",
    message: zone === undefined ? "There is no live worker" : `No live worker is in the zone ${zone}`,
    hint:
      (zone === undefined
        ? undefined
        : suggestion(
            zone,
            live.map((worker) => worker.zone),
            "Zones with live workers",
          )) ?? "Start one with: wilco worker",
  });
}

/** The newest session of each name, live or not: one that is gone is told as such, not passed over. */
async function findByName(tx: Transaction, names: readonly string[]): Promise<WorkerRow[]> {
  const rows = await tx.query<WorkerRow>(
    `SELECT * FROM worker WHERE ${tx.dialect.inTexts("name", "$1")} ORDER BY started_at, ${LIVE}`,
    [JSON.stringify(names)],
  );
  const newest = new Map(rows.map((row) => [row.name, row]));
  const unknown = names.find((name) => !newest.has(name));
  if (unknown === undefined) return [...newest.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const known = await tx.query<{ name: string }>(`SELECT DISTINCT name FROM worker WHERE ${LIVE} ORDER BY name`);
  throw new WilcoError({
    code: "unknown_worker",
    message: `There is no worker ${unknown}`,
    hint: suggestion(
      unknown,
      known.map(({ name }) => name),
      "Live workers",
    ),
  });
}

function readAnswers(sql: Sql, request: string): Promise<WorkerOrderTable[]> {
  return sql.query<WorkerOrderTable>("SELECT * FROM worker_order WHERE request = $1", [request]);
}

function outcomeOf(worker: WorkerRow, order: WorkerOrderTable | undefined, askedAt: number): OrderOutcome {
  const told = order?.answer ? (JSON.parse(order.answer) as { answer?: object; error?: ErrorBody }) : null;
  return {
    name: worker.name,
    zone: worker.zone,
    state: worker.state,
    lastSeenAt: new Date(worker.seen_at).toISOString(),
    answered: told !== null,
    took: told === null ? null : Math.max(0, (order?.answered_at ?? askedAt) - askedAt),
    answer: (told?.answer ?? null) as OrderOutcome["answer"],
    error: told?.error ?? null,
  };
}

/** What the worker of this session is still to obey and to answer. */
export async function openOrders(tx: Transaction, session: string): Promise<WorkerOrder[]> {
  return tx.query<{ id: number; command: WorkerCommand }>(
    `SELECT id, command FROM worker_order WHERE session = $1 AND answered_at IS NULL AND expires_at > $2
     ORDER BY id LIMIT 100`,
    [session, tx.now()],
  );
}

/** Stores what a worker answered; the first answer to an order stands. */
export async function takeAnswers(
  context: Context,
  tx: Transaction,
  session: string,
  answers: readonly OrderAnswer[],
): Promise<void> {
  for (const { id, ...told } of answers) {
    const [row] = await tx.query<{ request: string }>(
      `UPDATE worker_order SET answered_at = $3, answer = $4
       WHERE id = $1 AND session = $2 AND answered_at IS NULL RETURNING request`,
      [id, session, tx.now(), JSON.stringify(told)],
    );
    if (row) tx.afterCommit(() => context.signals.publish({ requests: [row.request] }));
  }
}

/** Orders are kept for an hour after their time, for whoever looks at what was asked. */
const KEPT = 3_600_000;

export async function forgetOrders(tx: Transaction): Promise<void> {
  await tx.query("DELETE FROM worker_order WHERE expires_at < $1", [tx.now() - KEPT]);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
