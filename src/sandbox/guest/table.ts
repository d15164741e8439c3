/** Rows as a table with aligned columns. */
import { inspect } from "./inspect.ts";

const MAX_CELL = 200;

/**
 * @param rows an array (or object) of objects or values; anything else is shown as it is.
 * @param columns which keys, in this order; default: all, in the order they first appear.
 */
export function formatTable(rows: unknown, columns?: string[]): string {
  if (typeof rows !== "object" || rows === null) return inspect(rows);
  const list: unknown[] = Array.isArray(rows)
    ? rows
    : rows instanceof Map || rows instanceof Set
      ? [...rows]
      : Object.values(rows);
  if (list.length === 0) return "(no rows)";
  const records = list.map(recordOf);
  const keys = columns ?? [...new Set(records.flatMap((record) => Object.keys(record)))];
  const cells = [keys, ...records.map((record) => keys.map((key) => cell(record[key])))];
  const numeric = keys.map((key) =>
    records.every((record) => record[key] === undefined || typeof record[key] === "number"),
  );
  const widths = keys.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column]!))));
  const line = (row: string[]): string =>
    row
      .map((text, column) => {
        const space = " ".repeat(widths[column]! - widthOf(text));
        return numeric[column] ? space + text : text + space;
      })
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join("\n");
}

function recordOf(row: unknown): Record<string, unknown> {
  if (typeof row !== "object" || row === null) return { value: row };
  return row as Record<string, unknown>;
}

function cell(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : inspect(value, { depth: 1 });
  const flat = text.replace(/\s*\n\s*/g, " ");
  return flat.length > MAX_CELL ? `${flat.slice(0, MAX_CELL - 1)}…` : flat;
}

/** Characters, not code units, so that accents and most emoji line up. */
function widthOf(text: string): number {
  return [...text].length;
}
