/** Scalars and one-line flow collections of plain YAML; undefined stands for what only the real parser can read. */
import type { Json, JsonObject } from "./json.ts";

const NULLS = new Set(["null", "Null", "NULL", "~"]);
const TRUE = new Set(["true", "True", "TRUE"]);
const FALSE = new Set(["false", "False", "FALSE"]);
const NUMBER = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
/** Octal, hexadecimal, infinity: rare, and not the same everywhere. */
const ODD_NUMBER = /^[-+]?(0[ox]|\.(inf|Inf|INF|nan|NaN|NAN)$)/;

/** A scalar without quotes, perhaps with a comment behind it. */
export function plainScalar(text: string): Json | undefined {
  const comment = text.indexOf(" #");
  const value = comment < 0 ? text : text.slice(0, comment).trimEnd();
  if (/^[-?:,[\]{}#&*!|>'"%@`]/.test(value) && !NUMBER.test(value)) return undefined;
  if (value.includes(": ") || value.endsWith(":")) return undefined;
  return resolved(value);
}

function resolved(value: string): Json | undefined {
  // Nearly all scalars are words, and few words begin like null, true or false.
  if (/^[a-eg-mo-su-zA-EG-MO-SU-Z_/]/.test(value)) return value;
  if (value === "" || NULLS.has(value)) return null;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  if (ODD_NUMBER.test(value)) return undefined;
  return NUMBER.test(value) ? Number(value) : value;
}

/** In quotes without escapes, perhaps with a comment behind it. */
export function quotedScalar(text: string): string | undefined {
  const match = /^(?:"([^"\\]*)"|'([^']*)')(?: +#.*| *)$/.exec(text);
  return match ? (match[1] ?? match[2]) : undefined;
}

/** `{ a: b, c: [d, "e"] }` on one line, perhaps with a comment behind it. */
export function parseFlow(text: string): Json | undefined {
  let at = 0;
  let failed = false;
  const value = read();
  skip();
  const rest = text.slice(at);
  return failed || !(rest === "" || (rest.startsWith("#") && text[at - 1] === " ")) ? undefined : value;

  function fail(): null {
    failed = true;
    return null;
  }
  function skip(): void {
    while (text[at] === " ") at++;
  }
  function read(): Json {
    skip();
    if (failed) return null;
    if (text[at] === "{") return readMapping();
    if (text[at] === "[") return readList();
    return readScalar(false);
  }

  function readMapping(): Json {
    const mapping: JsonObject = {};
    at++;
    for (skip(); !failed && text[at] !== "}"; skip()) {
      const key = readScalar(true);
      skip();
      if (typeof key !== "string" || key === "__proto__" || Object.hasOwn(mapping, key) || text[at] !== ":")
        return fail();
      at++;
      // "a:b" is one scalar; only a space makes it a pair.
      if (text[at] !== " ") return fail();
      skip();
      // A key without a value.
      if (text[at] === "," || text[at] === "}") return fail();
      mapping[key] = read();
      if (!ended("}")) return fail();
    }
    at++;
    return mapping;
  }

  function readList(): Json {
    const list: Json[] = [];
    at++;
    for (skip(); !failed && text[at] !== "]"; skip()) {
      list.push(read());
      skip();
      // A pair within a list is a mapping of its own.
      if (text[at] === ":" || !ended("]")) return fail();
    }
    at++;
    return list;
  }

  /** Behind a value: a comma, which is taken, or the end, which is not. */
  function ended(close: string): boolean {
    skip();
    if (text[at] === ",") {
      at++;
      skip();
      return text[at] !== ",";
    }
    return text[at] === close;
  }

  function readScalar(isKey: boolean): Json {
    const quote = text[at];
    if (quote === '"' || quote === "'") {
      const end = text.indexOf(quote, at + 1);
      const value = text.slice(at + 1, end);
      if (end < 0 || (quote === '"' && value.includes("\\")) || (quote === "'" && text[end + 1] === "'")) return fail();
      at = end + 1;
      return value;
    }
    const start = at;
    while (at < text.length && !",[]{}#".includes(text[at]!)) {
      if (text[at] === ":" && (text[at + 1] === undefined || " ,[]{}".includes(text[at + 1]!))) break;
      at++;
    }
    const word = text.slice(start, at).trimEnd();
    if (word === "" || text[at] === "#" || at >= text.length) return fail();
    const value = plainScalar(word);
    if (value === undefined || (isKey && value !== word)) return fail();
    return value;
  }
}
