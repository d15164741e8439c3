/** The history: entries by filter, newest first, paged by id. */
import { SHOWN, type ShownRow } from "../audit/codec.ts";
import { firstIdSince } from "../audit/ids-by-time.ts";
import { decorate } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { fragment, runBuilt, statementBuilder } from "../database/build.ts";
import type { Database, Sql } from "../database/database.ts";
import { ENTRY_KINDS, type EntryKind } from "../domain/entry.ts";
import { STATUSES, type Status } from "../domain/status.ts";
import type { EntriesAnswer, EntriesQuery } from "../protocol/messages.ts";

/** ms by which what several servers filed at once, or a clock that was set, may be out of the order of ids. */
const OUT_OF_ORDER = 600_000;
/** Entries of one requester that are rather sorted than found by reading the history from its end. */
const FEW = 5_000;

/** @throws WilcoError `invalid_request` for an unknown status, kind, time or cursor. */
export async function listEntries(database: Database, query: EntriesQuery): Promise<EntriesAnswer> {
  const { limit = 100, order = "newest" } = query;
  const direction = order === "newest" ? "desc" : "asc";
  const wanted = await selectionOf(database, query);
  const parts = query.resource === undefined ? [wanted] : await ofResource(database, wanted, query.resource);
  const found = await Promise.all(
    parts.map((part) => runBuilt<ShownRow>(database, part.orderBy("id", direction).limit(limit + 1))),
  );
  // Once: a resource may be removed between two reads, and its entries be in both.
  const byId = new Map(found.flat().map((row) => [row.id, row]));
  const rows = [...byId.values()].toSorted((a, b) => (order === "newest" ? b.id - a.id : a.id - b.id));
  const page = rows.slice(0, limit);
  return { items: await decorate(database, page), next: rows.length > limit ? String(page.at(-1)!.id) : null };
}

type Selection = ReturnType<typeof selectAll>;

function selectAll() {
  return statementBuilder().selectFrom("entry").select(SHOWN);
}

/** Everything but the resource. */
async function selectionOf(database: Database, query: EntriesQuery): Promise<Selection> {
  let select = selectAll();
  if (query.status !== undefined) select = select.where("status", "in", statusesOf(query.status));
  if (query.kind !== undefined) {
    const kind = oneOf(query.kind, ENTRY_KINDS, "kind") as EntryKind;
    select = select.where("kind", "=", kind);
    // The words of the partial index, which planners don't conclude from a parameter.
    if (kind !== "operation") select = select.where(fragment<boolean>("kind <> 'operation'"));
  }
  if (query.operation !== undefined) select = select.where("operation", "=", query.operation);
  if (query.requestedBy !== undefined) {
    const few = await hasFew(database, query.requestedBy);
    const column = few ? "requested_by" : database.dialect.unindexed("requested_by");
    select = select.where(fragment<string>(column), "=", query.requestedBy);
  }
  // Not a parameter: only the constant finds the partial index, which skips the checks of a large fleet.
  if (query.automatic !== true) select = select.where((is) => is("automatic", "=", is.lit(0)));
  if (query.parent !== undefined) select = select.where("parent", "=", query.parent);
  if (query.since !== undefined) {
    const since = timeOf(query.since);
    select = select
      .where("created_at", ">=", since)
      .where("id", ">=", await firstIdSince(database, since - OUT_OF_ORDER));
  }
  if (query.until !== undefined) {
    const until = timeOf(query.until);
    select = select
      .where("created_at", "<", until)
      .where("id", "<", await firstIdSince(database, until + OUT_OF_ORDER));
  }
  if (query.cursor === undefined) return select;
  return select.where("id", query.order === "oldest" ? ">" : "<", cursorOf(query.cursor));
}

/** Each part has an index of its own: of resources that are there by their id, and of former ones by their name. */
async function ofResource(sql: Sql, wanted: Selection, ref: string): Promise<Selection[]> {
  const named = await sql.query<{ id: number }>("SELECT id FROM resource WHERE name = $1", [ref]);
  const ids = new Set(named.map(({ id }) => id));
  if (/^\d{1,15}$/.test(ref)) ids.add(Number(ref));
  return [
    ...[...ids].map((id) => wanted.where("resource", "=", id)),
    wanted.where("resource", "is", null).where("resource_name", "=", ref),
  ];
}

/** By its index all of somebody's entries have to be sorted. */
async function hasFew(sql: Sql, requestedBy: string): Promise<boolean> {
  if (sql.dialect.countsValues) return true;
  const [row] = await sql.query<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM entry WHERE requested_by = $1 LIMIT ${FEW}) AS some`,
    [requestedBy],
  );
  return (row?.n ?? 0) < FEW;
}

function statusesOf(text: string): Status[] {
  return text.split(",").map((one) => oneOf(one.trim(), STATUSES, "status") as Status);
}

function oneOf(text: string, known: readonly string[], what: string): string {
  if (known.includes(text)) return text;
  throw new WilcoError({
    code: "invalid_request",
    message: `There is no ${what} "${text}"`,
    hint: suggestion(text, known, "There are"),
  });
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(text)} is not a time`,
    hint: 'Write ISO 8601 with an offset: "2026-03-01T12:00:00Z".',
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
