/** Resources as a table: a header that says which column is what, and a resource a row. */
import { suggestion } from "../../core/suggest.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { messageOf } from "../../core/errors.ts";
import type { Imported } from "./imported.ts";

const FIELDS = ["type", "zone", "worker", "parent", "description"];
const COLUMNS = ["name", ...FIELDS, "groups", "labels.KEY", "connection.KEY"];

interface Row {
  record: string[];
  info: { lines: number };
}

export async function readCsv(text: string, imported: Imported): Promise<void> {
  const { parse } = await import("csv-parse/sync");
  let rows: Row[];
  try {
    rows = parse(text, {
      bom: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      trim: true,
      delimiter: [",", ";", "\t"],
    }) as unknown as Row[];
  } catch (error) {
    const line = (error as { lines?: unknown }).lines;
    imported.problem(typeof line === "number" ? line : null, `it is not CSV: ${messageOf(error)}`);
    return;
  }
  const [header, ...body] = rows;
  if (!header) return imported.problem(1, "it is empty", "The first row names the columns: name,type,labels.tier");
  const columns = header.record;
  for (const [index, column] of columns.entries()) {
    // Keys that can't be set one by one would get lost without a word.
    if (!isColumn(column) || column.split(".").includes("__proto__"))
      imported.problem(1, `the column ${index + 1}, "${column}", is none that is known`, columnHint(column));
    else if (columns.indexOf(column) < index) imported.problem(1, `the column "${column}" is there twice`);
  }
  if (!columns.includes("name")) imported.problem(1, 'there is no column "name"', "The first row names the columns.");
  if (imported.problems.length > 0) return;
  const seen = new Map<string, number>();
  for (const { record, info } of body) readRow(columns, record, info.lines, seen, imported);
}

function isColumn(column: string): boolean {
  return COLUMNS.includes(column) ? !column.endsWith(".KEY") : /^(labels|connection)\../.test(column);
}

function columnHint(column: string): string {
  return suggestion(column, COLUMNS, "Columns") ?? `Columns are ${COLUMNS.join(", ")}.`;
}

function readRow(
  columns: readonly string[],
  record: readonly string[],
  line: number,
  seen: Map<string, number>,
  imported: Imported,
): void {
  if (record.length !== columns.length) {
    imported.problem(
      line,
      `it has ${record.length} ${record.length === 1 ? "value" : "values"} for ${columns.length} columns`,
    );
    return;
  }
  const name = record[columns.indexOf("name")]!;
  if (name === "") return imported.problem(line, "the name is missing");
  const before = seen.get(name);
  if (before !== undefined) return imported.problem(line, `the name "${name}" is in line ${before} already`);
  seen.set(name, line);
  const resource = imported.resource(name, line);
  for (const [index, column] of columns.entries()) {
    const value = record[index]!;
    // An empty cell says nothing: what is stored stays.
    if (value === "" || column === "name") continue;
    const path = column.split(".");
    if (path[0] === "labels") resource.labels[path.slice(1).join(".")] = value;
    else if (path[0] === "connection") setDeep(resource.connection, path.slice(1), value);
    else if (column === "groups")
      for (const group of value.split(/[\s,;]+/)) imported.group(group, line).members.add(name);
    else resource.fields[column] = value;
  }
}

function setDeep(holder: JsonObject, path: readonly string[], value: string): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    holder[key] = value;
    return;
  }
  const inner = holder[key];
  const next: JsonObject = isJsonObject(inner) ? inner : {};
  holder[key] = next;
  setDeep(next, rest, value);
}
