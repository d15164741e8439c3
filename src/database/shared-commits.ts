/**
 * Transactions of the embedded engine, which has one connection: whatever waits for it runs under savepoints of one
 * transaction and shares its commit, because a commit is a fsync (0.2 ms on a fast disk, 5 to 10 ms on a slow one) and
 * all the rest is microseconds. Answers go out after the commit. A work that throws is undone by itself.
 */
import type { Database, Engine, Session, Transaction } from "./sql.ts";

interface Waiting {
  work: (tx: Transaction) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** Bounds on what shares a commit, so that nobody waits long for the others: works, and ms. */
const MAX_WORKS = 64;
const MAX_TIME = 20;

export function createSharedCommits(engine: Engine): Database["transaction"] {
  const queue: Waiting[] = [];
  let running = false;

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const done: Array<() => void> = [];
      const works: Waiting[] = [];
      try {
        const session = await engine.connect();
        await share(session, works, done).finally(() => session.release());
        for (const answer of done) answer();
      } catch (error) {
        // The commit itself failed (a full disk): nothing of it is there. Or there was not even a beginning (the database
        // is closed): then the first in line hears of it, or this would go round for ever.
        const failed = works.length > 0 ? works : queue.splice(0, 1);
        for (const { reject } of failed) reject(engine.explain(error));
      }
    }
    running = false;
  }

  async function share(session: Session, works: Waiting[], done: Array<() => void>): Promise<void> {
    await session.query(engine.begin);
    const started = performance.now();
    try {
      do {
        const next = queue.shift()!;
        works.push(next);
        let actions: ReadonlyArray<() => void> = [];
        await session.query("SAVEPOINT work");
        try {
          const performed = await perform(engine, session, next);
          await session.query("RELEASE work");
          ({ actions } = performed);
          done.push(() => next.resolve(performed.value));
        } catch (error) {
          // On a full disk SQLite has undone the whole transaction by itself: then this error is everybody's.
          await session.query("ROLLBACK TO work").catch(() => {
            throw error;
          });
          await session.query("RELEASE work");
          done.push(() => next.reject(engine.explain(error)));
        }
        // Before the commit on purpose: readers wait for this connection anyway, and whoever is woken, above all a held
        // claim, can join this commit. Should it fail, they looked for nothing.
        for (const action of actions) action();
        if (queue.length === 0) await new Promise(setImmediate);
      } while (queue.length > 0 && works.length < MAX_WORKS && performance.now() - started < MAX_TIME);
      await session.query("COMMIT");
    } catch (error) {
      await session.query("ROLLBACK").catch(() => {}); // SQLite rolls back by itself when the disk is full
      throw error;
    }
  }

  return <T>(work: (tx: Transaction) => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
      if (running) return;
      running = true;
      void run();
    });
}

async function perform(engine: Engine, session: Session, { work }: Waiting) {
  const actions: Array<() => void> = [];
  const clockAtBegin = engine.clock()!;
  const begin = performance.now();
  let last: Promise<unknown> = Promise.resolve();
  let failed = false;
  const run = <R>(text: string, parameters?: readonly unknown[]) => {
    if (failed) throw new Error("the work has failed");
    return session.query<R>(text, parameters);
  };
  const tx: Transaction = {
    dialect: engine.dialect,
    async query<R>(text: string, parameters?: readonly unknown[]) {
      await last;
      return run<R>(text, parameters);
    },
    send<R>(text: string, parameters?: readonly unknown[], receive?: (rows: R[]) => void) {
      last = last.then(() => run<R>(text, parameters)).then(receive);
      last.catch(() => {}); // thrown where it is awaited
    },
    now: () => Math.round(clockAtBegin + performance.now() - begin),
    afterCommit: (action) => actions.push(action),
  };
  try {
    const value = await work(tx);
    await last;
    return { value, actions };
  } catch (error) {
    // What it sent and did not wait for must not be carried out behind its roll-back, as part of somebody else's work.
    failed = true;
    await last.catch(() => {}); // its own failure says more
    throw error;
  }
}
