/** The entries that have not ended, by any of their fields, a page at a time and never with a scan of the backlog. */
import { iso } from "../audit/codec.ts";
import type { EntryRow } from "../database/tables.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { runBuilt, statementBuilder } from "../database/build.ts";
import type { Database } from "../database/database.ts";
import { QUEUE_FILTERS, type QueueFilter, type QueueItem } from "../domain/queue.ts";
import { isTerminal, STATUSES, type Status } from "../domain/status.ts";
import type { QueueAnswer, QueueQuery } from "../protocol/messages.ts";

const OPEN = STATUSES.filter((status) => !isTerminal(status));
/** Rows of each status that a page looks through for what a filter asks for; what is further is for the next page. */
const WINDOW = 10_000;

const COLUMN: Record<QueueFilter, keyof EntryRow> = {
  kind: "kind",
  resource: "resource_name",
  type: "resource_type",
  typeVersion: "type_version",
  operation: "operation",
  route: "route",
  zone: "zone",
  role: "role",
  boundWorker: "bound_worker",
  worker: "worker_name",
  priority: "priority",
  weight: "weight",
  exclusive: "exclusive",
  head: "head",
  silent: "silent",
  attempt: "attempt",
  tries: "tries",
  maxAttempts: "max_attempts",
  onLost: "on_lost",
  requestedBy: "requested_by",
  note: "note",
  parent: "parent",
  root: "root",
};

/** @throws WilcoError `invalid_request`: an unknown status, a cursor or a value that is none. */
export async function listQueue(database: Database, query: QueueQuery): Promise<QueueAnswer> {
  const { limit = 100, status, cursor, ...filters } = query;
  const statuses = status === undefined ? OPEN : statusesOf(status);
  const conditions = Object.entries(filters).map(([field, text]) => conditionOf(field as QueueFilter, text));
  const after = cursor === undefined ? 0 : cursorOf(cursor);
  const horizon = await horizonOf(database, statuses, after, conditions.length > 0);
  const pages = await Promise.all(
    statuses.map((one) => {
      let select = statementBuilder().selectFrom("entry").selectAll().where("status", "=", one).where("id", ">", after);
      if (horizon !== null) select = select.where("id", "<=", horizon);
      for (const { column, values } of conditions) select = select.where(column, "in", values);
      return runBuilt<EntryRow>(
        database,
        select
          .orderBy("status")
          .orderBy("id")
          .limit(limit + 1),
      );
    }),
  );
  const found = pages.flat().toSorted((a, b) => a.id - b.id);
  const page = found.slice(0, limit);
  const now = await database.transaction(async (tx) => tx.now());
  const next = found.length > limit ? page.at(-1)!.id : horizon;
  return { items: page.map((row) => itemOf(row, now)), next: next === null ? null : String(next) };
}

/** The id up to which a filtered page looks, so that a rare value is not searched for in a million rows; null = the end. */
async function horizonOf(
  database: Database,
  statuses: readonly Status[],
  after: number,
  filtered: boolean,
): Promise<number | null> {
  if (!filtered) return null;
  const ends = await Promise.all(
    statuses.map((one) =>
      database.query<{ id: number }>(
        `SELECT id FROM entry WHERE status = $1 AND id > $2 ORDER BY status, id LIMIT 1 OFFSET ${WINDOW - 1}`,
        [one, after],
      ),
    ),
  );
  const ids = ends.flat().map((row) => row.id);
  return ids.length === 0 ? null : Math.min(...ids);
}

function conditionOf(field: QueueFilter, text: string): { column: keyof EntryRow; values: Array<string | number> } {
  const values = text.split(",").map((value) => valueOf(field, value));
  return { column: COLUMN[field], values };
}

function valueOf(field: QueueFilter, text: string): string | number {
  const kind = QUEUE_FILTERS[field];
  if (kind === "text") return text;
  if (kind === "flag" && (text === "true" || text === "false")) return text === "true" ? 1 : 0;
  if (kind === "number" && /^\d{1,15}$/.test(text)) return Number(text);
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(text)} is no value of ${field}`,
    hint: kind === "flag" ? "It is true or false." : "It is a whole number.",
  });
}

function statusesOf(text: string): Status[] {
  return [...new Set(text.split(","))].map((one) => {
    const status = OPEN.find((known) => known === one.trim());
    if (status) return status;
    throw new WilcoError({
      code: "invalid_request",
      message: `The queue has no status ${JSON.stringify(one)}`,
      hint: isTerminal(one as Status)
        ? "What has ended is in the history: wilco history"
        : suggestion(one, OPEN, "It has"),
    });
  });
}

function cursorOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new WilcoError({
    code: "invalid_request",
    message: "The cursor is not one of ours",
    hint: "Pass `next` of the page before, unchanged.",
  });
}

function itemOf(row: EntryRow, now: number): QueueItem {
  return {
    id: row.id,
    status: row.status,
    kind: row.kind,
    resource: row.resource_name,
    type: row.resource_type,
    typeVersion: row.type_version,
    operation: row.operation,
    route: row.route,
    zone: row.zone,
    role: row.role,
    boundWorker: row.bound_worker,
    worker: row.worker_name,
    priority: row.priority,
    weight: row.weight,
    exclusive: row.exclusive === 1,
    head: row.head === 1,
    silent: row.silent === 1,
    attempt: row.attempt,
    tries: row.tries,
    maxAttempts: row.max_attempts,
    onLost: row.on_lost,
    requestedBy: row.requested_by,
    note: row.note,
    parent: row.parent,
    root: row.root ?? row.id,
    createdAt: new Date(row.created_at).toISOString(),
    deliverAt: iso(row.deliver_at),
    queuedAt: iso(row.queued_at),
    expiresAt: iso(row.expires_at),
    startedAt: iso(row.started_at),
    leaseExpiresAt: iso(row.lease_expires),
    deadline: iso(row.deadline),
    waited: row.queued_at === null ? null : Math.max(0, (row.started_at ?? now) - row.queued_at),
    ran: row.started_at === null ? null : Math.max(0, now - row.started_at),
  };
}
