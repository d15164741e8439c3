/** Requests whose counters disagree with their tasks, or that neither go on nor end: counted anew, and gone on with. */
import type { Transaction } from "../database/database.ts";
import { isTerminal } from "../domain/status.ts";
import type { Changes } from "./changes.ts";
import { endEntries } from "./end.ts";
import { lockEntries } from "./locked.ts";
import { advance, readRequests } from "./tasks.ts";

const BATCH = 100;

const COUNTS = `count(*) AS tasks, sum(held) AS held,
  sum(CASE WHEN held = 0 AND finished_at IS NULL THEN 1 ELSE 0 END) AS open,
  ${["succeeded", "failed", "timed_out", "canceled", "lost"]
    .map((status) => `sum(CASE WHEN status = '${status}' THEN 1 ELSE 0 END) AS ${status}`)
    .join(", ")}`;

const NAMES = ["tasks", "held", "open", "succeeded", "failed", "timed_out", "canceled", "lost"] as const;

/** Answers how many were repaired. */
export async function repairRequests(tx: Transaction, changes: Changes): Promise<number> {
  const suspects = await tx.query<{ id: number }>(
    `SELECT p.id FROM entry p JOIN request r ON r.entry = p.id
       JOIN (SELECT parent, ${COUNTS} FROM entry WHERE parent IN (
         SELECT id FROM entry WHERE kind = 'request' AND status IN ('scheduled', 'blocked', 'running', 'canceling'))
         GROUP BY parent) c ON c.parent = p.id
     WHERE p.finished_at IS NULL AND (${NAMES.map((name) => `r.${name} <> c.${name}`).join(" OR ")}
       OR r.held + r.open = 0 OR (p.status = 'running' AND r.held > 0 AND r.open < r.concurrency))
     ORDER BY p.id LIMIT ${BATCH}`,
  );
  const ids = suspects.map((row) => row.id);
  const locked = await lockEntries(tx, ids);
  const live = [...locked.values()].filter((entry) => !isTerminal(entry.status));
  for (const { id, status } of live) {
    await recount(tx, id);
    const [request] = await readRequests(tx, [id]);
    await advance(tx, request!, status, changes, endEntries);
    changes.entries.add(id);
  }
  return live.length;
}

/** A window that is exceeded can't be taken back, for its tasks may run: then that is how wide it is. */
async function recount(tx: Transaction, id: number): Promise<void> {
  const [counts] = await tx.query<Record<(typeof NAMES)[number], number>>(
    `SELECT ${COUNTS} FROM entry WHERE parent = $1`,
    [id],
  );
  const { open } = counts!;
  const sets = NAMES.map((name, at) => `${name} = $${at + 2}`).join(", ");
  await tx.query(
    `UPDATE request SET ${sets}, concurrency = CASE WHEN concurrency < $${NAMES.length + 2} THEN $${NAMES.length + 2} ELSE concurrency END,
       serial = CASE WHEN $${NAMES.length + 2} > 1 THEN 0 ELSE serial END
     WHERE entry = $1`,
    [id, ...NAMES.map((name) => counts![name]), open],
  );
}
