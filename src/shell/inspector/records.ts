/** Lists of plain objects as a table, when they look like rows. */
import type { ValueDescription } from "../../sandbox/guest/value-description.ts";
import type { Paint } from "./paint.ts";
import { renderTable } from "./table.ts";
import { renderTree } from "./tree.ts";

type ObjectDescription = Extract<ValueDescription, { kind: "object" }>;

const MAX_COLUMNS = 20;
/** Of the cells: fewer filled ones, and the objects are no rows. */
const FILLED = 0.5;

/** The rows, or undefined for what reads better as a list. */
export function rowsOf(items: readonly ValueDescription[]): ObjectDescription[] | undefined {
  if (items.length < 2) return undefined;
  const rows = items.filter((item): item is ObjectDescription => item.kind === "object" && item.size > 0);
  if (rows.length !== items.length || rows.some((row) => row.properties.length < row.size)) return undefined;
  const keys = keysOf(rows);
  const cells = rows.reduce((sum, row) => sum + row.properties.length, 0);
  return keys.length <= MAX_COLUMNS && cells >= keys.length * rows.length * FILLED ? rows : undefined;
}

export function renderRows(rows: readonly ObjectDescription[], width: number, paint: Paint): string {
  const records = rows.map((row) => new Map(row.properties));
  const columns = keysOf(rows).map((key) => ({
    title: key,
    cell: (record: Map<string, ValueDescription>) => cellOf(record.get(key)),
    align: records.every((record) => isNumber(record.get(key))) ? ("right" as const) : ("left" as const),
  }));
  return renderTable(records, columns, { width, paint });
}

function keysOf(rows: readonly ObjectDescription[]): string[] {
  return [...new Set(rows.flatMap((row) => row.properties.map(([key]) => key)))];
}

function isNumber(value: ValueDescription | undefined): boolean {
  return value === undefined || value.kind === "number" || value.kind === "bigint";
}

function cellOf(value: ValueDescription | undefined): string {
  if (value === undefined || value.kind === "undefined") return "";
  if (value.kind === "string") return value.text + (value.length > value.text.length ? "…" : "");
  return renderTree(value, { width: Infinity, paint: (_, text) => text, blocks: false });
}
