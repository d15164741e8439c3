/**
 * Transactions where each has a connection of its own (PostgreSQL): statements travel without waiting for the answers of
 * those before, COMMIT included; serialization failures and deadlocks are retried.
 */
import { CompiledQuery } from "kysely";
import { backoffDelay } from "../core/backoff.ts";
import { sqlOn, type Database, type Engine, type Transaction } from "./sql.ts";

const MAX_TRIES = 6;

export function createPipelinedTransactions(engine: Engine): Database["transaction"] {
  return async (work) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptTransaction(engine, work);
      } catch (error) {
        if (attempt >= MAX_TRIES || !engine.isRetryable(error)) throw engine.explain(error);
        await new Promise((resolve) => setTimeout(resolve, backoffDelay(attempt, { first: 2, max: 100, jitter: 1 })));
      }
    }
  };
}

async function attemptTransaction<T>(engine: Engine, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const actions: Array<() => void> = [];
  const result = await engine.kysely.connection().execute(async (connection) => {
    const sent: Array<Promise<unknown>> = [];
    const keep = (answer: Promise<unknown>) => {
      // Its failure is thrown at the end; until then it must not count as unhandled.
      answer.catch(() => {});
      sent.push(answer);
    };
    const raw = async (text: string) => connection.executeQuery(CompiledQuery.raw(text));
    const begun = raw(engine.begin).then((answer) => engine.learnClock(answer.rows));
    keep(begun);
    // Only a process's first transaction waits for the clock; the others have it from those before.
    if (engine.clock() === undefined) await begun;
    const clockAtBegin = engine.clock()!;
    const begin = performance.now();
    const sql = sqlOn(engine, connection);
    const tx: Transaction = {
      ...sql,
      send<R>(text: string, parameters?: readonly unknown[], receive?: (rows: R[]) => void) {
        keep(sql.query<R>(text, parameters).then(receive));
      },
      now: () => Math.round(clockAtBegin + performance.now() - begin),
      afterCommit: (action) => actions.push(action),
    };
    try {
      const value = await work(tx);
      keep(raw("COMMIT"));
      await Promise.all(sent);
      return value;
    } catch (error) {
      await raw("ROLLBACK").catch(() => {}); // a connection that is gone can't roll back either
      throw await firstFailure(sent, error);
    }
  });
  for (const action of actions) action();
  return result;
}

/** Statements behind a failed one fail only because of it: the first says what happened. */
async function firstFailure(sent: ReadonlyArray<Promise<unknown>>, thrown: unknown): Promise<unknown> {
  for (const outcome of await Promise.allSettled(sent)) if (outcome.status === "rejected") return outcome.reason;
  return thrown;
}
