/** The history: entries by filter, newest first, paged by id. */
import { SHOWN, type ShownRow } from "../audit/codec.ts";
import { decorate } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { runBuilt, statementBuilder } from "../database/build.ts";
import type { Database } from "../database/database.ts";
import { ENTRY_KINDS, type EntryKind } from "../domain/entry.ts";
import { STATUSES, type Status } from "../domain/status.ts";
import type { EntriesAnswer, EntriesQuery } from "../protocol/messages.ts";

/** @throws WilcoError `invalid_request` for an unknown status, kind, time or cursor. */
export async function listEntries(database: Database, query: EntriesQuery): Promise<EntriesAnswer> {
  const { limit = 100, order = "newest" } = query;
  const direction = order === "newest" ? "desc" : "asc";
  let select = statementBuilder().selectFrom("entry").select(SHOWN);
  if (query.status !== undefined) select = select.where("status", "in", statusesOf(query.status));
  if (query.kind !== undefined) select = select.where("kind", "=", oneOf(query.kind, ENTRY_KINDS, "kind") as EntryKind);
  if (query.operation !== undefined) select = select.where("operation", "=", query.operation);
  if (query.requestedBy !== undefined) select = select.where("requested_by", "=", query.requestedBy);
  // Not a parameter: only the constant finds the partial index, which skips the checks of a large fleet.
  if (query.automatic !== true) select = select.where((is) => is("automatic", "=", is.lit(0)));
  if (query.parent !== undefined) select = select.where("parent", "=", query.parent);
  if (query.resource !== undefined) {
    const { resource } = query;
    select = /^\d+$/.test(resource)
      ? select.where((is) => is.or([is("resource", "=", Number(resource)), is("resource_name", "=", resource)]))
      : select.where("resource_name", "=", resource);
  }
  if (query.since !== undefined) select = select.where("created_at", ">=", timeOf(query.since));
  if (query.until !== undefined) select = select.where("created_at", "<", timeOf(query.until));
  if (query.cursor !== undefined) select = select.where("id", order === "newest" ? "<" : ">", cursorOf(query.cursor));
  const rows = await runBuilt<ShownRow>(database, select.orderBy("id", direction).limit(limit + 1));
  const page = rows.slice(0, limit);
  return { items: await decorate(database, page), next: rows.length > limit ? String(page.at(-1)!.id) : null };
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
