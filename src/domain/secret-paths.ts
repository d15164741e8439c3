/** Where a value has secrets, by the marks of its schema, and reading and writing at such a place. */
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from "../core/json.ts";

/** Keys from the outermost to the innermost; indices of lists as texts. */
export type Path = string[];

/** Where `value` has something that the schema marks as secret. */
export function secretPaths(schema: JsonSchema, value: Json): Path[] {
  const found: Path[] = [];
  walk(schema, schema, value, [], found, 0);
  return found;
}

/** Schemas may refer to themselves; values nest no deeper than this. */
const MAX_DEPTH = 64;

function walk(root: JsonSchema, schema: unknown, value: Json, path: Path, found: Path[], depth: number): void {
  if (!isJsonObject(schema) || depth > MAX_DEPTH || found.some((known) => startsWith(path, known))) return;
  if (schema["secret"] === true) {
    // A connection that is secret as a whole still shows which keys it has.
    if (path.length > 0) found.push(path);
    else if (isJsonObject(value)) found.push(...Object.keys(value).map((key) => [key]));
    return;
  }
  const inside = (next: unknown) => walk(root, next, value, path, found, depth + 1);
  if (typeof schema["$ref"] === "string") inside(referred(root, schema["$ref"]));
  // Whichever branch holds, a value that one of them calls secret is treated as one.
  for (const keyword of ["allOf", "anyOf", "oneOf"]) for (const branch of listOf(schema[keyword])) inside(branch);
  for (const keyword of ["then", "else", "if", "not"]) inside(schema[keyword]);
  if (Array.isArray(value)) {
    const first = listOf(schema["prefixItems"]);
    value.forEach((item, index) =>
      walk(root, first[index] ?? schema["items"], item, [...path, String(index)], found, depth + 1),
    );
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      for (const next of schemasOf(schema, key)) walk(root, next, item, [...path, key], found, depth + 1);
    }
  }
}

function schemasOf(schema: JsonObject, key: string): unknown[] {
  const properties = schema["properties"];
  const matching = Object.entries(isJsonObject(schema["patternProperties"]) ? schema["patternProperties"] : {})
    .filter(([pattern]) => new RegExp(pattern, "u").test(key))
    .map(([, next]) => next as unknown);
  if (isJsonObject(properties) && Object.hasOwn(properties, key)) return [properties[key], ...matching];
  return matching.length > 0 ? matching : [schema["additionalProperties"], schema["unevaluatedProperties"]];
}

function referred(root: JsonSchema, reference: string): unknown {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined;
  let at: unknown = root;
  for (const part of reference.split("/").slice(1)) {
    at = isJsonObject(at) ? at[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return at;
}

export function valueAt(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value;
  for (const key of path) {
    if (Array.isArray(at)) at = at[Number(key)];
    else at = isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

export function setAt(value: JsonObject, path: Path, next: Json): void {
  const last = path.at(-1)!;
  const holder = valueAt(value, path.slice(0, -1));
  if (Array.isArray(holder)) holder[Number(last)] = next;
  // defineProperty: an assignment to "__proto__" would not make a key of that name.
  else if (isJsonObject(holder))
    Object.defineProperty(holder, last, { value: next, enumerable: true, writable: true, configurable: true });
}

/** Where what is neither an object nor a list stands. */
export function leavesOf(value: Json, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

export function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((key, index) => key === path[index]);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
