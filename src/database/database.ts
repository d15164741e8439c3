/**
 * One schema on two engines. `openDatabase` gives the same small surface for both: `query` with SQL texts that are
 * written once (numbered placeholders, prepared and cached), `kysely` for statements that vary, `transaction`.
 */
import { CompiledQuery, type Kysely } from "kysely";
import { backoffDelay } from "../core/backoff.ts";
import type { Dialect } from "./dialect.ts";
import { migrate } from "./migrate.ts";
import type { Tables } from "./tables.ts";

export interface Sql {
  readonly dialect: Dialect;
  readonly kysely: Kysely<Tables>;
  /** Runs a constant text with $1, $2 … The text is prepared once and kept, so never build values into it. */
  query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<R[]>;
}

export interface Transaction extends Sql {
  /**
   * The database's clock in ms, read at BEGIN and advanced by this process's monotonic clock, so that a lease granted
   * after a lock wait is not short by the wait (PostgreSQL's now() would be) and no statement is spent on it.
   */
  now(): number;
  /**
   * Runs a statement whose answer nobody needs. On PostgreSQL it travels with the next one instead of costing a round
   * trip of its own; if it fails, the transaction does. `receive` gets the rows before the commit's actions run.
   */
  send<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[], receive?: (rows: R[]) => void): void;
  /** Runs after the commit, never on a roll-back: signals, notifications. */
  afterCommit(action: () => void): void;
}

export interface Database extends Sql {
  /**
   * Runs `work` in one transaction; serialization failures and deadlocks are retried, so `work` must have no effects
   * outside of it except through `afterCommit`. No I/O but the database's inside: SQLite has one connection.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Publishes to every process on this database, or nothing on an engine with a single process. */
  notify(payload: string): void;
  /** Subscribes to what other processes publish; "*" means "anything may have changed". Returns an end. */
  listen(receive: (payload: string) => void): () => void;
  /** True while notifications arrive; polling alone is correct when it is false. */
  readonly listening: boolean;
  close(): Promise<void>;
}

/** What `sqlite.ts` and `postgres.ts` provide. */
export interface Engine {
  readonly dialect: Dialect;
  readonly kysely: Kysely<Tables>;
  readonly begin: string;
  /** The clock in ms now; undefined until the first answer of `begin` was given to `learnClock`. */
  clock(): number | undefined;
  learnClock(rows: unknown[]): void;
  /** True: statements go out without waiting for the answers of those before, in order, on one connection. */
  readonly pipelines: boolean;
  prepare(text: string): string;
  parameters(text: string, parameters: readonly unknown[]): readonly unknown[];
  isRetryable(error: unknown): boolean;
  explain(error: unknown): unknown;
  notify(payload: string): void;
  listen(receive: (payload: string) => void): () => void;
  listening(): boolean;
  close(): Promise<void>;
}

export type DatabaseOptions = { dataDir: string } | { url: string; poolSize?: number };

const MAX_TRIES = 6;

/**
 * Opens and migrates the database.
 * @param options `dataDir`: the embedded engine in that directory (created with mode 0700, owned by one process at a
 *   time); `url`: PostgreSQL, `postgres://…`, with `poolSize` connections (default 10).
 * @throws WilcoError `data_directory_in_use`, `data_directory_unusable`, `database_unusable`, `database_newer`.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const engine = await openEngine(options);
  const database = databaseOn(engine);
  try {
    await migrate(database);
  } catch (error) {
    await engine.close().catch(() => {});
    throw engine.explain(error);
  }
  return database;
}

async function openEngine(options: DatabaseOptions): Promise<Engine> {
  if ("dataDir" in options) {
    const { openSqlite } = await import("./sqlite.ts");
    return openSqlite(options.dataDir);
  }
  const { openPostgres } = await import("./postgres.ts");
  return openPostgres(options.url, options.poolSize ?? 10);
}

function databaseOn(engine: Engine): Database {
  const sql = sqlOn(engine, engine.kysely);
  return {
    ...sql,
    transaction: (work) => runTransaction(engine, work),
    notify: (payload) => engine.notify(payload),
    listen: (receive) => engine.listen(receive),
    get listening() {
      return engine.listening();
    },
    close: () => engine.close(),
  };
}

function sqlOn(engine: Engine, kysely: Kysely<Tables>): Sql {
  return {
    dialect: engine.dialect,
    kysely,
    async query<R>(text: string, parameters: readonly unknown[] = []) {
      const compiled = CompiledQuery.raw(engine.prepare(text), [...engine.parameters(text, parameters)]);
      const answer = await kysely.executeQuery<R>(compiled);
      return answer.rows;
    },
  };
}

async function runTransaction<T>(engine: Engine, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptTransaction(engine, work);
    } catch (error) {
      if (attempt >= MAX_TRIES || !engine.isRetryable(error)) throw engine.explain(error);
      await new Promise((resolve) => setTimeout(resolve, backoffDelay(attempt, { first: 2, max: 100, jitter: 1 })));
    }
  }
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
    if (!engine.pipelines || engine.clock() === undefined) await begun;
    const clockAtBegin = engine.clock()!;
    const begin = performance.now();
    const sql = sqlOn(engine, connection);
    const tx: Transaction = {
      ...sql,
      async query<R>(text: string, parameters?: readonly unknown[]) {
        if (!engine.pipelines) await Promise.all(sent);
        return sql.query<R>(text, parameters);
      },
      send<R>(text: string, parameters?: readonly unknown[], receive?: (rows: R[]) => void) {
        const before = engine.pipelines ? undefined : sent.at(-1);
        const run = async () => {
          const rows = await sql.query<R>(text, parameters);
          receive?.(rows);
        };
        keep(before ? before.then(run) : run());
      },
      now: () => Math.round(clockAtBegin + performance.now() - begin),
      afterCommit: (action) => actions.push(action),
    };
    try {
      const value = await work(tx);
      if (engine.pipelines) keep(raw("COMMIT"));
      await Promise.all(sent);
      if (!engine.pipelines) await raw("COMMIT");
      return value;
    } catch (error) {
      await raw("ROLLBACK").catch(() => {}); // a connection that is gone can't roll back either
      await Promise.allSettled(sent);
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
