/** When resources are looked at next by themselves: `check_due` and `metrics_due`, from the intervals of type and resource. */
import type { Transaction } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";

/** What is done on an interval. */
export const LOOKS = ["check", "metrics"] as const;
export type Look = (typeof LOOKS)[number];

/** ms between the first looks of resources that become due together: 200 a second. */
const SPACING = 5;

/** The operation that a look is; null when the type has none. */
export function operationOf(type: ResourceTypeDescriptor, look: Look): string | null {
  return look === "check" ? type.check : "metrics" in type.operations ? "metrics" : null;
}

/** ms; null = never. */
export function intervalOf(type: ResourceTypeDescriptor, look: Look): number | null {
  if (operationOf(type, look) === null) return null;
  return (look === "check" ? type.checkEvery : type.metricsEvery) ?? null;
}

/**
 * To be called in the transaction that changes intervals, types or whether resources are disabled. What has a time
 * already keeps it, unless its interval says sooner; what has none begins at once, one after the other.
 */
export async function scheduleLooks(tx: Transaction, by: "name" | "type", which: readonly string[]): Promise<void> {
  for (const look of LOOKS) {
    const every = `coalesce(r.${look}_every, t.${look}_every, 0)`;
    const list = JSON.stringify(which);
    const rows = await tx.query<{ id: number; every: number }>(
      `SELECT r.id, ${every} AS every FROM resource r JOIN resource_type t ON t.name = r.type
       WHERE ${tx.dialect.inTexts(`r.${by}`, "$1")} AND CASE WHEN r.availability = 'disabled' OR ${every} = 0
         THEN r.${look}_due IS NOT NULL ELSE r.${look}_due IS NULL OR r.${look}_due > $2 + ${every} END ORDER BY r.id`,
      [list, tx.now()],
    );
    if (rows.length === 0) continue;
    // Spread over one interval at most, so that all have had their first look by then.
    const due = rows.map(({ id, every: ms }, at) => ({ id, due: ms === 0 ? 0 : tx.now() + ((at * SPACING) % ms) }));
    await tx.query(
      `UPDATE resource SET ${look}_due = CASE WHEN v.due = 0 OR availability = 'disabled' THEN NULL ELSE v.due END
       FROM ${tx.dialect.rows("v", { id: "int", due: "int" }, "$1")} WHERE ${tx.dialect.matches("resource.id", "v", "id", "$1")}`,
      [JSON.stringify(due)],
    );
  }
}

/**
 * After a time in which nobody looked: what is overdue is caught up at a steady rate instead of all at once.
 */
export async function spreadOverdue(tx: Transaction): Promise<void> {
  for (const look of LOOKS) {
    const [row] = await tx.query<{ count: number }>(`SELECT count(*) AS count FROM resource WHERE ${look}_due < $1`, [
      tx.now(),
    ]);
    if (!row || row.count === 0) continue;
    await tx.query(`UPDATE resource SET ${look}_due = $1 + (id % $2) * ${SPACING} WHERE ${look}_due < $1`, [
      tx.now(),
      row.count,
    ]);
  }
}

/** Before a resource is deleted or gets another type: what waits to look at it would find something else. */
export async function dropQueuedLooks(tx: Transaction, resources: readonly number[]): Promise<void> {
  const rows = await tx.query<{ id: number }>(
    `SELECT id FROM entry WHERE ${tx.dialect.inIds("resource", "$1")} AND automatic = 1 AND finished_at IS NULL
       AND status = 'queued' AND attempt = 0 ORDER BY id ${tx.dialect.forUpdate}`,
    [JSON.stringify(resources)],
  );
  if (rows.length === 0) return;
  const ids = JSON.stringify(rows.map(({ id }) => id));
  await tx.query(`DELETE FROM entry_event WHERE ${tx.dialect.inIds("entry", "$1")}`, [ids]);
  await tx.query(`DELETE FROM entry WHERE ${tx.dialect.inIds("id", "$1")}`, [ids]);
}
