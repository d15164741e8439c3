/** What differs between the engines, in one place: fragments of SQL and types of columns. */

/** Types that batches of rows can have; both engines name them differently. */
export type ColumnType = "int" | "text";

export interface Dialect {
  readonly engine: "sqlite" | "postgres";
  /** Row locks; empty on SQLite, where the transaction is the only writer anyway. */
  readonly forUpdate: string;
  /** Does not conflict with foreign-key checks on the locked row. */
  readonly forNoKeyUpdate: string;
  readonly forShare: string;
  readonly skipLocked: string;
  /** Types for `CREATE TABLE`. */
  readonly types: { id: string; int: string; bytes: string; labels: string };
  readonly tableSuffix: string;
  /**
   * A table expression of one JSON parameter: `rows("v", { id: "int" }, "$1")` gives `(…) AS v`. So a batch of any
   * size is one statement text, prepared once; lists of placeholders would be a new text for each size.
   */
  rows(alias: string, columns: Record<string, ColumnType>, parameter: string): string;
  /** Condition: `column` is in the JSON array parameter of integers. */
  inIds(column: string, parameter: string): string;
  /** Condition: `column` is in the JSON array parameter of texts. */
  inTexts(column: string, parameter: string): string;
  /** The text value of a label; `key` is a placeholder. */
  labelValue(column: string, key: string): string;
  /** Placeholder of a label document written as JSON text. */
  labelInput(placeholder: string): string;
}
