/** The surface that everything above works with, and what an engine provides for it. */
import type { Dialect } from "./dialect.ts";

export interface Sql {
  readonly dialect: Dialect;
  /** Runs a text with $1, $2 … It is prepared once and kept, so never build values into it. */
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

/** A connection, for whoever asked for it alone until it is released. */
export interface Session {
  /** Statements are carried out in the order in which they were given, awaited or not. */
  query<R = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<R[]>;
  release(): void;
}

/** What `sqlite.ts` and `postgres.ts` provide. */
export interface Engine {
  readonly dialect: Dialect;
  /** Waits until one is free. */
  connect(): Promise<Session>;
  readonly begin: string;
  /** The clock in ms now; undefined until the first answer of `begin` was given to `learnClock`. */
  clock(): number | undefined;
  /** @param sent when `begin` was sent, by `performance.now`. */
  learnClock(rows: unknown[], sent: number): void;
  /** True: each transaction has a connection of its own, whose statements go out without waiting for answers. */
  readonly pipelines: boolean;
  isRetryable(error: unknown): boolean;
  /** The connection is gone, or none could be had: what was not sent before that has certainly not happened. */
  isGone(error: unknown): boolean;
  /** The connection was gone already when this was to be sent. */
  isUnsent(error: unknown): boolean;
  /** @param done false = what failed has certainly not been carried out, and the error says so. */
  explain(error: unknown, done?: false): unknown;
  notify(payload: string): void;
  listen(receive: (payload: string) => void): () => void;
  listening(): boolean;
  close(): Promise<void>;
}
