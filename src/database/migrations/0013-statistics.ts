/**
 * What SQLite's planner is to think of the tables. Without statistics it takes an equality on `status` for the best there
 * is, and reads all that is queued, or all of the history, where a partial index has the few rows that are looked for.
 * Counted ones would be of one moment and of one fleet; these are of a large one with little open in it, for which the
 * statements are written. PostgreSQL counts by itself.
 */
import type { Migration } from "../migrate.ts";

/** Rows in an index, then rows that have the same first column, the same first two, and so on. */
type Guess = readonly [table: string, index: string, numbers: string];

const ENTRY: Readonly<Record<string, string>> = {
  sqlite_autoindex_entry_1: "1000000 100000 1",
  entry_status: "1000000 100000 1",
  entry_resource: "1000000 500 1",
  entry_parent: "500000 50 1",
  entry_asked: "100000 1",
  entry_automatic_ended: "10000 2",
  entry_head: "1000 1",
  entry_claim: "1000 250 50 1",
  entry_behind: "1000 250 50 1",
  entry_next_head: "1000 10 5 1",
  entry_due: "1000 2",
  entry_expiry: "1000 2",
  entry_unserved: "1000 250 2",
  entry_lease: "1000 2",
  entry_deadline: "1000 2",
  entry_session: "1000 20",
  entry_claim_id: "1000 5",
  entry_held: "1000 20 1",
  entry_open_task: "1000 50 20",
  entry_automatic_open: "1000 1 1",
  entry_retry_of: "1000 1",
  entry_forced: "10 1",
};

const OTHERS: readonly Guess[] = [
  ["entry_event", "entry_event", "4000000 4 1"],
  ["entry_dependency", "sqlite_autoindex_entry_dependency_1", "10000 2 1"],
  ["entry_dependency", "entry_dependency_needs", "10000 2"],
  ["worker", "sqlite_autoindex_worker_1", "1000 1"],
  ["worker", "worker_live_name", "100 1"],
];

export const statistics: Migration = {
  number: 13,
  name: "statistics",
  statements: ({ engine }) => (engine === "sqlite" ? write() : []),
};

function write(): string[] {
  const entry = Object.entries(ENTRY).map(([index, numbers]): Guess => ["entry", index, numbers]);
  return [
    // The table for them can't be made otherwise; of a small one, because it reads it.
    "ANALYZE migration",
    "DELETE FROM sqlite_stat1",
    ...guesses([...entry, ...OTHERS]),
  ];
}

/** Statements that tell SQLite what to think of indexes that it has not been told of. */
export function guesses(rows: readonly Guess[]): string[] {
  const values = rows.map((row) => `(${row.map((text) => `'${text}'`).join(", ")})`);
  return [
    `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ${values.join(", ")}`,
    // Read now, and at each start.
    "ANALYZE sqlite_schema",
  ];
}
