/**
 * The YAML that inventories are mostly written in, read in one pass: block mappings, lists of scalars, flow collections
 * on one line, scalars in quotes or plain. Whatever is more than that is left to the real parser: 100,000 resources take
 * that one 9 s, and this one half a second. Where this one answers, it answers the same (`test/core/plain-yaml.test.ts`).
 */
import type { Json, JsonObject } from "./json.ts";
import { parseFlow, plainScalar, quotedScalar } from "./plain-yaml-scalars.ts";

interface Line {
  /** From 1. */
  number: number;
  indent: number;
  /** Without indentation. */
  text: string;
}

/** Told where each value's key stands, when somebody wants to know. */
export type NotePlace = (path: string, line: number, column: number) => void;

/** Thrown for what only the real parser can read. */
const TOO_MUCH = Symbol("more than plain YAML");

const KEY = /^("[^"\\]*"|'[^']*'|[A-Za-z0-9_][^\s:#,[\]{}"'&*!|>%`]*):(?: +(.*))?$/;

/** @returns undefined when the text is more than plain YAML, which includes every error in it. */
export function parsePlainYaml(text: string, note?: NotePlace): JsonObject | undefined {
  if (/\t|^(---|\.\.\.|%)|\r(?!\n)|\uFEFF|[&*!|>] *$/m.test(text)) return undefined;
  const lines = linesOf(text);
  let at = 0;
  try {
    if (lines.length === 0 || lines[0]!.indent !== 0) return undefined;
    const value = readMapping(0, "");
    return at === lines.length ? value : undefined;
  } catch (error) {
    // A RangeError: nested too deeply for the stack, which the real parser reports with its place.
    if (error === TOO_MUCH || error instanceof RangeError) return undefined;
    throw error;
  }

  function readMapping(indent: number, path: string): JsonObject {
    const mapping: JsonObject = {};
    for (let line = lines[at]; line?.indent === indent; line = lines[at]) {
      const match = KEY.exec(line.text);
      if (!match) throw TOO_MUCH;
      const key = keyOf(match[1]!);
      // A name that is there twice is an error, which the real parser tells.
      if (key === "__proto__" || Object.hasOwn(mapping, key)) throw TOO_MUCH;
      const below = path === "" ? key : note ? `${path}.${key}` : path;
      note?.(below, line.number, indent + 1);
      at++;
      mapping[key] = readValue(match[2] ?? "", indent, note ? below : ".");
    }
    if ((lines[at]?.indent ?? 0) > indent) throw TOO_MUCH;
    return mapping;
  }

  function readValue(rest: string, indent: number, path: string): Json {
    const next = lines[at];
    if (rest === "" || rest.startsWith("#")) {
      if (next?.text.startsWith("-") && next.indent >= indent) return readList(next.indent, path);
      return next && next.indent > indent ? readMapping(next.indent, path) : null;
    }
    // A plain scalar, or a flow collection, that goes on in the next line.
    if (next && next.indent > indent) throw TOO_MUCH;
    return scalarOrFlow(rest);
  }

  function readList(indent: number, path: string): Json[] {
    const list: Json[] = [];
    for (let line = lines[at]; line?.indent === indent && line.text.startsWith("- "); line = lines[at]) {
      note?.(`${path}[${list.length}]`, line.number, indent + 3);
      at++;
      const rest = line.text.slice(2).trimStart();
      if (KEY.test(rest) || rest.startsWith("-") || rest.startsWith("#") || (lines[at]?.indent ?? 0) > indent)
        throw TOO_MUCH;
      list.push(scalarOrFlow(rest));
    }
    if (list.length === 0) throw TOO_MUCH;
    return list;
  }
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const text = raw.trim();
    if (text === "" || text.startsWith("#")) continue;
    lines.push({ number: index + 1, indent: raw.length - raw.trimStart().length, text });
  }
  return lines;
}

function keyOf(text: string): string {
  if (text.startsWith('"') || text.startsWith("'")) return text.slice(1, -1);
  // Keys that are numbers or null are turned into texts by rules that are not worth repeating.
  if (plainScalar(text) !== text) throw TOO_MUCH;
  return text;
}

function scalarOrFlow(text: string): Json {
  const first = text[0]!;
  const value =
    first === "{" || first === "["
      ? parseFlow(text)
      : first === '"' || first === "'"
        ? quotedScalar(text)
        : plainScalar(text);
  if (value === undefined) throw TOO_MUCH;
  return value;
}
