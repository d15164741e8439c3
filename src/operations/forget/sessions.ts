/** Forgets sessions of workers that ended long ago: each start of a worker is one, and lists read them all. */
import type { Transaction } from "../../database/database.ts";
import { workerRoute } from "../../domain/route.ts";
import type { Context } from "../context.ts";

const DAY = 86_400_000;
/** A worker that came back since; nothing looks further back than a day, but for whose its name is. */
const REPLACED = DAY;
/** One that has not. */
const GONE = 30 * DAY;
const BATCH = 200;

interface Candidate {
  session: string;
  name: string;
  /** The worker came back since. */
  replaced: number;
}

/**
 * A name belongs to the token that had it last (may-register.ts), so its last session stays for as long as something is
 * meant for that name. @returns whether there may be more.
 */
export async function forgetSessions(_context: Context, tx: Transaction): Promise<boolean> {
  const rows = await tx.query<Candidate>(
    `SELECT * FROM (SELECT w.session, w.name, w.seen_at, CASE WHEN EXISTS (
         SELECT 1 FROM worker n WHERE n.name = w.name AND n.started_at > w.started_at) THEN 1 ELSE 0 END AS replaced
       FROM worker w WHERE w.state IN ('stopped', 'lost') AND w.seen_at <= $1
         AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.worker_session = w.session AND e.forced = 1 AND e.head = 1)) AS old
     WHERE replaced = 1 OR (seen_at <= $2 AND NOT EXISTS (SELECT 1 FROM resource r WHERE r.worker = old.name))
     ORDER BY seen_at LIMIT ${BATCH}`,
    [tx.now() - REPLACED, tx.now() - GONE],
  );
  const last = rows.filter(({ replaced }) => replaced === 0).map(({ name }) => name);
  const awaited = await awaitedNames(tx, last);
  const gone = rows.filter(({ name, replaced }) => replaced === 1 || !awaited.has(name));
  if (gone.length === 0) return false;
  await tx.query(`DELETE FROM worker WHERE ${tx.dialect.inTexts("session", "$1")}`, [
    JSON.stringify(gone.map(({ session }) => session)),
  ]);
  return rows.length === BATCH;
}

/** Of these, the names that something waits for. */
async function awaitedNames(tx: Transaction, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const { inTexts, rows: table } = tx.dialect;
  const routes = names.map((name) => ({ name, route: workerRoute(name) }));
  // By route, and not by status: a backlog of others has a million rows.
  const queued = await tx.query<{ name: string }>(
    `SELECT v.name FROM ${table("v", { name: "text", route: "text" }, "$1")}
     WHERE EXISTS (SELECT 1 FROM entry WHERE entry.route = v.route AND status = 'queued' AND (exclusive = 0 OR head = 1))
       OR EXISTS (SELECT 1 FROM entry WHERE entry.route = v.route AND status = 'queued' AND exclusive = 1 AND head = 0)`,
    [JSON.stringify(routes)],
  );
  const later = await tx.query<{ name: string }>(
    `SELECT DISTINCT bound_worker AS name FROM entry
     WHERE status IN ('scheduled', 'blocked') AND ${inTexts("bound_worker", "$1")}`,
    [JSON.stringify(names)],
  );
  return new Set([...queued, ...later].map(({ name }) => name));
}
