/** Deletes entries with everything that is theirs alone. What else named them goes on without. */
import type { Transaction } from "../database/database.ts";

/** Tables of what belongs to an entry, by the column that names it; keys before what they refer to. */
const THEIRS = [
  ["entry_event", "entry"],
  ["entry_dependency", "entry"],
  ["entry_dependency", "needs"],
  ["entry_content", "entry"],
  ["script_token", "entry"],
  ["script", "entry"],
  ["request", "entry"],
] as const;

/**
 * The configuration versions and findings that they brought name no entry afterwards; that is their foreign keys' doing.
 * @param ids locked, ended or never claimed, without children that stay, and not of a deployed version: the database
 *   refuses the last two.
 */
export async function deleteEntries(tx: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const { inIds } = tx.dialect;
  const gone = [JSON.stringify(ids)];
  await tx.query(`UPDATE entry SET retry_of = NULL WHERE ${inIds("retry_of", "$1")} AND retry_of IS NOT NULL`, gone);
  await tx.query(
    `UPDATE availability_change SET entry = NULL WHERE ${inIds("entry", "$1")} AND entry IS NOT NULL`,
    gone,
  );
  // Automatic entries that were kept for these.
  await tx.query(
    `UPDATE entry SET kept = 0 WHERE kept = 1 AND id IN (
       SELECT retry_of FROM entry WHERE ${inIds("id", "$1")} AND retry_of IS NOT NULL
       UNION SELECT needs FROM entry_dependency WHERE ${inIds("entry", "$1")})`,
    gone,
  );
  for (const [table, column] of THEIRS) await tx.query(`DELETE FROM ${table} WHERE ${inIds(column, "$1")}`, gone);
  await tx.query(`DELETE FROM entry WHERE ${inIds("id", "$1")}`, gone);
}
