/** Forgets sessions of workers that ended long ago: each start of a worker is one, and lists read them all. */
import type { Transaction } from "../../database/database.ts";
import type { Context } from "../context.ts";

const DAY = 86_400_000;
/** A worker that came back since; nothing looks further back than a day, but for whose its name is. */
const REPLACED = DAY;
/** One that has not. */
const GONE = 30 * DAY;
const BATCH = 200;

/**
 * A name belongs to the token that had it last, so the last session of a name stays for as long as resources are bound to
 * it. @returns whether there may be more.
 */
export async function forgetSessions(_context: Context, tx: Transaction): Promise<boolean> {
  const rows = await tx.query(
    `DELETE FROM worker WHERE session IN (
       SELECT w.session FROM worker w WHERE w.state IN ('stopped', 'lost') AND w.seen_at <= $1
         AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.worker_session = w.session AND e.forced = 1 AND e.head = 1)
         AND (EXISTS (SELECT 1 FROM worker n WHERE n.name = w.name AND n.started_at > w.started_at)
           OR (w.seen_at <= $2 AND NOT EXISTS (SELECT 1 FROM resource r WHERE r.worker = w.name)))
       ORDER BY w.seen_at LIMIT ${BATCH}) RETURNING session`,
    [tx.now() - REPLACED, tx.now() - GONE],
  );
  return rows.length === BATCH;
}
