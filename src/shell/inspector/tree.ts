/** Any value, the way JavaScript writes it: on one line when it fits, otherwise one line for each part. */
import type { ValueDescription } from "../../sandbox/guest/value-description.ts";
import { entryInline, executionInline } from "./entry.ts";
import { errorInline } from "./error.ts";
import type { Paint } from "./paint.ts";
import { resourceInline } from "./resource.ts";
import { renderString } from "./string.ts";
import { escaped, safeLines, widthOf } from "./text.ts";

export interface TreeOptions {
  /** Columns that a line may take. */
  width: number;
  paint: Paint;
  /** Texts of several lines as a block of lines instead of one with escapes. Default true. */
  blocks?: boolean;
  /** Levels around it. Default 0. */
  depth?: number;
}

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;
const INDENT = "  ";
/** Levels that are written out; what is deeper is named. */
const MAX_DEPTH = 4;
/** Short items (numbers) go several to a line. */
const SHORT_ITEM = 12;

export function renderTree(value: ValueDescription, options: TreeOptions): string {
  const { paint } = options;
  if ((options.depth ?? 0) >= MAX_DEPTH) {
    const folded = foldedText(value);
    if (folded !== undefined) return paint("cyan", `[${escaped(folded)}]`);
  }
  switch (value.kind) {
    case "undefined":
      return paint("dim", "undefined");
    case "null":
      return paint("bold", "null");
    case "boolean":
      return paint("yellow", String(value.value));
    case "number":
    case "bigint":
      return paint("yellow", escaped(value.text));
    case "string":
      return renderString(value.text, value.length, {
        paint,
        blocks: options.blocks ?? true,
        depth: options.depth ?? 0,
      });
    case "symbol":
      return paint("green", escaped(value.text));
    case "function":
      return paint("cyan", functionOf(escaped(value.name), value.class));
    case "date":
      return paint("magenta", value.iso === null ? "Invalid Date" : escaped(value.iso));
    case "regexp":
      return paint("red", value.text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ""));
    case "promise":
      return "Promise {}";
    case "array":
      return arrayOf(value, options);
    case "hole":
      return paint("dim", "empty");
    case "object":
      return objectOf(value, options);
    case "map":
      return mapOf(value, options);
    case "set":
      return group(`Set(${value.size}) `, "{}", partsOf(value.items, value.size, options), options);
    case "getter":
      return paint("cyan", "[Getter]");
    case "folded":
      return paint("cyan", `[${escaped(value.text)}]`);
    case "circular":
      return paint("cyan", "[Circular]");
    case "custom":
      return safeLines(value.text).join("\n");
    case "resource":
      return resourceInline(value.data, paint);
    case "execution":
      return executionInline(value, paint);
    case "entry":
      return entryInline(value.entry, paint);
    case "error":
      return errorInline(value.error, paint);
    case "chart":
      return paint("cyan", `[Chart of ${value.points.length} points]`);
    default:
      return value satisfies never;
  }
}

/** The name of what has something in it; undefined for what is short anyway. */
function foldedText(value: ValueDescription): string | undefined {
  switch (value.kind) {
    case "array":
      return value.length === 0 ? undefined : `${value.name}(${value.length})`;
    case "map":
      return value.size === 0 ? undefined : `Map(${value.size})`;
    case "set":
      return value.size === 0 ? undefined : `Set(${value.size})`;
    case "object":
      return value.size === 0 ? undefined : value.name || "Object";
    default:
      return undefined;
  }
}

/** What is inside has less room. */
function inside(options: TreeOptions): TreeOptions {
  return { ...options, width: options.width - INDENT.length, depth: (options.depth ?? 0) + 1 };
}

function functionOf(name: string, isClass: boolean): string {
  if (isClass) return `[class ${name === "" ? "(anonymous)" : name}]`;
  return `[Function${name === "" ? " (anonymous)" : `: ${name}`}]`;
}

function arrayOf(value: Extract<ValueDescription, { kind: "array" }>, options: TreeOptions): string {
  const head = value.name === "Array" ? "" : `${escaped(value.name)}(${value.length}) `;
  return group(head, "[]", partsOf(joinHoles(value.items), value.length, options, value.items.length), options);
}

function objectOf(value: Extract<ValueDescription, { kind: "object" }>, options: TreeOptions): string {
  const head = value.name === "Object" ? "" : `${value.name === "" ? "[null prototype]" : escaped(value.name)} `;
  const parts = value.properties.map(([key, one]) => labelled(`${keyOf(key)}:`, one, options));
  return group(head, "{}", withRest(parts, value.size, value.properties.length, options), options);
}

function mapOf(value: Extract<ValueDescription, { kind: "map" }>, options: TreeOptions): string {
  const parts = value.entries.map(([key, one]) =>
    labelled(`${renderTree(key, { ...inside(options), blocks: false })} =>`, one, options),
  );
  return group(`Map(${value.size}) `, "{}", withRest(parts, value.size, value.entries.length, options), options);
}

/** A block of text stands under its key. */
function labelled(label: string, value: ValueDescription, options: TreeOptions): string {
  const text = renderTree(value, inside(options));
  return text.startsWith("\n") ? `${label}${text.replaceAll("\n", `\n${INDENT}`)}` : `${label} ${text}`;
}

function keyOf(key: string): string {
  if (PLAIN_KEY.test(key) || key.startsWith("Symbol(") || key.startsWith("[")) return escaped(key);
  return `"${escaped(key, '"')}"`;
}

function partsOf(
  items: readonly ValueDescription[],
  length: number,
  options: TreeOptions,
  shown = items.length,
): string[] {
  const inner = inside(options);
  const parts = items.map((item) => renderTree(item, inner).replace(/^\n/, ""));
  return withRest(parts, length, shown, options);
}

function withRest(parts: string[], length: number, shown: number, { paint }: TreeOptions): string[] {
  return length > shown ? [...parts, paint("dim", `… ${length - shown} more`)] : parts;
}

/** Neighbouring holes as one: "3 × empty". */
function joinHoles(items: readonly ValueDescription[]): ValueDescription[] {
  const joined: ValueDescription[] = [];
  let holes = 0;
  const flush = (): void => {
    if (holes > 1) joined.push({ kind: "custom", text: `${holes} × empty` });
    else if (holes === 1) joined.push({ kind: "hole" });
    holes = 0;
  };
  for (const item of items) {
    if (item.kind === "hole") holes++;
    else {
      flush();
      joined.push(item);
    }
  }
  flush();
  return joined;
}

function group(head: string, [open = "", close = ""]: string, parts: readonly string[], options: TreeOptions): string {
  if (parts.length === 0) return `${head}${open}${close}`;
  const space = open === "{" ? " " : "";
  const flat = parts.every((part) => !part.includes("\n"));
  if (flat) {
    const line = `${head}${open}${space}${parts.join(", ")}${space}${close}`;
    if (widthOf(line) <= Math.min(options.width, 100)) return line;
  }
  const short = flat && parts.length > 6 && parts.slice(0, -1).every((part) => widthOf(part) <= SHORT_ITEM);
  const rows = short ? rowsOf(parts, options.width - INDENT.length) : parts.map((part, at) => part + comma(at, parts));
  return `${head}${open}\n${rows.map((row) => INDENT + row.replaceAll("\n", `\n${INDENT}`)).join("\n")}\n${close}`;
}

/** No comma after the last part, nor after a block of text, whose lines are somebody else's. */
function comma(at: number, parts: readonly string[]): string {
  return at === parts.length - 1 || /\n\s*(?:\u001b\[\d+m)?│[^\n]*$/.test(parts[at]!) ? "" : ",";
}

/** The last part, which may say how many more there are, does not make the columns wider. */
function rowsOf(parts: readonly string[], width: number): string[] {
  const cell = parts.slice(0, -1).reduce((most, part) => Math.max(most, widthOf(part) + 2), 0);
  const perRow = Math.max(1, Math.floor(Math.min(width, 100) / cell));
  const cells = parts.map((part, at) => (at === parts.length - 1 ? part : `${part},`));
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += perRow) {
    const row = cells.slice(at, at + perRow).map((part) => part + " ".repeat(Math.max(0, cell - widthOf(part))));
    rows.push(row.join("").trimEnd());
  }
  return rows;
}
