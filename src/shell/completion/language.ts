/** What JavaScript itself has: words, global names, and the members of its own objects. */
import type { Shape } from "./shapes.ts";

export const KEYWORDS = words(
  "async await break case catch class const continue default delete do else export extends false finally for function " +
    "if import in instanceof let new null of return static super switch this throw true try typeof undefined var void " +
    "while yield",
);

/** What the sandbox has of JavaScript's globals. */
export const LANGUAGE_GLOBALS = words(
  "AbortController AbortSignal AggregateError Array ArrayBuffer BigInt Boolean DataView Date Error Event EventTarget " +
    "Float64Array Infinity Int32Array JSON Map Math NaN Number Object Promise Proxy RangeError Reflect RegExp Set String " +
    "Symbol SyntaxError TextDecoder TextEncoder TypeError URL URLSearchParams Uint8Array WeakMap WeakSet atob btoa " +
    "clearInterval clearTimeout decodeURIComponent encodeURIComponent globalThis isFinite isNaN parseFloat parseInt " +
    "performance queueMicrotask setInterval setTimeout structuredClone",
);

/** Members of what stands for itself, as the sandbox's engine has them; a test compares. */
export const NAMESPACES: Readonly<Record<string, readonly string[]>> = {
  Math: words(
    "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos " +
      "cosh exp expm1 f16round floor fround hypot imul log log10 log1p log2 max min pow random round sign sin " +
      "sinh sqrt sumPrecise tan tanh trunc",
  ),
  JSON: words("parse stringify"),
  Reflect: words(
    "apply construct defineProperty deleteProperty get getOwnPropertyDescriptor getPrototypeOf has isExtensible " +
      "ownKeys preventExtensions set setPrototypeOf",
  ),
  Object: words(
    "assign create defineProperties defineProperty entries freeze fromEntries getOwnPropertyDescriptor " +
      "getOwnPropertyDescriptors getOwnPropertyNames getOwnPropertySymbols getPrototypeOf groupBy hasOwn is " +
      "isExtensible isFrozen isSealed keys preventExtensions seal setPrototypeOf values",
  ),
  Array: words("from fromAsync isArray of"),
  Number: words(
    "EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY " +
      "isFinite isInteger isNaN isSafeInteger parseFloat parseInt",
  ),
  String: words("fromCharCode fromCodePoint raw"),
  Promise: words("all allSettled any race reject resolve try withResolvers"),
  Date: words("UTC now parse"),
};

export const ARRAY_MEMBERS = words(
  "at concat copyWithin entries every fill filter find findIndex findLast findLastIndex flat flatMap forEach " +
    "includes indexOf join keys lastIndexOf length map pop push reduce reduceRight reverse shift slice some " +
    "sort splice toReversed toSorted toSpliced toString unshift values with",
);
/** Without what the standard keeps for old pages only. */
export const TEXT_MEMBERS = words(
  "at charAt charCodeAt codePointAt concat endsWith includes indexOf isWellFormed lastIndexOf length " +
    "localeCompare match matchAll normalize padEnd padStart repeat replace replaceAll search slice split " +
    "startsWith substring toLocaleLowerCase toLocaleUpperCase toLowerCase toString toUpperCase toWellFormed " +
    "trim trimEnd trimStart",
);

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

function words(text: string): readonly string[] {
  return text.split(" ");
}
