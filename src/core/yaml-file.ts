/** The text of a YAML file as a value, with where each part of it stands. */
import type { Document, LineCounter, visit as visitNodes } from "yaml";
import { WilcoError } from "./errors.ts";
import { openingOf, placeInFlow } from "./flow-places.ts";
import { parsePlainYaml } from "./plain-yaml.ts";
import { createPlaces, type Place, type PlaceOf } from "./yaml-places.ts";

const MAX_ALIASES = 1_000;

export interface YamlFile {
  value: unknown;
  placeOf: PlaceOf;
}

/**
 * @param named what messages call it.
 * @throws WilcoError `invalid_inventory`: not YAML, or a name twice, with line and column.
 */
export async function parseYaml(text: string, named: string): Promise<YamlFile> {
  const plain = parsePlainYaml(text);
  if (plain !== undefined) return { value: plain, placeOf: plainPlaces(text) };
  const { LineCounter, parseDocument, visit } = await import("yaml");
  const lines = new LineCounter();
  // Names that are there twice are looked for below: the parser compares each with each, for 100,000 of them that is minutes.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  const problem = document.errors[0];
  if (problem?.code === "RESOURCE_EXHAUSTION") throw tooDeep(placed(named, lines, problem.pos[0]));
  if (problem)
    throw invalid(`${placed(named, lines, problem.pos[0])} is not YAML: ${problem.message}`, "Correct that line.");
  // Otherwise the last of two resources of one name would win without a word.
  const twice = firstTwice(document, visit);
  if (twice) {
    throw invalid(
      `${placed(named, lines, twice.at)}: the name ${JSON.stringify(twice.name)} is there twice`,
      "Names are unique: rename one of them or remove it.",
    );
  }
  return { value: valueOf(document, named), placeOf: createPlaces(document, lines) };
}

function valueOf(document: Document.Parsed, named: string): unknown {
  try {
    // A few anchors must not unfold into gigabytes.
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(named);
    if (!(error instanceof ReferenceError)) throw error;
    if (error.message.startsWith("Unresolved alias")) {
      throw invalid(
        `${named} uses the alias *${/[^ ]*$/.exec(error.message)![0]} without its anchor`,
        "Write the anchor (&name) above the alias.",
      );
    }
    throw invalid(
      `The aliases of ${named} unfold into more than ${MAX_ALIASES.toLocaleString("en")} copies`,
      "Write out what is meant, or use fewer aliases (*name) within aliases.",
    );
  }
}

function tooDeep(where: string): WilcoError {
  return invalid(`${where} is nested too deeply to be read`, "Nest fewer lists and objects in each other.");
}

/** Read a second time, when the first place is asked for: only errors want to know. */
function plainPlaces(text: string): PlaceOf {
  let places: Map<string, Place> | undefined;
  return (path) => {
    if (!places) {
      const found = new Map<string, Place>();
      parsePlainYaml(text, (at, line, column) => found.set(at, { line, column }));
      places = found;
    }
    // The nearest part of it that the file has.
    for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("."), at.lastIndexOf("[")))) {
      const place = places.get(at);
      if (place) return withinFlow(text, place, path.slice(at.length).replace(/^\./, ""));
    }
    return null;
  };
}

/** A flow collection has its parts in the line of its key. */
function withinFlow(text: string, place: Place, rest: string): Place {
  const line = text.split("\n", place.line)[place.line - 1] ?? "";
  const open = rest === "" ? null : openingOf(line, place.column - 1);
  const found = open === null ? null : placeInFlow(line, open, rest);
  return found === null ? place : { line: place.line, column: found + 1 };
}

function firstTwice(document: Document.Parsed, visit: typeof visitNodes): { name: string; at: number } | null {
  let found: { name: string; at: number } | null = null;
  visit(document, {
    Map(_key, map) {
      const names = new Set<unknown>();
      for (const { key } of map.items) {
        const { value, range } = (key ?? {}) as { value?: unknown; range?: [number, number, number] };
        if (value === undefined || typeof value === "object" || value === "<<") continue;
        if (names.has(value)) {
          found = { name: typeof value === "string" ? value : JSON.stringify(value), at: range?.[0] ?? 0 };
          return visit.BREAK;
        }
        names.add(value);
      }
      return undefined;
    },
  });
  return found;
}

function placed(named: string, lines: LineCounter, at: number): string {
  const { line, col } = lines.linePos(at);
  return `${named}:${line}:${col}`;
}

function invalid(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_inventory", message, hint });
}
