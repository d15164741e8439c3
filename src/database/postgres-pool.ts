/** Connections of a `pg` pool: prepared statements, and none that hangs for ever. */
import type { Socket } from "node:net";
import type pg from "pg";
import type { Session } from "./sql.ts";
import { createStatementNames } from "./statement-names.ts";

/** Statements that a connection keeps prepared: more than there are fixed texts. */
const PREPARED = 400;

/**
 * Connections that send statements with parameters as named prepared ones, so that PostgreSQL parses and plans each text
 * once a connection, and which give the last result of a text with several statements. The pool's clients pipeline.
 */
export function preparingPool(pool: pg.Pool, makeClient: () => pg.Client, silence: number): () => Promise<Session> {
  const names = createStatementNames(PREPARED);

  async function run(client: pg.PoolClient, text: string): Promise<unknown[]> {
    const answers = [await client.query(text)].flat();
    const last = answers.at(-1)!;
    // PostgreSQL answers COMMIT of a failed transaction with a roll-back, not with an error.
    if (text === "COMMIT" && last.command === "ROLLBACK") throw new Error("the transaction was rolled back");
    return last.rows;
  }

  async function runPrepared(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<unknown[]> {
    return (await client.query({ name: names.nameOf(text), text, values: [...values] })).rows;
  }

  return async () => {
    const client = await pool.connect();
    const unwatch = watch(client, makeClient, silence);
    names.tidy(client);
    return {
      query<R>(text: string, values: readonly unknown[] = []) {
        sendTogether(client);
        return (values.length === 0 ? run(client, text) : runPrepared(client, text, values)) as Promise<R[]>;
      },
      release() {
        unwatch();
        client.release();
      },
    };
  };
}

/**
 * Statements that are sent in one go of the event loop leave in one piece: each by itself would cost a system call, and
 * wake PostgreSQL for it.
 */
function sendTogether(client: pg.ClientBase): void {
  const stream = streamOf(client);
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/**
 * A connection may be dead without either end being told (a cut cable, a firewall that forgot it): TCP alone gives up
 * after a quarter of an hour. One that is in use for long is asked after on another connection, and broken off unless
 * PostgreSQL works on it: a long migration, or the wait for a lock, may go on.
 */
function watch(client: pg.PoolClient, makeClient: () => pg.Client, silence: number): () => void {
  let timer = setTimeout(look, silence).unref();
  let released = false;

  async function look(): Promise<void> {
    const busy = await isBusy(client, makeClient(), silence);
    if (released) return;
    if (busy) timer = setTimeout(look, silence).unref();
    else
      streamOf(client).destroy(Object.assign(new Error("Connection terminated: it is silent"), { code: "ETIMEDOUT" }));
  }

  return () => {
    released = true;
    clearTimeout(timer);
  };
}

async function isBusy(client: pg.PoolClient, asking: pg.Client, patience: number): Promise<boolean> {
  asking.on("error", () => {}); // the answer is then "no"
  const late = setTimeout(() => streamOf(asking).destroy(), patience).unref();
  try {
    await asking.connect();
    const { rowCount } = await asking.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", [
      (client as unknown as { processID: number }).processID,
    ]);
    return rowCount === 1;
  } catch {
    // PostgreSQL can't be reached at all: nothing will come on the other connection either.
    return false;
  } finally {
    clearTimeout(late);
    asking.end().catch(() => {}); // it was only to ask
  }
}

function streamOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
