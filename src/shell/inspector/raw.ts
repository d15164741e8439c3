/** The last value for other programs: `.json` and `.csv`. */
import { isJsonObject } from "../../core/json.ts";
import { safeJson } from "./text.ts";

/** JSON, indented by two spaces. */
export function toJson(value: unknown): string {
  return safeJson(JSON.stringify(value, null, 2) ?? "null");
}

/**
 * CSV as RFC 4180 has it, lines ended by "\n", with a line of names first. A list of objects gives a line each, their
 * keys the columns in the order they first appear; one object gives one line; anything else stands in a column "value".
 * Objects and lists in a cell are JSON; null and what is missing are empty.
 */
export function toCsv(value: unknown): string {
  const rows = (Array.isArray(value) ? (value as unknown[]) : [value]).map((row) =>
    isJsonObject(row) ? new Map<string, unknown>(Object.entries(row)) : new Map([["value", row]]),
  );
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row.get(column)))];
  return lines.map((cells) => cells.map(cellOf).join(",")).join("\n");
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
