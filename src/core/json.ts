/** JSON values, and a canonical text of them for hashing and comparing. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
/** A JSON Schema document (draft 2020-12 as far as Ajv takes it). */
export type JsonSchema = { [keyword: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON text with the keys of every object in code-unit order: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(withSortedKeys(value));
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, withSortedKeys(value[key])]));
}

/** Whether two values are the same JSON, whatever the order of their keys. */
export function isSameJson(left: unknown, right: unknown): boolean {
  // Mostly they are written the same, and sorting keys costs ten times this.
  return JSON.stringify(left) === JSON.stringify(right) || canonicalJson(left) === canonicalJson(right);
}

/** A copy that nobody else holds; ten times faster than structuredClone for what is JSON anyway. */
export function copyOfJson<T extends Json>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOfJson) as T;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOfJson(inner)])) as T;
}
