/** One connection to the database for one operation; `pg` is loaded with the first. */
import { messageOf } from "../../core/errors.ts";
import type pg from "pg";
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";

export interface Connection {
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  tls: "off" | "require" | "verify";
  pgDump: string;
}

export interface Session {
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
}

const CONNECT_TIMEOUT = 10_000;

export function connectionOf({ resource }: OperationContext): Connection {
  return resource.connection as unknown as Connection;
}

/**
 * Connects, works, disconnects. An abort cancels what runs in the database, which would otherwise go on without anybody.
 * @throws OperationError `database_unreachable`, `login_refused` (source system), `sql_STATE` for what PostgreSQL
 *   refuses, with its own words; the abort's reason.
 */
export async function withSession<T>(context: OperationContext, work: (session: Session) => Promise<T>): Promise<T> {
  const { signal } = context;
  signal.throwIfAborted();
  const { default: pg } = await import("pg");
  const client = new pg.Client(optionsOf(context));
  // What breaks an idle connection is told by the query that comes next.
  client.on("error", () => {});
  let canceling: Promise<void> | undefined;
  const abort = () => {
    canceling ??= cancelQuery(new pg.Client(optionsOf(context)), client);
  };
  try {
    await client.connect().catch((error: unknown) => {
      throw connectError(error, connectionOf(context));
    });
    signal.addEventListener("abort", abort, { once: true });
    return await work({
      async query<Row>(text: string, values: unknown[] = []) {
        signal.throwIfAborted();
        return (await client.query(text, values)).rows as Row[];
      },
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof OperationError ? error : sqlError(error);
  } finally {
    signal.removeEventListener("abort", abort);
    await canceling;
    // It was read to its end, or is broken already.
    await client.end().catch(() => {});
  }
}

function optionsOf(context: OperationContext): pg.ClientConfig {
  const { host, port, database, user, password, tls } = connectionOf(context);
  return {
    host,
    port,
    database,
    user,
    ...(password === undefined ? {} : { password }),
    ssl: tls === "off" ? false : { rejectUnauthorized: tls === "verify" },
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    application_name: `wilco entry ${context.entry}`,
  };
}

/** What can't be asked to end, ends with its connection. */
async function cancelQuery(asking: pg.Client, client: pg.Client): Promise<void> {
  asking.on("error", () => {});
  const { processID } = client as unknown as { processID: number };
  try {
    await asking.connect();
    await asking.query("SELECT pg_cancel_backend($1)", [processID]);
  } catch {
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  } finally {
    await asking.end().catch(() => {});
  }
}

const UNREACHABLE: Record<string, string> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "the host name is unknown",
  EHOSTUNREACH: "the host can't be reached",
  ETIMEDOUT: "connecting took too long",
  ENOENT: "there is no such socket",
};

function connectError(error: unknown, { host, port, user, database }: Connection): OperationError {
  const { code = "" } = error as { code?: string };
  // Classes 28 (who are you), 3D (no such database), 42501: the server is there and says no.
  const refused = /^(28|3D|42501)/.test(code);
  return new OperationError({
    code: refused ? "login_refused" : "database_unreachable",
    message: refused
      ? `PostgreSQL at ${host}:${port} does not let ${user} into ${database}: ${messageOf(error)}.`
      : `PostgreSQL at ${host}:${port} can't be reached: ${UNREACHABLE[code] ?? messageOf(error)}.`,
    hint: refused ? "Correct user, password or database of the connection." : "Check host and port, and that it runs.",
    source: "system",
    cause: error,
  });
}

function sqlError(error: unknown): OperationError {
  const { code, detail, hint } = error as { code?: string; detail?: string; hint?: string };
  return new OperationError({
    code: code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? `sql_${code}` : "connection_lost",
    message: `PostgreSQL says: ${messageOf(error)}${detail === undefined ? "" : ` (${detail})`}`,
    hint,
    cause: error,
  });
}
