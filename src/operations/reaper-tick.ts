/** Tells our own absence from the workers' death. */
import type { Transaction } from "../database/database.ts";
import { spreadOverdue } from "../inventory/look-schedule.ts";
import type { QueueSettings } from "./context.ts";

const TICK_SETTING = "reaper_tick";

/**
 * A gap in the ticks longer than half a lease means that we were away (all servers or the database were down or frozen, a
 * laptop slept), not that the workers are dead: before anything is ended for silence, every lease starts anew, and the
 * gap counts neither as a worker's silence nor against an operation's timeout, whose end nobody was there to hear.
 *
 * In the transaction of each pass, under its lock: a server that is frozen between two passes must not go on with what
 * it knew before.
 */
export async function keepTick(settings: QueueSettings, tx: Transaction): Promise<void> {
  const { lease } = settings;
  const [row] = await tx.query<{ value: string }>("SELECT value FROM setting WHERE name = $1", [TICK_SETTING]);
  const last = row ? Number(row.value) : undefined;
  const now = tx.now();
  const gap = last === undefined ? 0 : now - last;
  // Every tick would be a write a second for nothing. A clock that was set back is followed at once.
  if (last !== undefined && gap >= 0 && gap < lease / 4) return;
  if (gap > lease / 2) {
    await tx.query("UPDATE entry SET lease_expires = $1 WHERE lease_expires IS NOT NULL AND silent = 0", [now + lease]);
    await tx.query("UPDATE entry SET seen_at = seen_at + $1 WHERE lease_expires IS NOT NULL AND silent = 1", [gap]);
    await tx.query("UPDATE entry SET deadline = $1 WHERE status IN ('running', 'canceling') AND deadline <= $2", [
      now + lease,
      now,
    ]);
    await spreadOverdue(tx);
    await tx.query("UPDATE worker SET seen_at = seen_at + $1 WHERE state IN ('starting', 'ready', 'draining')", [gap]);
  }
  await tx.query(
    "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [TICK_SETTING, String(now)],
  );
}
