/** Rows of a batch, with what is the same in all of them said once. */

type Row = Readonly<Record<string, unknown>>;

export interface SplitRows {
  /** Columns with one value in all rows; null is left out. */
  shared: Row;
  /** The others of each row. */
  rows: Row[];
}

/** @param rows all with the same columns, whose values are texts, numbers and null. */
export function splitShared(rows: readonly Row[]): SplitRows {
  const [first] = rows;
  if (!first) return { shared: {}, rows: [] };
  const shared: Record<string, unknown> = {};
  const varying: string[] = [];
  for (const [column, value] of Object.entries(first)) {
    if (!rows.every((row) => row[column] === value)) varying.push(column);
    else if (value !== null) shared[column] = value;
  }
  return { shared, rows: rows.map((row) => Object.fromEntries(varying.map((column) => [column, row[column]]))) };
}
