/** Reads of the audit trail. */
import { WilcoError } from "../core/errors.ts";
import type { Sql } from "../database/database.ts";
import type { Dependency, Entry, EntryEvent } from "../domain/entry.ts";
import type { Selectable } from "kysely";
import { TERMINAL_STATUSES, type Status } from "../domain/status.ts";
import type { EntryRow, RequestTable } from "../database/tables.ts";
import { entryOf, eventOf, SHOWN_COLUMNS, type EventRow, type ShownRow, type TasksOfEntry } from "./codec.ts";

/** @throws WilcoError `unknown_entry`. */
export async function readEntry(sql: Sql, id: number): Promise<Entry> {
  const [entry] = await readEntries(sql, [id]);
  if (!entry) throw unknownEntry(id);
  return entry;
}

export function unknownEntry(id: number): WilcoError {
  return new WilcoError({
    code: "unknown_entry",
    message: `There is no entry ${id}`,
    hint: "`wilco history` lists the entries.",
  });
}

/** The entries that exist, by id. */
export async function readEntries(sql: Sql, ids: readonly number[]): Promise<Entry[]> {
  if (ids.length === 0) return [];
  const rows = await sql.query<ShownRow>(
    `SELECT ${SHOWN_COLUMNS} FROM entry WHERE ${sql.dialect.inIds("id", "$1")} ORDER BY id`,
    [JSON.stringify(ids)],
  );
  return decorate(sql, rows);
}

/** Adds what lives in other rows: dependencies, and the tasks of requests. Only asked for where there can be any. */
export async function decorate(sql: Sql, rows: readonly ShownRow[]): Promise<Entry[]> {
  const [dependencies, tasks] = await Promise.all([readDependencies(sql, rows), readTasks(sql, rows)]);
  return rows.map((row) => entryOf(row, dependencies.get(row.id) ?? [], tasks.get(row.id)));
}

async function readDependencies(sql: Sql, rows: readonly ShownRow[]): Promise<Map<number, Dependency[]>> {
  const found = new Map<number, Dependency[]>();
  if (rows.length === 0) return found;
  const links = await sql.query<{ entry: number; needs: number; condition: Dependency["on"] }>(
    `SELECT entry, needs, condition FROM entry_dependency WHERE ${sql.dialect.inIds("entry", "$1")} ORDER BY entry, needs`,
    [JSON.stringify(rows.map((row) => row.id))],
  );
  for (const { entry, needs, condition } of links) {
    const list = found.get(entry) ?? [];
    list.push({ entry: needs, on: condition });
    found.set(entry, list);
  }
  return found;
}

async function readTasks(sql: Sql, rows: readonly ShownRow[]): Promise<Map<number, TasksOfEntry>> {
  const idsOf = (kind: EntryRow["kind"]) => rows.filter((row) => row.kind === kind).map((row) => row.id);
  const [requests, scripts] = [idsOf("request"), idsOf("script")];
  const found = new Map<number, TasksOfEntry>();
  if (requests.length > 0) await countTasks(sql, requests, found);
  if (scripts.length > 0) await countCalls(sql, scripts, found);
  return found;
}

/** Of a request only the open tasks are counted in their rows: a look at one with 10,000 tasks must not read them all. */
async function countTasks(sql: Sql, ids: readonly number[], found: Map<number, TasksOfEntry>): Promise<void> {
  // One statement, so that the counters and the rows are of one moment.
  const rows = await sql.query<Selectable<RequestTable> & { status: Status | null; n: number }>(
    `SELECT request.*, o.status, o.n FROM request LEFT JOIN (
       SELECT parent, status, count(*) AS n FROM entry
       WHERE ${sql.dialect.inIds("parent", "$1")} AND parent IS NOT NULL AND held = 0 AND finished_at IS NULL
       GROUP BY parent, status) AS o ON o.parent = request.entry
     WHERE ${sql.dialect.inIds("request.entry", "$1")}`,
    [JSON.stringify(ids)],
  );
  for (const row of rows) {
    const counts: Partial<Record<Status, number>> = found.get(row.entry)?.counts ?? {};
    if (row.held > 0) counts.blocked = row.held;
    if (row.status !== null) counts[row.status] = row.n;
    for (const status of TERMINAL_STATUSES) if (row[status] > 0) counts[status] = row[status];
    found.set(row.entry, { targets: row.targets, counts });
  }
}

async function countCalls(sql: Sql, ids: readonly number[], found: Map<number, TasksOfEntry>): Promise<void> {
  const rows = await sql.query<{ parent: number; status: Status; n: number }>(
    `SELECT parent, status, count(*) AS n FROM entry WHERE ${sql.dialect.inIds("parent", "$1")} GROUP BY parent, status`,
    [JSON.stringify(ids)],
  );
  for (const { parent, status, n } of rows) {
    const counts = { ...found.get(parent)?.counts, [status]: n };
    found.set(parent, { targets: null, counts });
  }
}

/** Rows read at once: chunks of output are up to 256 KB each, so a page of 1,000 would be a page of 256 MB. */
const EVENT_PAGE = 32;

/** Events numbered above `after`, at most `limit` of them and about `maxBytes` of output. `end`: there are no more. */
export async function readEvents(
  sql: Sql,
  id: number,
  after: number,
  limit: number,
  maxBytes = 1024 * 1024,
): Promise<{ events: EntryEvent[]; end: boolean }> {
  const events: EntryEvent[] = [];
  let bytes = 0;
  while (events.length < limit && bytes < maxBytes) {
    const wanted = Math.min(EVENT_PAGE, limit - events.length);
    const rows = await sql.query<EventRow>(
      `SELECT * FROM entry_event WHERE entry = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      [id, events.at(-1)?.seq ?? after, wanted],
    );
    for (const row of rows) {
      events.push(eventOf(row));
      bytes += (row.output?.byteLength ?? 0) + row.data.length;
    }
    if (rows.length < wanted) return { events, end: true };
  }
  return { events, end: false };
}
