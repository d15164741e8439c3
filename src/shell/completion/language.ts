/** What JavaScript itself has: words, global names, and the members of its own objects. */
import type { Shape } from "./shapes.ts";

export const KEYWORDS: readonly string[] = (
  "async await break case catch class const continue default delete do else export extends false finally for function " +
  "if import in instanceof let new null of return static super switch this throw true try typeof undefined var void " +
  "while yield"
).split(" ");

/** What the sandbox has of JavaScript's globals. */
export const LANGUAGE_GLOBALS: readonly string[] = (
  "AbortController AbortSignal AggregateError Array ArrayBuffer BigInt Boolean DataView Date Error Event EventTarget " +
  "Float64Array Infinity Int32Array JSON Map Math NaN Number Object Promise Proxy RangeError Reflect RegExp Set String " +
  "Symbol SyntaxError TextDecoder TextEncoder TypeError URL URLSearchParams Uint8Array WeakMap WeakSet atob btoa " +
  "clearInterval clearTimeout decodeURIComponent encodeURIComponent globalThis isFinite isNaN parseFloat parseInt " +
  "performance queueMicrotask setInterval setTimeout structuredClone"
).split(" ");

const namesOf = (object: object) => () => Object.getOwnPropertyNames(object);
const ofClass = (object: object) => () =>
  Object.getOwnPropertyNames(object).filter((name) => !["length", "name", "prototype"].includes(name));

/** Members of what stands for itself. Read from this process's own: the sandbox's are the same. */
export const NAMESPACES: Readonly<Record<string, () => string[]>> = {
  Math: namesOf(Math),
  JSON: namesOf(JSON),
  Reflect: namesOf(Reflect),
  Object: ofClass(Object),
  Array: ofClass(Array),
  Number: ofClass(Number),
  String: ofClass(String),
  Promise: ofClass(Promise),
  Date: ofClass(Date),
};

export const ARRAY_MEMBERS: readonly string[] = publicNames(Array.prototype);
export const TEXT_MEMBERS: readonly string[] = publicNames(String.prototype);

const SAME_LIST = new Set([
  "filter",
  "slice",
  "toSorted",
  "toReversed",
  "toSpliced",
  "concat",
  "with",
  "sort",
  "reverse",
]);
const ONE_OF_LIST = new Set(["at", "find", "findLast", "pop", "shift"]);

/** What a method of arrays gives, as far as that follows from the list. */
export function arrayMember(list: Extract<Shape, { kind: "list" }>, name: string): Shape | undefined {
  if (!ARRAY_MEMBERS.includes(name) || name === "length") return undefined;
  const returns = SAME_LIST.has(name) ? { ...list, more: [] } : ONE_OF_LIST.has(name) ? list.of : undefined;
  return { kind: "call", call: { name, signature: `${name}(…)`, about: "", args: [], returns } };
}

function publicNames(prototype: object): string[] {
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== "constructor" && !name.startsWith("_"))
    .toSorted();
}
