/**
 * Transactions where each has a connection of its own (PostgreSQL): statements travel without waiting for the answers of
 * those before, COMMIT included; serialization failures and deadlocks are retried, and what a lost connection broke off
 * before its COMMIT was sent.
 */
import { backoffDelay } from "../core/backoff.ts";
import { outlast } from "./outlast.ts";
import type { Database, Engine, Session, Transaction } from "./sql.ts";

const MAX_TRIES = 6;
/** A clock that is this far from what was learned before, ms, was set, or this machine slept. */
const CLOCK_MOVED = 1_000;

export function createPipelinedTransactions(engine: Engine): Database["transaction"] {
  return (work) => {
    const progress = { committing: false };
    const attempt = () => {
      progress.committing = false;
      return untilSerialized(engine, work, progress);
    };
    return outlast(engine, attempt, () => progress.committing);
  };
}

/** What a transaction has come to: from `committing` on, a lost connection leaves open whether it happened. */
interface Progress {
  committing: boolean;
}

class ClockMoved extends Error {}

async function untilSerialized<T>(
  engine: Engine,
  work: (tx: Transaction) => Promise<T>,
  progress: Progress,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptTransaction(engine, work, progress);
    } catch (error) {
      if (attempt >= MAX_TRIES || !(engine.isRetryable(error) || error instanceof ClockMoved)) throw error;
      // It was rolled back, also when COMMIT was sent: PostgreSQL said so.
      progress.committing = false;
      await new Promise((resolve) => setTimeout(resolve, backoffDelay(attempt, { first: 2, max: 100, jitter: 1 })));
    }
  }
}

async function attemptTransaction<T>(
  engine: Engine,
  work: (tx: Transaction) => Promise<T>,
  progress: Progress,
): Promise<T> {
  const actions: Array<() => void> = [];
  const session = await engine.connect();
  let result: T;
  try {
    result = await perform(engine, session, work, progress, actions);
  } finally {
    session.release();
  }
  for (const action of actions) action();
  return result;
}

async function perform<T>(
  engine: Engine,
  session: Session,
  work: (tx: Transaction) => Promise<T>,
  progress: Progress,
  actions: Array<() => void>,
): Promise<T> {
  const sent: Array<Promise<unknown>> = [];
  const keep = (answer: Promise<unknown>) => {
    // Its failure is thrown at the end; until then it must not count as unhandled.
    answer.catch(() => {});
    sent.push(answer);
  };
  const sentAt = performance.now();
  const begun = session.query(engine.begin).then((rows) => engine.learnClock(rows, sentAt));
  keep(begun);
  // Only a process's first transaction waits for the clock; the others have it from those before.
  if (engine.clock() === undefined) await begun;
  const clockAtBegin = engine.clock()!;
  const begin = performance.now();
  const clockMoved = begun.then(
    () => Math.abs(engine.clock()! - performance.now() - clockAtBegin + begin) > CLOCK_MOVED,
  );
  keep(clockMoved);
  // A branch of a work that failed in another goes on: what it sends now would be nobody's, or the next transaction's.
  let over = false;
  const ask = <R>(text: string, parameters?: readonly unknown[]): Promise<R[]> => {
    if (over) throw new Error("the transaction is over");
    return session.query<R>(text, parameters);
  };
  const tx: Transaction = {
    dialect: engine.dialect,
    async query<R>(text: string, parameters?: readonly unknown[]) {
      const answer = ask<R>(text, parameters);
      // Of several that fail together the first says why; which of them the work hears of first is chance.
      keep(answer);
      return answer;
    },
    send<R>(text: string, parameters?: readonly unknown[], receive?: (rows: R[]) => void) {
      keep(ask<R>(text, parameters).then(receive));
    },
    now: () => Math.round(clockAtBegin + performance.now() - begin),
    afterCommit: (action) => actions.push(action),
  };
  try {
    const value = await work(tx);
    // Leases and due times by the old clock would be wrong by as much; the next attempt has the new one.
    if (await clockMoved) throw new ClockMoved("the database's clock moved");
    progress.committing = true;
    over = true;
    const committed = session.query("COMMIT").catch((error: unknown) => {
      progress.committing = !engine.isUnsent(error);
      throw error;
    });
    keep(committed);
    await Promise.all(sent);
    return value;
  } catch (error) {
    over = true;
    await session.query("ROLLBACK").catch(() => {}); // a connection that is gone can't roll back either
    throw await firstFailure(sent, error);
  }
}

/** Statements behind a failed one fail only because of it: the first says what happened. */
async function firstFailure(sent: ReadonlyArray<Promise<unknown>>, thrown: unknown): Promise<unknown> {
  for (const outcome of await Promise.allSettled(sent)) if (outcome.status === "rejected") return outcome.reason;
  return thrown;
}
