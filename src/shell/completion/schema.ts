/** What a JSON Schema says about what may be written: names, values, types. Tolerant of any schema. */
import { isJsonObject, type JsonSchema } from "../../core/json.ts";

/** Our own keyword, in the schemas of call-schemas.ts: the values are names that the server knows. */
export const NAMES_KEYWORD = "x-names";
const MAX_DEPTH = 8;

/** With its references followed, and what its parts (allOf, anyOf, oneOf) declare put together. */
export function resolved(schema: unknown, root: unknown = schema, depth = 0): JsonSchema {
  if (!isJsonObject(schema) || depth > MAX_DEPTH) return {};
  const own = schema as JsonSchema;
  const parts = [
    ...(typeof own["$ref"] === "string" ? [referred(own["$ref"], root)] : []),
    ...["allOf", "anyOf", "oneOf"].flatMap((keyword) =>
      Array.isArray(own[keyword]) ? (own[keyword] as unknown[]) : [],
    ),
  ].map((part) => resolved(part, root, depth + 1));
  if (parts.length === 0) return own;
  const choices = parts.flatMap((part) => (Array.isArray(part["enum"]) ? (part["enum"] as unknown[]) : constOf(part)));
  const types = [...new Set(parts.flatMap((part) => [part["type"] ?? []].flat()))];
  return {
    ...Object.assign({}, ...parts),
    ...(choices.length > 0 ? { enum: choices } : {}),
    ...(types.length > 0 ? { type: types } : {}),
    ...own,
    properties: Object.assign({}, ...parts.map(propertiesOf), propertiesOf(own)),
  } as JsonSchema;
}

/** The schema of what stands at a path of keys; "[]" is an item of a list. `undefined` when the schema does not say. */
export function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema | undefined {
  let place: JsonSchema | undefined = resolved(schema);
  for (const key of path) {
    if (place === undefined) return undefined;
    const inner: unknown = key === "[]" ? place["items"] : (propertiesOf(place)[key] ?? place["additionalProperties"]);
    place = isJsonObject(inner) ? resolved(inner, schema) : undefined;
  }
  return place;
}

export function propertiesOf(schema: JsonSchema): Record<string, unknown> {
  return isJsonObject(schema["properties"]) ? schema["properties"] : {};
}

export function requiredOf(schema: JsonSchema): string[] {
  const required = schema["required"];
  return Array.isArray(required) ? required.filter((name): name is string => typeof name === "string") : [];
}

/** The values that are known to be right. A text stands as itself, everything else as JSON. */
export function valuesOf(schema: JsonSchema): unknown[] {
  if (Array.isArray(schema["enum"])) return schema["enum"] as unknown[];
  const constants = constOf(schema);
  if (constants.length > 0) return constants;
  const values: unknown[] = [schema["type"] ?? []].flat().includes("boolean") ? [true, false] : [];
  if (Array.isArray(schema["examples"])) values.push(...(schema["examples"] as unknown[]));
  if (schema["default"] !== undefined && !values.includes(schema["default"])) values.push(schema["default"]);
  return values;
}

/** As TypeScript would write it: `"TERM" | "KILL"`, `string[]`, `{ url: string }`. */
export function typeText(input: unknown, root: unknown = input, depth = 0): string {
  const schema = resolved(input, root);
  if (Array.isArray(schema["enum"]))
    return (schema["enum"] as unknown[]).map((value) => JSON.stringify(value)).join(" | ");
  const constants = constOf(schema);
  if (constants.length > 0) return JSON.stringify(constants[0]);
  const types = [schema["type"] ?? []].flat().filter((type): type is string => typeof type === "string");
  if (types.length === 0) return Object.keys(propertiesOf(schema)).length > 0 ? objectText(schema, root, depth) : "any";
  return types
    .map((type) => {
      if (type === "array") {
        const item = typeText(schema["items"], root, depth + 1);
        return item.includes(" ") ? `Array<${item}>` : `${item}[]`;
      }
      return type === "object" ? objectText(schema, root, depth) : type;
    })
    .join(" | ");
}

function objectText(schema: JsonSchema, root: unknown, depth: number): string {
  const properties = Object.entries(propertiesOf(schema));
  if (properties.length === 0) return "object";
  if (depth > 1) return "{ … }";
  const required = requiredOf(schema);
  const parts = properties.map(
    ([name, inner]) => `${name}${required.includes(name) ? "" : "?"}: ${typeText(inner, root, depth + 1)}`,
  );
  return `{ ${parts.join("; ")} }`;
}

function constOf(schema: JsonSchema): unknown[] {
  return schema["const"] === undefined ? [] : [schema["const"]];
}

/** References inside the schema itself: "#/$defs/port". */
function referred(reference: string, root: unknown): unknown {
  if (!reference.startsWith("#")) return undefined;
  let place = root;
  for (const part of reference.slice(1).split("/").filter(Boolean)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    place = isJsonObject(place) && Object.hasOwn(place, key) ? place[key] : undefined;
  }
  return place;
}
