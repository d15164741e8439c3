/**
 * Fields out of a text by a regular expression, matched in a thread that can be ended: a pattern that backtracks for
 * ever would stop the worker otherwise. The thread takes 35 to 55 ms (on a busy machine of two processors), which the
 * worker spends on other things.
 */
import { Worker } from "node:worker_threads";
import type { JsonObject } from "../core/json.ts";
import type { RegexResult } from "../domain/resource-type.ts";
import { OperationError } from "./operation-error.ts";

export interface MatchOptions {
  signal: AbortSignal;
  /** ms until it is given up. Default 5 s. */
  timeout?: number;
}

/** Of all matches; results are at most 4 MB anyway. */
const MOST_MATCHES = 10_000;

const THREAD = `
const { parentPort, workerData: { text, pattern, flags, most } } = require("node:worker_threads");
const found = [];
for (const match of text.matchAll(new RegExp(pattern, flags + "g"))) {
  found.push({ ...match.groups });
  if (found.length >= most) break;
}
parentPort.postMessage(found);
`;

/**
 * The named groups of the first match, or of every match with `all`; null when there is none and `all` is not set.
 * A group that took no part is null.
 * @throws OperationError `regex_too_slow`, `result_too_large`, `invalid_result` (a group that is not the number it is
 *   declared as); the reason of `signal` when that aborts it.
 */
export async function matchFields(
  text: string,
  regex: RegexResult,
  options: MatchOptions,
): Promise<JsonObject | JsonObject[] | null> {
  const groups = await match(text, regex, options);
  const fields = groups.map((one) => fieldsOf(one, regex));
  return regex.all ? fields : (fields[0] ?? null);
}

/** The names of a pattern's groups. @throws SyntaxError for one that can't be used. */
export function groupNames(pattern: string, flags: string): string[] {
  // With an empty alternative it matches the empty text, without ever trying the pattern on anything.
  return Object.keys(new RegExp(`${pattern}|`, flags).exec("")?.groups ?? {});
}

async function match(
  text: string,
  { pattern, flags, all }: RegexResult,
  { signal, timeout = 5_000 }: MatchOptions,
): Promise<Array<Record<string, string | undefined>>> {
  signal.throwIfAborted();
  const most = all ? MOST_MATCHES + 1 : 1;
  const ended = Promise.withResolvers<Array<Record<string, string | undefined>>>();
  const thread = new Worker(THREAD, { eval: true, execArgv: [], env: {}, workerData: { text, pattern, flags, most } });
  thread.once("message", ended.resolve);
  thread.once("error", ended.reject);
  const abort = () => ended.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => ended.reject(tooSlow(pattern, timeout)), timeout);
  try {
    const found = await ended.promise;
    if (found.length > MOST_MATCHES) throw tooMany();
    return found;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    await thread.terminate();
  }
}

function fieldsOf(groups: Record<string, string | undefined>, { fields }: RegexResult): JsonObject {
  return Object.fromEntries(
    Object.entries(groups).map(([name, text]) => [name, text === undefined ? null : valueOf(name, text, fields[name])]),
  );
}

function valueOf(name: string, text: string, kind: RegexResult["fields"][string] = "text"): string | number {
  if (kind === "text") return text;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value)) return value;
  throw new OperationError({
    code: "invalid_result",
    message: `The field "${name}" is ${JSON.stringify(text.slice(0, 80))}, which is not ${kind === "integer" ? "a whole number" : "a number"}.`,
    hint: "Let the group match the digits only, or declare the field as text.",
  });
}

function tooSlow(pattern: string, timeout: number): OperationError {
  return new OperationError({
    code: "regex_too_slow",
    message: `The pattern ${JSON.stringify(pattern.slice(0, 80))} was not done with the text within ${timeout / 1_000} s.`,
    hint: "It tries too many ways: avoid a repetition within a repetition, such as (a+)+, and anchor it with ^ and $.",
  });
}

function tooMany(): OperationError {
  return new OperationError({
    code: "result_too_large",
    message: `The pattern matches more than ${MOST_MATCHES.toLocaleString("en")} times.`,
    hint: "Let the command print less, or match less.",
  });
}
