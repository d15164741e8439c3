/** What a schema says of a value that was typed as a text: which JSON types it takes, and which of them the text is. */
import { isJsonObject, type Json, type JsonSchema } from "../core/json.ts";

/** undefined = it can't be one of the schema's types. A text stays a text wherever the schema takes texts. */
export function convertText(text: string, property: JsonSchema, root: JsonSchema): Json | undefined {
  if (Array.isArray(property["enum"])) {
    const chosen = (property["enum"] as Json[]).find(
      (one) => (typeof one === "string" ? one : JSON.stringify(one)) === text,
    );
    if (chosen !== undefined) return chosen;
  }
  const types = typesOf(property, root);
  if (types.includes("string")) return text;
  if (types.includes("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.includes("null") && text === "null") return null;
  const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && types.includes("number")) return number;
  if (number !== undefined && types.includes("integer") && Number.isInteger(number)) return number;
  if (types.includes("object") && text.trimStart().startsWith("{")) return parseJson(text);
  if (types.includes("array")) {
    if (text.trimStart().startsWith("[")) return parseJson(text);
    const items = isJsonObject(property["items"]) ? resolve(property["items"], root) : {};
    const item = convertText(text, items, root);
    return item === undefined ? undefined : [item];
  }
  return undefined;
}

/** The JSON types a schema takes; a schema that does not say takes texts. */
export function typesOf(property: JsonSchema, root: JsonSchema): string[] {
  const type = property["type"];
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type as string[];
  for (const keyword of ["anyOf", "oneOf"]) {
    const choices = property[keyword];
    if (Array.isArray(choices)) {
      return [...new Set(choices.filter(isJsonObject).flatMap((choice) => typesOf(resolve(choice, root), root)))];
    }
  }
  const values = Array.isArray(property["enum"]) ? property["enum"] : "const" in property ? [property["const"]] : [];
  const kinds = new Set(values.map((value) => (value === null ? "null" : typeof value)));
  return kinds.size > 0 ? [...kinds] : ["string"];
}

export function propertySchema(schema: JsonSchema, properties: Record<string, JsonSchema>, name: string): JsonSchema {
  const property = Object.hasOwn(properties, name) ? properties[name] : schema["additionalProperties"];
  return isJsonObject(property) ? resolve(property, schema) : {};
}

/** Follows `$ref: "#/…"` inside the same document. */
function resolve(property: JsonSchema, root: JsonSchema): JsonSchema {
  const ref = property["$ref"];
  if (typeof ref !== "string" || !ref.startsWith("#/")) return property;
  let target: unknown = root;
  for (const part of ref.slice(2).split("/")) target = isJsonObject(target) ? target[part] : undefined;
  return isJsonObject(target) ? { ...target, ...property, $ref: undefined } : property;
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // the caller says what it should have been
  }
}

export function article(type: string): string {
  const words: Record<string, string> = {
    string: "a text",
    boolean: "true or false",
    integer: "a whole number",
    number: "a number",
    object: "an object",
    array: "a list",
    null: "null",
  };
  return words[type] ?? type;
}

export function example(types: readonly string[]): string {
  if (types.includes("boolean")) return "true";
  return types.includes("number") ? "1.5" : types.includes("integer") ? "3" : "VALUE";
}
