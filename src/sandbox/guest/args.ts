/** The script's own arguments: everything after its file on the command line. */
import { WilcoError } from "../../core/errors.ts";
import { nearest } from "../../core/suggest.ts";

const KINDS = ["string", "number", "boolean", "string?", "number?", "boolean?"] as const;
/** A kind ending in "?" may be missing. A boolean is false when missing. */
export type ArgumentKind = (typeof KINDS)[number];

type ValueOf<K extends ArgumentKind> = K extends "string" | "string?"
  ? string
  : K extends "number" | "number?"
    ? number
    : boolean;
export type ParsedArguments<S extends Record<string, ArgumentKind>> = {
  [N in keyof S]: S[N] extends "string?" | "number?" ? ValueOf<S[N]> | undefined : ValueOf<S[N]>;
};

export interface ScriptArguments extends ReadonlyArray<string> {
  /**
   * Reads `--name=value`, `--name value`, `--flag`, `--no-flag`; what has no name fills the names not given, in the
   * order of the specification. `--dry-run` is `dryRun`; after `--` nothing is a name.
   * @throws WilcoError `invalid_request`, which ends the run with exit code 2 when it is not caught.
   */
  parse<const S extends Record<string, ArgumentKind>>(specification: S): ParsedArguments<S>;
}

export function createArguments(values: readonly string[]): ScriptArguments {
  const list = [...values];
  Object.defineProperty(list, "parse", {
    value: (specification: Record<string, ArgumentKind>) => parseArguments(values, specification),
  });
  return Object.freeze(list) as unknown as ScriptArguments;
}

function parseArguments(
  values: readonly string[],
  specification: Record<string, ArgumentKind>,
): Record<string, unknown> {
  const names = Object.keys(specification);
  for (const name of names) {
    if (!KINDS.includes(specification[name]!)) {
      throw invalid(`args.parse: ${name} is ${JSON.stringify(specification[name])}`, `Kinds are ${KINDS.join(", ")}.`);
    }
  }
  const given = new Map<string, unknown>();
  const rest: string[] = [];
  const usage = usageOf(specification);

  const take = (name: string, value: unknown): void => {
    if (given.has(name)) throw invalid(`--${dashed(name)} is given twice`, usage);
    given.set(name, value);
  };

  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (value === "--") {
      rest.push(...values.slice(at + 1));
      break;
    }
    if (!value.startsWith("--")) {
      rest.push(value);
      continue;
    }
    const equals = value.indexOf("=");
    const written = value.slice(2, equals < 0 ? undefined : equals);
    const name = nameOf(written, names);
    if (name === undefined) {
      const negated = written.startsWith("no-") ? nameOf(written.slice(3), names) : undefined;
      if (negated === undefined || !isBoolean(specification[negated]!) || equals >= 0) {
        const near = nearest(written, names.map(dashed));
        throw invalid(
          `The script has no argument --${written}`,
          near === undefined ? usage : `Did you mean --${near}?`,
        );
      }
      take(negated, false);
      continue;
    }
    const kind = specification[name]!;
    if (equals >= 0) take(name, convert(name, kind, value.slice(equals + 1), usage));
    else if (isBoolean(kind)) take(name, true);
    else if (at + 1 < values.length && !values[at + 1]!.startsWith("--"))
      take(name, convert(name, kind, values[++at]!, usage));
    else throw invalid(`--${written} has no value`, usage);
  }

  const open = names.filter((name) => !given.has(name) && !isBoolean(specification[name]!));
  for (const value of rest) {
    const name = open.shift();
    if (name === undefined) throw invalid(`${JSON.stringify(value)} is one argument too many`, usage);
    given.set(name, convert(name, specification[name]!, value, usage));
  }
  const parsed: Record<string, unknown> = {};
  for (const name of names) {
    const kind = specification[name]!;
    if (!given.has(name) && !kind.endsWith("?") && !isBoolean(kind))
      throw invalid(`The argument ${name} is missing`, usage);
    parsed[name] = given.has(name) ? given.get(name) : isBoolean(kind) ? false : undefined;
  }
  return parsed;
}

function convert(name: string, kind: ArgumentKind, text: string, usage: string): unknown {
  if (kind.startsWith("string")) return text;
  if (isBoolean(kind)) {
    if (text === "true" || text === "yes" || text === "1") return true;
    if (text === "false" || text === "no" || text === "0") return false;
    throw invalid(`--${dashed(name)}: ${JSON.stringify(text)} is neither true nor false`, usage);
  }
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) {
    throw invalid(`${name}: ${JSON.stringify(text)} is not a number`, usage);
  }
  return number;
}

function usageOf(specification: Record<string, ArgumentKind>): string {
  const parts = Object.entries(specification).map(([name, kind]) => {
    if (isBoolean(kind)) return `[--${dashed(name)}]`;
    const named = `--${dashed(name)}=${kind.startsWith("number") ? "NUMBER" : "TEXT"}`;
    return kind.endsWith("?") ? `[${named}]` : named;
  });
  return parts.length === 0 ? "The script takes no arguments." : `Usage: ${parts.join(" ")}`;
}

function nameOf(written: string, names: string[]): string | undefined {
  return names.find((name) => name === written || dashed(name) === written);
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function isBoolean(kind: ArgumentKind): boolean {
  return kind.startsWith("boolean");
}

function invalid(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
