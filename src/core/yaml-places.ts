/** Where in a YAML file something stands that a problem names: line and column for a path such as "types.web.operations". */
import { WilcoError } from "./errors.ts";
import { isJsonObject } from "./json.ts";
import type { Document, LineCounter, Node, Pair } from "yaml";

export interface Place {
  /** From 1. */
  line: number;
  column: number;
}

/** The place of a path, or of the nearest part of it that the file has; null for the whole file. */
export type PlaceOf = (path: string) => Place | null;

export interface PlacedProblem {
  path: string;
  message: string;
  hint: string | null;
}

const SHOWN = 20;

export function createPlaces(document: Document.Parsed, lines: LineCounter): PlaceOf {
  const known: Keys = new WeakMap();
  return (path) => {
    let node: unknown = document.contents;
    let at: number | null = null;
    let rest = path;
    while (rest !== "") {
      const step: Step | null = stepInto(node, rest, known);
      if (step === null) break;
      ({ node, rest } = step);
      at = step.at ?? at;
    }
    if (at === null) return null;
    const { line, col } = lines.linePos(at);
    return { line, column: col };
  };
}

interface Step {
  node: unknown;
  at: number | null;
  rest: string;
}

/** Pairs by key, of collections that were looked into: 1,000 problems of 100,000 resources are looked up one by one. */
type Keys = WeakMap<object, Map<string, Pair>>;

/** Keys may hold dots themselves ("my.type"), so the longest key that the path begins with is the one meant. */
function stepInto(node: unknown, path: string, known: Keys): Step | null {
  if (!isCollection(node)) return null;
  const index = /^\[(\d+)\]\.?/.exec(path);
  if (index) {
    const item = node.items[Number(index[1])];
    if (item === undefined || isPair(item)) return null;
    return { node: item, at: startOf(item), rest: path.slice(index[0].length) };
  }
  const keys = keysOf(node, known);
  for (let length = path.length; length > 0; length--) {
    if (!["", ".", "["].includes(path.slice(length, length + 1))) continue;
    const pair = keys.get(path.slice(0, length));
    if (pair) return { node: pair.value, at: startOf(pair.key), rest: path.slice(length).replace(/^\./, "") };
  }
  return null;
}

function keysOf(node: { items: unknown[] }, known: Keys): Map<string, Pair> {
  let keys = known.get(node);
  if (!keys) known.set(node, (keys = new Map(node.items.filter(isPair).map((pair) => [keyOf(pair), pair]))));
  return keys;
}

/** As the path has it: 3 and "3" are the same key there. */
function keyOf(pair: Pair): string {
  const value = (pair.key as { value?: unknown } | null)?.value;
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function isCollection(node: unknown): node is { items: unknown[] } {
  return typeof node === "object" && node !== null && Array.isArray((node as { items?: unknown }).items);
}

function isPair(item: unknown): item is Pair {
  return typeof item === "object" && item !== null && "key" in item;
}

function startOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}

/** What an error lists in its details, or null when it lists nothing with a path. */
export function listedProblems(error: unknown): PlacedProblem[] | null {
  if (!(error instanceof WilcoError) || !isJsonObject(error.details)) return null;
  const { problems } = error.details as { problems?: unknown };
  if (!Array.isArray(problems) || problems.length === 0) return null;
  const readable = problems.every(
    (one) => isJsonObject(one) && typeof one["path"] === "string" && typeof one["message"] === "string",
  );
  return readable ? (problems as PlacedProblem[]) : null;
}

/** "wilco.yaml:12:7: types.web.operations.go.timout: is unknown here (Did you mean "timeout"?)" */
export function problemLine(
  file: string,
  { path, message, hint }: PlacedProblem,
  placeOf: PlaceOf,
  withHint = true,
): string {
  const place = placeOf(path);
  const where = place === null ? file : `${file}:${place.line}:${place.column}`;
  return `${where}: ${path === "" ? "" : `${path}: `}${message}${withHint && hint ? ` (${hint})` : ""}`;
}

/** Runs what may refuse the document; its problems are then told with file, line and column. */
export async function withPlaces<T>(file: string, placeOf: PlaceOf, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const problems = listedProblems(error);
    if (problems === null) throw error;
    throw placed(error as WilcoError, file, placeOf, problems);
  }
}

/** The error of a file in which these things are wrong, each with its place. @param what e.g. "It can't be read". */
export function problemsIn(
  what: string,
  file: string,
  placeOf: PlaceOf,
  problems: readonly PlacedProblem[],
): WilcoError {
  const hint = problems.length === 1 ? problems[0]!.hint : undefined;
  return placed(
    new WilcoError({ code: "invalid_inventory", message: what, hint: hint ?? "Nothing was changed." }),
    file,
    placeOf,
    problems,
  );
}

function placed(error: WilcoError, file: string, placeOf: PlaceOf, problems: readonly PlacedProblem[]): WilcoError {
  const single = problems.length === 1;
  const lines = problems.slice(0, SHOWN).map((one) => problemLine(file, one, placeOf, !single));
  if (problems.length > SHOWN) lines.push(`… and ${problems.length - SHOWN} more`);
  // "The inventory can't be saved": what could not be done stands before the first colon or comma.
  const what = /^[^:,]*/.exec(error.message)?.[0] ?? "It is refused";
  return new WilcoError({
    code: error.code,
    message: single
      ? `${what}: ${lines[0]!}`
      : `${what}, ${problems.length} things are wrong:\n  ${lines.join("\n  ")}`,
    hint: error.hint,
    details: {
      problems: problems.map((one) => {
        const place = placeOf(one.path);
        return { ...one, ...(place === null ? {} : { file, ...place }) };
      }),
    },
    cause: error,
  });
}
