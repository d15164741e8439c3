/** What every explanation works with, and the rows that several of them read. */
import type { JsonObject } from "../../core/json.ts";
import { formatDuration } from "../../core/durations.ts";
import { CLAIMABLE } from "../../database/dialect.ts";
import type { Sql } from "../../database/database.ts";
import type { EntryRow, WorkerRow } from "../../database/tables.ts";
import type { Why, WhyReason } from "../../domain/why.ts";
import type { QueueSettings } from "../context.ts";

export interface Look {
  sql: Sql;
  settings: QueueSettings;
  /** By the database's clock, ms. */
  now: number;
  /** Whether a claim of this session is held open by this server. */
  isAsking: (session: string) => boolean;
  /** Explains the entry that another one waits for; null where the chain is long enough. */
  explain: (id: number) => Promise<Why | null>;
}

/** An entry's row, with whether a claim may take it. */
export type LookedAt = EntryRow & { claimable: number };

export async function readLookedAt(sql: Sql, id: number): Promise<LookedAt | undefined> {
  const [row] = await sql.query<LookedAt>(
    `SELECT entry.*, CASE WHEN ${CLAIMABLE} THEN 1 ELSE 0 END AS claimable FROM entry WHERE id = $1`,
    [id],
  );
  return row;
}

export function why(
  entry: Named & Pick<EntryRow, "status">,
  reason: WhyReason,
  message: string,
  more: { hint?: string | null; commands?: string[]; details?: JsonObject; because?: Why | null } = {},
): Why {
  const { hint = null, commands = [], details = {}, because = null } = more;
  return {
    entry: entry.id,
    subject: subjectOf(entry),
    status: entry.status,
    reason,
    message,
    hint,
    commands,
    details,
    because,
  };
}

type Named = Pick<EntryRow, "id" | "resource_name" | "operation" | "kind">;

function subjectOf({ resource_name: resource, operation, kind }: Named): string {
  return [resource ?? [], operation ?? kind].flat().join(" ");
}

/** "entry 12 (web-1 restart)" */
export function nameOf(entry: Named): string {
  return `entry ${entry.id} (${subjectOf(entry)})`;
}

/** "w1 on host-3 (process 4711)" */
export function describeWorker(worker: Pick<WorkerRow, "name" | "host" | "pid">): string {
  return `${worker.name} on ${worker.host} (process ${worker.pid})`;
}

/** How long ago, whole seconds from one second on. */
export function since(look: Pick<Look, "now">, time: number | null): string {
  const passed = Math.max(0, look.now - (time ?? look.now));
  return formatDuration(passed < 1_000 ? passed : Math.floor(passed / 1_000) * 1_000);
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** "a, b and c", of which at most five are named. */
export function listing(names: readonly string[]): string {
  const shown = names.slice(0, 5);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(", ")} and ${rest} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
