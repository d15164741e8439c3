/** Reads a document that a person wrote (YAML, already parsed), collecting every problem with its place in the document. */
import { parseDuration } from "../core/durations.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { nearest, suggestion } from "../core/suggest.ts";

export interface DocumentProblem {
  /** e.g. "types.web-server.operations.reload.run[2]". */
  path: string;
  message: string;
  hint: string | null;
}

/** One mapping of the document. Getters note a problem and give undefined when the value is not what it should be. */
export interface DocumentReader {
  readonly path: string;
  readonly keys: string[];
  has(key: string): boolean;
  raw(key: string): unknown;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  integer(key: string, min: number, max: number): number | undefined;
  /** ms of a text such as "30s", at least 1. */
  duration(key: string): number | undefined;
  choice<T extends string>(key: string, choices: readonly T[]): T | undefined;
  textMap(key: string): Record<string, string> | undefined;
  /** The mapping under a key, or undefined when there is none; `known` names the keys it may have. */
  child(key: string, known: readonly string[] | null): DocumentReader | undefined;
  problem(key: string | null, message: string, hint?: string): void;
  /** Whether something is wrong with that key, or with the whole mapping, already: what follows from it needs no telling. */
  told(key: string | null): boolean;
  /** Runs code that throws WilcoErrors; one becomes a problem at `key`. */
  guard<T>(key: string, read: () => T): T | undefined;
}

/** @param known the keys this mapping may have, or null for any (names that the author chooses). */
export function readDocument(
  value: unknown,
  path: string,
  known: readonly string[] | null,
  problems: DocumentProblem[],
): DocumentReader {
  const source = isJsonObject(value) ? (value as Record<string, unknown>) : {};
  const at = (key: string | null) => (key === null ? path : key.startsWith("[") ? `${path}${key}` : `${path}.${key}`);
  const problem = (key: string | null, message: string, hint?: string) => {
    problems.push({ path: at(key), message, hint: hint ?? null });
  };
  /** Null stands for "not given", as an empty value does in YAML. */
  const raw = (key: string): unknown => (Object.hasOwn(source, key) ? (source[key] ?? undefined) : undefined);

  if (!isJsonObject(value)) problem(null, `is ${kindOf(value)}, not a mapping`);
  for (const key of Object.keys(source)) {
    if (known && !known.includes(key)) problem(key, "is unknown here", suggestion(key, known, "Known"));
  }

  function expect<T>(key: string, what: string, fits: (value: unknown) => value is T): T | undefined {
    const found = raw(key);
    if (found === undefined || fits(found)) return found;
    problem(key, `must be ${what}, but is ${kindOf(found)}`);
    return undefined;
  }

  const guard = <T>(key: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      problem(key, messageOf(error).replace(/\.$/, ""), error.hint);
      return undefined;
    }
  };

  return {
    path,
    keys: Object.keys(source),
    has: (key) => raw(key) !== undefined,
    raw,
    problem,
    told: (key) => problems.some((one) => one.path === at(key) || one.path === path),
    guard,
    text: (key) => expect(key, "a text", (one) => typeof one === "string"),
    flag: (key) => expect(key, "true or false", (one) => typeof one === "boolean"),
    integer: (key, min, max) =>
      expect(
        key,
        `a whole number from ${min} to ${max}`,
        (one): one is number => Number.isInteger(one) && (one as number) >= min && (one as number) <= max,
      ),
    duration(key) {
      if (raw(key) === undefined) return undefined;
      const ms = guard(key, () => parseDuration(raw(key), "it"));
      if (ms === 0) problem(key, "must be longer than nothing");
      return ms === 0 ? undefined : ms;
    },
    choice<T extends string>(key: string, choices: readonly T[]) {
      const found = raw(key);
      if (found === undefined || (choices as readonly unknown[]).includes(found)) return found as T | undefined;
      const near = typeof found === "string" ? nearest(found, choices) : undefined;
      problem(key, `must be ${choices.join(" or ")}`, near === undefined ? undefined : `Did you mean "${near}"?`);
      return undefined;
    },
    textMap(key) {
      const map = expect(key, "a mapping of texts", isJsonObject);
      if (map === undefined) return undefined;
      const texts: Record<string, string> = {};
      for (const [name, one] of Object.entries(map)) {
        // PORT: 8081 is what people write; only a list or a mapping has no obvious text.
        if (typeof one === "string" || typeof one === "number" || typeof one === "boolean") texts[name] = String(one);
        else problem(`${key}.${name}`, `must be a text, but is ${kindOf(one)}`);
      }
      return texts;
    },
    child(key, childKeys) {
      return raw(key) === undefined ? undefined : readDocument(raw(key), at(key), childKeys, problems);
    },
  };
}

/** @throws WilcoError `invalid_inventory` that tells the first problems, all of them in `details.problems`. */
export function refuseProblems(problems: readonly DocumentProblem[]): void {
  const [first] = problems;
  if (!first) return;
  const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
  throw new WilcoError({
    code: "invalid_inventory",
    message: `${first.path}: ${first.message}${more}.`,
    hint: first.hint ?? undefined,
    details: { problems },
  });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  return typeof value === "object" ? "a mapping" : `the ${typeof value} ${JSON.stringify(value)}`;
}
