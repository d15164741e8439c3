/** What the type `postgres` does inside the database. */
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";
import { withSession, type Session } from "./session.ts";

interface Activity {
  pid: number;
  user: string | null;
  database: string | null;
  application: string;
  client: string | null;
  state: string | null;
  /** ms in this state, and of the present query and transaction. */
  since: number | null;
  query_for: number | null;
  transaction_for: number | null;
  waits_for: string | null;
  blocked_by: number[];
  query: string;
}

export async function check(context: OperationContext): Promise<unknown> {
  const start = performance.now();
  try {
    const [row] = await withSession(context, (session) =>
      session.query<{ version: string; replica: boolean }>(
        "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS replica",
      ),
    );
    const latency = Math.round((performance.now() - start) * 10) / 10;
    return { availability: "up", version: row!.version, replica: row!.replica, latency };
  } catch (error) {
    // A wrong password is no word about the database.
    if (!(error instanceof OperationError) || !["database_unreachable", "connection_lost"].includes(error.code))
      throw error;
    return { availability: "down", reason: error.message };
  }
}

export async function activity(context: OperationContext): Promise<unknown> {
  const { state, longerThan } = context.parameters as { state?: string; longerThan: number };
  const rows = await withSession(context, (session) =>
    session.query<Activity>(
      `SELECT pid, usename AS user, datname AS database, application_name AS application, client_addr::text AS client, state,
         round(extract(epoch FROM clock_timestamp() - state_change) * 1000)::float AS since,
         round(extract(epoch FROM clock_timestamp() - query_start) * 1000)::float AS query_for,
         round(extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float AS transaction_for,
         nullif(concat_ws(': ', wait_event_type, wait_event), '') AS waits_for, pg_blocking_pids(pid) AS blocked_by,
         left(query, 2000) AS query
       FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND ($1::text IS NULL OR state = $1)
         AND coalesce(extract(epoch FROM clock_timestamp() - query_start), 0) >= $2
       ORDER BY query_start NULLS LAST`,
      [state ?? null, longerThan],
    ),
  );
  return {
    sessions: rows.map(({ query_for, transaction_for, waits_for, blocked_by, ...row }) => ({
      ...row,
      queryFor: query_for,
      transactionFor: transaction_for,
      waitsFor: waits_for,
      blockedBy: blocked_by,
    })),
  };
}

/** By pid and, where it is given, the user: a pid is soon another session's. */
export async function terminate(context: OperationContext): Promise<unknown> {
  const { pid, queryOnly, user } = context.parameters as { pid: number; queryOnly: boolean; user?: string };
  const act = queryOnly ? "pg_cancel_backend" : "pg_terminate_backend";
  return withSession(context, async (session) => {
    const [found] = await session.query<{ user: string | null; application: string; done: boolean }>(
      `SELECT usename AS user, application_name AS application, ${act}(pid) AS done
       FROM pg_stat_activity WHERE pid = $1 AND backend_type = 'client backend' AND ($2::text IS NULL OR usename = $2)`,
      [pid, user ?? null],
    );
    if (found?.done === true) return { pid, user: found.user, application: found.application, queryOnly };
    throw new OperationError({
      code: "no_such_session",
      message: found
        ? `The session ${pid} ended by itself.`
        : `There is no session ${pid}${user === undefined ? "" : ` of ${user}`}.`,
      hint: "Look at what there is with the operation activity.",
    });
  });
}

export async function vacuum(context: OperationContext): Promise<unknown> {
  const { table, analyze, full } = context.parameters as { table?: string; analyze: boolean; full: boolean };
  const start = performance.now();
  return withSession(context, async (session) => {
    const target = table === undefined ? null : await tableNamed(session, table);
    const options = [...(full ? ["FULL"] : []), ...(analyze ? ["ANALYZE"] : [])];
    const before = target === null ? null : await sizeOf(session, target);
    context.progress(0, null, `vacuum ${target ?? "of all tables"}`);
    await session.query(`VACUUM ${options.length === 0 ? "" : `(${options.join(", ")}) `}${target ?? ""}`);
    const after = target === null ? null : await sizeOf(session, target);
    return { table: target, before, after, took: Math.round(performance.now() - start) };
  });
}

export async function metrics(context: OperationContext): Promise<unknown> {
  const [row] = await withSession(context, (session) =>
    session.query<Record<string, number>>(
      `SELECT d.numbackends::float AS connections, current_setting('max_connections')::float AS "maxConnections",
         pg_database_size(d.datid)::float AS size, d.xact_commit::float AS commits, d.xact_rollback::float AS rollbacks,
         d.deadlocks::float AS deadlocks, d.temp_bytes::float AS "temporaryBytes",
         CASE WHEN d.blks_hit + d.blks_read = 0 THEN 100
              ELSE round(100.0 * d.blks_hit / (d.blks_hit + d.blks_read), 2) END::float AS "cacheHits",
         coalesce((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000 FROM pg_stat_activity
           WHERE datid = d.datid AND pid <> pg_backend_pid()), 0)::float AS "longestTransaction"
       FROM pg_stat_database d WHERE d.datname = current_database()`,
    ),
  );
  return row;
}

/** The name as PostgreSQL writes it, quoted where it has to be. */
async function tableNamed(session: Session, table: string): Promise<string> {
  const [row] = await session.query<{ name: string | null }>("SELECT to_regclass($1)::text AS name", [table]);
  if (row?.name) return row.name;
  throw new OperationError({
    code: "no_such_table",
    message: `There is no table ${JSON.stringify(table)} in this database.`,
    hint: 'Write schema.table; names with capitals in double quotes: public."Orders".',
  });
}

async function sizeOf(session: Session, table: string): Promise<number> {
  const [row] = await session.query<{ size: number }>("SELECT pg_total_relation_size($1::regclass)::float AS size", [
    table,
  ]);
  return row!.size;
}
