/**
 * Forgets what is only of interest for a time: automatic entries, samples of metrics, old changes of availability, findings
 * that are gone.
 */
import { deleteEntries } from "../../audit/delete.ts";
import type { Transaction } from "../../database/database.ts";
import type { Context } from "../context.ts";
import { settingOf } from "../settings.ts";

/** Rows a transaction: many small ones, between which others write. */
const BATCH = 200;

/**
 * Deletes automatic entries some time after their end, with their events. One that a change of availability, a retry or
 * a dependent names is kept.
 * @returns whether there may be more.
 */
export async function forgetEntries(_context: Context, tx: Transaction): Promise<boolean> {
  const rows = await tx.query<{ id: number; named: number }>(
    `SELECT e.id, CASE WHEN EXISTS (SELECT 1 FROM availability_change c WHERE c.entry = e.id)
         OR EXISTS (SELECT 1 FROM entry r WHERE r.retry_of = e.id)
         OR EXISTS (SELECT 1 FROM entry_dependency d WHERE d.needs = e.id) THEN 1 ELSE 0 END AS named
     FROM entry e WHERE e.automatic = 1 AND e.kept = 0 AND e.finished_at IS NOT NULL AND e.finished_at <= $1
     ORDER BY e.finished_at LIMIT ${BATCH}`,
    [tx.now() - (await settingOf(tx, "keep-automatic"))],
  );
  if (rows.length === 0) return false;
  const idsOf = (named: number) => rows.filter((row) => row.named === named).map(({ id }) => id);
  await tx.query(`UPDATE entry SET kept = 1 WHERE ${tx.dialect.inIds("id", "$1")}`, [JSON.stringify(idsOf(1))]);
  await deleteEntries(tx, idsOf(0));
  return rows.length === BATCH;
}

/** @returns whether there may be more. */
export async function forgetSamples(_context: Context, tx: Transaction): Promise<boolean> {
  const gone = await tx.query(
    `DELETE FROM metric_sample WHERE (resource, at) IN
       (SELECT resource, at FROM metric_sample WHERE at < $1 ORDER BY at LIMIT ${BATCH}) RETURNING at`,
    [tx.now() - (await settingOf(tx, "keep-metrics"))],
  );
  return gone.length === BATCH;
}

/** What discoveries have long not found any more; found again, it is new. @returns whether there may be more. */
export async function forgetFindings(_context: Context, tx: Transaction): Promise<boolean> {
  const gone = await tx.query(
    `DELETE FROM finding WHERE id IN
       (SELECT id FROM finding WHERE status = 'gone' AND seen_at < $1 ORDER BY id LIMIT ${BATCH}) RETURNING id`,
    [tx.now() - (await settingOf(tx, "keep-availability"))],
  );
  return gone.length === BATCH;
}

/** The newest change of each resource stays: it says since when it is as it is. @returns whether there may be more. */
export async function forgetChanges(_context: Context, tx: Transaction): Promise<boolean> {
  const gone = await tx.query<{ entry: number | null }>(
    `DELETE FROM availability_change WHERE id IN
       (SELECT c.id FROM availability_change c WHERE c.at < $1
          AND EXISTS (SELECT 1 FROM availability_change n WHERE n.resource = c.resource AND n.id > c.id)
        ORDER BY c.at LIMIT ${BATCH}) RETURNING entry`,
    [tx.now() - (await settingOf(tx, "keep-availability"))],
  );
  const freed = gone.flatMap(({ entry }) => entry ?? []);
  // Their entries are kept for nothing now.
  await tx.query(`UPDATE entry SET kept = 0 WHERE ${tx.dialect.inIds("id", "$1")} AND kept = 1`, [
    JSON.stringify(freed),
  ]);
  return gone.length === BATCH;
}
