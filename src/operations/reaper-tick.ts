/** Tells our own absence from the workers' death. */
import type { Context } from "./context.ts";

const TICK_SETTING = "reaper_tick";

/**
 * A gap in the ticks longer than half a lease means that we were away (the server or the database was down, a laptop
 * slept), not that the workers are dead: every lease starts anew before anything is reaped.
 */
export async function keepTick(context: Context): Promise<void> {
  const { lease } = context.settings;
  const [row] = await context.database.query<{ value: string }>("SELECT value FROM setting WHERE name = $1", [
    TICK_SETTING,
  ]);
  const last = row ? Number(row.value) : undefined;
  await context.database.transaction(async (tx) => {
    const now = tx.now();
    if (last !== undefined && now - last < lease / 4) return;
    if (last !== undefined && now - last > lease / 2) {
      await tx.query("UPDATE entry SET lease_expires = $1 WHERE lease_expires IS NOT NULL AND silent = 0", [
        now + lease,
      ]);
      await tx.query(
        "UPDATE worker SET seen_at = $1 WHERE state IN ('starting', 'ready', 'draining') AND seen_at > $2",
        [now, last - lease],
      );
    }
    await tx.query(
      "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [TICK_SETTING, String(now)],
    );
  });
}
