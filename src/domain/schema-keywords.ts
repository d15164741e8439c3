/** Misspelt words of a JSON Schema: keywords that there are not, and types that there are not, each with its place. */
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { SchemaProblem } from "./schema.ts";

const MAPS_OF_SCHEMAS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
const LISTS_OF_SCHEMAS = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const SCHEMAS = new Set([
  "items",
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
]);
const TYPES = ["string", "number", "integer", "boolean", "array", "object", "null"];

/** @param keywords all that there are, those of wilco's own among them. */
export function misspelt(schema: JsonObject, keywords: ReadonlySet<string>, path = ""): SchemaProblem[] {
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  return Object.entries(schema).flatMap(([key, value]): SchemaProblem[] => {
    if (!keywords.has(key)) {
      const hint = suggestion(key, keywords, "Keywords") ?? null;
      return [{ path: at(key), message: "is no keyword of JSON Schema", hint }];
    }
    if (key === "type") return wrongTypes(value, at(key));
    if (SCHEMAS.has(key) && isJsonObject(value)) return misspelt(value, keywords, at(key));
    if (LISTS_OF_SCHEMAS.has(key) && Array.isArray(value))
      return value.flatMap((one, index) => (isJsonObject(one) ? misspelt(one, keywords, `${at(key)}[${index}]`) : []));
    if (MAPS_OF_SCHEMAS.has(key) && isJsonObject(value))
      return Object.entries(value).flatMap(([name, one]) =>
        isJsonObject(one) ? misspelt(one, keywords, `${at(key)}.${name}`) : [],
      );
    return [];
  });
}

function wrongTypes(value: unknown, path: string): SchemaProblem[] {
  return [value].flat().flatMap((type): SchemaProblem[] => {
    if (typeof type === "string" && TYPES.includes(type)) return [];
    const hint = typeof type === "string" ? suggestion(type, TYPES, "Types") : undefined;
    return [{ path, message: `${JSON.stringify(type)} is no type`, hint: hint ?? `Types: ${TYPES.join(", ")}` }];
  });
}
