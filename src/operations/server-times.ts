/**
 * How long leases live and silence is borne are flags of each server, and have to be the same on all of a database: a
 * worker beats as the server told it that it registered at, and another one would take it for silent. The last server
 * that started says what is right; one that was started before, with other times, tells so in its doctor.
 */
import { formatDuration } from "../core/durations.ts";
import type { Database, Sql } from "../database/database.ts";
import { DEFAULT_QUEUE_SETTINGS, type QueueSettings } from "./context.ts";

type Times = Pick<QueueSettings, "lease" | "lostAfter">;

const SETTING = "server.times";

/** Writes nothing where nothing changes, so that a start does not wait for the disk. */
export async function rememberTimes(database: Database, { lease, lostAfter }: Times): Promise<void> {
  if ((await differingTimes(database, { lease, lostAfter })) === null) return;
  await database.query(
    "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [SETTING, JSON.stringify({ lease, lostAfter } satisfies Times)],
  );
}

/** What the last server that started has, when it is not this; null when it is. */
export async function differingTimes(sql: Sql, own: Times): Promise<Times | null> {
  const [row] = await sql.query<{ value: string }>("SELECT value FROM setting WHERE name = $1", [SETTING]);
  const last = row === undefined ? DEFAULT_QUEUE_SETTINGS : (JSON.parse(row.value) as Times);
  return last.lease === own.lease && last.lostAfter === own.lostAfter ? null : last;
}

export function timesText({ lease, lostAfter }: Times): string {
  return `--lease ${formatDuration(lease)} --lost-after ${formatDuration(lostAfter)}`;
}
