/** Calls under a key that was used before: answered as they were, or refused as another call. */
import { readEntries } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { EntryRow } from "../database/tables.ts";
import type { Entry } from "../domain/entry.ts";
import type { Filing } from "./filing.ts";

export type FiledAnswer = { entry: Entry; replayed: boolean } | WilcoError;

export function keyOf(row: { requested_by: string; key: string }): string {
  return `${row.requested_by} ${row.key}`;
}

/** Keys that were used before: the same request is answered with its entry, another is refused. */
export async function answerReplays(
  tx: Transaction,
  filings: Filing[],
  answers: Map<Filing, FiledAnswer>,
): Promise<void> {
  if (filings.length === 0) return;
  const keys = filings.map(({ row }) => ({ requested_by: row.requested_by, key: row.key }));
  const rows = await tx.query<Pick<EntryRow, "id" | "requested_by" | "key" | "request_hash">>(
    `SELECT e.id, e.requested_by, e.key, e.request_hash FROM entry e JOIN ${tx.dialect.rows("v", { requested_by: "text", key: "text" }, "$1")}
       ON v.requested_by = e.requested_by AND v.key = e.key`,
    [JSON.stringify(keys)],
  );
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const entries = new Map(
    (
      await readEntries(
        tx,
        rows.map((row) => row.id),
      )
    ).map((entry) => [entry.id, entry]),
  );
  for (const filing of filings) {
    const row = byKey.get(keyOf(filing.row));
    const entry = row && entries.get(row.id);
    answers.set(filing, entry ? sameRequest(filing, row, entry, true) : justDeleted());
  }
}

/** Its key was taken when it was inserted, and free a moment later. */
function justDeleted(): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: "What was filed under this key was deleted with old history in this moment; nothing was filed",
    hint: "Submit it again.",
  });
}

/** The same key again: the same request is answered with its entry, another is refused. */
export function sameRequest(
  filing: Filing,
  row: Pick<EntryRow, "request_hash">,
  entry: Entry,
  replayed: boolean,
): FiledAnswer {
  return row.request_hash === filing.row.request_hash ? { entry, replayed } : anotherCall(entry);
}

/** A key that was used for the entry, and now comes with a call that is another one. */
export function anotherCall(entry: Entry): WilcoError {
  return new WilcoError({
    code: "idempotency_mismatch",
    message: `The idempotency key was used before for another call, entry ${entry.id}`,
    hint: "Use a new key for a new call; the same key only for the very same one.",
    details: { entry: entry.id },
  });
}
