/** Rows of `entry` and `entry_event` as the API shows them. */
import type { JsonObject } from "../core/json.ts";
import type { Entry, EntryError, EntryEvent, Dependency, OutputData, Progress } from "../domain/entry.ts";
import type { EntryEventTable, EntryRow } from "../database/tables.ts";
import type { Selectable } from "kysely";

export type EventRow = Selectable<EntryEventTable>;

export function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export function parseJson<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

/** What an entry shows of those that it is the parent of. */
export interface TasksOfEntry {
  targets: string | null;
  counts: NonNullable<Entry["tasks"]>;
}

/** What of a row an entry shows. */
export const SHOWN = [
  "id",
  "kind",
  "status",
  "resource",
  "resource_name",
  "resource_type",
  "operation",
  "parameters",
  "result",
  "error",
  "requested_by",
  "automatic",
  "note",
  "route",
  "priority",
  "exclusive",
  "parent",
  "retry_of",
  "worker_name",
  "attempt",
  "progress",
  "timeout",
  "warning",
  "created_at",
  "deliver_at",
  "queued_at",
  "started_at",
  "finished_at",
  "seen_at",
  "last_event",
] as const;

export type ShownRow = Pick<EntryRow, (typeof SHOWN)[number]>;

export const SHOWN_COLUMNS = SHOWN.join(", ");

export function entryOf(row: ShownRow, after: Dependency[], tasks?: TasksOfEntry): Entry {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    resource:
      row.resource_name === null
        ? null
        : { id: row.resource ?? 0, name: row.resource_name, type: row.resource_type ?? "" },
    operation: row.operation,
    parameters: JSON.parse(row.parameters) as JsonObject,
    result: parseJson(row.result),
    error: parseJson<EntryError>(row.error),
    requestedBy: row.requested_by,
    automatic: row.automatic === 1,
    note: row.note,
    route: row.route,
    priority: row.priority,
    exclusive: row.exclusive === 1,
    parent: row.parent,
    retryOf: row.retry_of,
    after,
    worker: row.worker_name,
    attempt: row.attempt,
    progress: parseJson<Progress>(row.progress),
    timeout: row.timeout,
    warning: row.warning,
    createdAt: new Date(row.created_at).toISOString(),
    deliverAt: iso(row.deliver_at),
    queuedAt: iso(row.queued_at),
    startedAt: iso(row.started_at),
    finishedAt: iso(row.finished_at),
    workerSeenAt: iso(row.seen_at),
    lastEvent: row.last_event,
    targets: tasks?.targets ?? null,
    tasks: tasks?.counts ?? null,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function eventOf(row: EventRow): EntryEvent {
  const data = JSON.parse(row.data) as JsonObject;
  if (row.output !== null) Object.assign(data, outputData(row.output));
  return { seq: row.seq, at: new Date(row.at).toISOString(), type: row.type, attempt: row.attempt, data };
}

/** Output is kept as bytes: text where it is UTF-8, base64 where it is not, so that nothing is altered. */
function outputData(bytes: Uint8Array): Omit<OutputData, "stream"> {
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}
