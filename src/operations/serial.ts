/** Serial requests stay on the worker that took their first task: what is said when it is gone. */
import { formatDuration } from "../core/durations.ts";
import type { Transaction } from "../database/database.ts";
import { lockEntries } from "./locked.ts";

/** Says so in the waiting task and in its request, unless a session of the worker lives. A claim takes it back. */
export async function warnOfGoneWorker(tx: Transaction, worker: string): Promise<void> {
  const [live] = await tx.query(
    "SELECT 1 AS live FROM worker WHERE name = $1 AND state IN ('starting', 'ready', 'draining')",
    [worker],
  );
  if (live) return;
  const waiting = await tx.query<{ id: number; parent: number; require_worker: number | null }>(
    `SELECT e.id, e.parent, e.require_worker FROM entry e JOIN request ON request.entry = e.parent
     WHERE e.route = $1 AND e.status = 'queued' AND request.serial = 1`,
    [`worker/${worker}`],
  );
  // Its request first, as everywhere: a claim or a cancel may be under way.
  const locked = await lockEntries(
    tx,
    waiting.map(({ id }) => id),
  );
  const still = waiting.filter(({ id }) => locked.get(id)?.status === "queued");
  const rows = still.flatMap(({ id, parent, require_worker: required }) => {
    const until = required === null ? "until it expires" : `for ${formatDuration(required)}, then it fails`;
    const warning = `no live worker is named ${worker}, and a serial request stays on one worker: its next task waits ${until}`;
    return [
      { id, warning },
      { id: parent, warning },
    ];
  });
  if (rows.length === 0) return;
  await tx.query(
    `UPDATE entry SET warning = v.warning FROM ${tx.dialect.rows("v", { id: "int", warning: "text" }, "$1")}
     WHERE ${tx.dialect.matches("entry.id", "v", "id", "$1")}`,
    [JSON.stringify(rows)],
  );
}
