/** What a handler ended with, as something that can be stored: JSON within bounds, and errors that name their source. */
import { types } from "node:util";
import { isErrorCode, WilcoError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { EntryError } from "../domain/entry.ts";
import { OperationError } from "../resource-types/operation-error.ts";
import { LIMITS } from "../protocol/schema-parts.ts";

/** As the protocol bounds them. */
const MAX_MESSAGE = 8_192;
const MAX_HINT = 2_048;
const MAX_CODE = 64;
const MAX_DETAILS = 64 * 1024;
const MAX_DEPTH = 200;
/** Characters of the path of what is nested too deeply. */
const SHOWN_PATH = 40;

export type Normalised = { result: Json; size: number } | { error: EntryError };

/** undefined counts as null. What JSON would quietly change or leave out (a Map, NaN, a function) is an error instead. */
export function normaliseResult(value: unknown): Normalised {
  if (value === undefined || value === null) return { result: null, size: 4 };
  try {
    const wrong = findNonJson(value, "the result", []);
    if (wrong !== null) return { error: invalidResult(wrong) };
    const text = JSON.stringify(value);
    const size = Buffer.byteLength(text);
    if (size > LIMITS.result) return { error: tooLarge(size) };
    // A snapshot: the handler may hold on to what it returned.
    return { result: JSON.parse(text) as Json, size };
  } catch (error) {
    // A getter or toJSON that throws.
    return { error: invalidResult(`reading it throws: ${safeMessage(error)}`) };
  }
}

/** Where in `value` something is that JSON can't hold, as a sentence without its full stop, or null. */
function findNonJson(value: unknown, path: string, above: object[]): string | null {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return null;
    case "number":
      return Number.isFinite(value) ? null : `${path} is ${value}`;
    case "object":
      break;
    default:
      return `${path} is a ${typeof value}`;
  }
  if (value === null) return null;
  if (above.includes(value)) return `${path} refers back to itself`;
  if (above.length >= MAX_DEPTH) return `${path.slice(0, SHOWN_PATH)}… is nested more than ${MAX_DEPTH} levels deep`;
  if (types.isMap(value) || types.isSet(value) || types.isPromise(value) || ArrayBuffer.isView(value)) {
    // A Buffer has a toJSON, which makes ten bytes of each one: certainly not what was meant.
    return `${path} is a ${value.constructor.name}`;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return null;
  const within = [...above, value];
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) {
    const wrong = findNonJson(inner, typeof key === "number" ? `${path}[${key}]` : `${path}.${key}`, within);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Whatever was thrown: an OperationError as it says, anything else by its message. Never throws itself. */
export function normaliseError(thrown: unknown): EntryError {
  if (thrown instanceof OperationError) return entryError(thrown.code, safeMessage(thrown), thrown.source, thrown);
  if (isWilcoError(thrown)) return entryError(thrown.code, safeMessage(thrown), "operation", thrown);
  return entryError("handler_threw", safeMessage(thrown), "operation");
}

/** Also one of the library's own copy of the class, which a handler has that talks to a server. */
function isWilcoError(thrown: unknown): thrown is WilcoError {
  if (thrown instanceof WilcoError) return true;
  return thrown instanceof Error && "hint" in thrown && "code" in thrown && isErrorCode(thrown.code);
}

/** The worker could not even begin. */
export function systemError(thrown: unknown): EntryError {
  const known = thrown instanceof WilcoError || thrown instanceof OperationError;
  return entryError(known ? thrown.code : "internal", safeMessage(thrown), "system", known ? thrown : {});
}

export function entryError(
  code: string,
  message: string,
  source: EntryError["source"],
  more: { hint?: string | undefined; details?: unknown } = {},
): EntryError {
  const error: EntryError = {
    code: clean(code, MAX_CODE) || "handler_threw",
    message: clean(message, MAX_MESSAGE),
    source,
  };
  if (more.hint !== undefined) error.hint = clean(more.hint, MAX_HINT);
  if (more.details === undefined) return error;
  const details = normaliseResult(more.details);
  if ("result" in details && details.size <= MAX_DETAILS) error.details = details.result;
  return error;
}

function safeMessage(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message || thrown.name;
    if (typeof thrown === "string") return thrown || "an empty text was thrown";
    if (thrown === undefined || thrown === null) return `${String(thrown)} was thrown`;
    return `something that is not an error was thrown: ${JSON.stringify(thrown)?.slice(0, 500) ?? typeof thrown}`;
  } catch {
    return "something was thrown that can't be described";
  }
}

/** PostgreSQL can't store NUL in texts, and a message is no place for a book. */
function clean(text: unknown, max: number): string {
  const whole = String(text).replaceAll("\0", "\uFFFD");
  return whole.length > max ? `${whole.slice(0, max - 1)}…` : whole;
}

function invalidResult(wrong: string): EntryError {
  return entryError("invalid_result", `The operation ended, but its result is not JSON: ${wrong}.`, "operation", {
    hint: "Return plain objects, lists, texts, finite numbers, booleans and null.",
  });
}

function tooLarge(size: number): EntryError {
  const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  return entryError(
    "result_too_large",
    `The operation ended, but its result has ${mb(size)} of at most ${mb(LIMITS.result)}.`,
    "operation",
    {
      hint: "Return a summary and write the rest to the output.",
    },
  );
}
