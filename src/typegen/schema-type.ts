/**
 * JSON Schema (2020-12) as a TypeScript type. What types can't say (patterns, bounds, `if`, `not`) is left to the server's
 * check; where a schema says nothing the type is `any`, so that no right script has a red line.
 */
import { isJsonObject, type JsonSchema } from "../core/json.ts";
import { docComment, schemaNotes } from "./doc-comment.ts";
import { propertyKey } from "./identifiers.ts";

/** A type inside of itself, or nested deeper than this, goes on as `any`. */
const MAX_DEPTH = 12;
const INLINE_WIDTH = 70;

interface Place {
  /** The whole schema, in which `$ref` looks. */
  root: JsonSchema;
  indent: string;
  depth: number;
  /** References that are being followed. */
  open: readonly string[];
}

/** @param indent of the line the type stands in. */
export function schemaType(schema: JsonSchema, indent = ""): string {
  return typeOf(schema, { root: schema, indent, depth: 0, open: [] });
}

/** Properties that a caller can't leave out: required, and without a default that the server would fill in. */
export function requiredNames(schema: JsonSchema): string[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  return required.filter((name): name is string => {
    const declared = typeof name === "string" ? properties[name] : undefined;
    return typeof name === "string" && !(isJsonObject(declared) && declared["default"] !== undefined);
  });
}

function typeOf(schema: unknown, place: Place): string {
  if (schema === false) return "never";
  if (!isJsonObject(schema) || place.depth > MAX_DEPTH) return "any";
  if (schema["content"] === true) return "FileContent";
  const inner = { ...place, depth: place.depth + 1 };
  const parts = [
    ownType(schema, inner),
    ...listOf(schema["allOf"]).map((part) => typeOf(part, inner)),
    union(listOf(schema["anyOf"]).map((part) => typeOf(part, inner))),
    union(listOf(schema["oneOf"]).map((part) => typeOf(part, inner))),
    typeof schema["$ref"] === "string" ? referenced(schema["$ref"], inner) : undefined,
  ].filter((part): part is string => part !== undefined && part !== "any");
  const distinct = [...new Set(parts)];
  if (distinct.length <= 1) return distinct[0] ?? "any";
  return distinct.map(grouped).join(" & ");
}

function ownType(schema: JsonSchema, place: Place): string | undefined {
  if ("const" in schema) return literal(schema["const"]);
  if (Array.isArray(schema["enum"])) return union(schema["enum"].map(literal)) ?? "never";
  const types = [schema["type"]].flat().filter((type) => typeof type === "string");
  if (types.length > 0) return union(types.map((type) => namedType(type, schema, place)));
  if (isJsonObject(schema["properties"])) return objectType(schema, place);
  return schema["items"] === undefined && schema["prefixItems"] === undefined ? undefined : arrayType(schema, place);
}

function namedType(type: string, schema: JsonSchema, place: Place): string {
  switch (type) {
    case "string":
    case "number":
    case "boolean":
    case "null":
      return type;
    case "integer":
      return "number";
    case "array":
      return arrayType(schema, place);
    case "object":
      return objectType(schema, place);
    default:
      return "any";
  }
}

function arrayType(schema: JsonSchema, place: Place): string {
  const { items, prefixItems } = schema;
  if (!Array.isArray(prefixItems)) return arrayOf(items === undefined ? "any" : typeOf(items, place));
  const least = typeof schema["minItems"] === "number" ? schema["minItems"] : 0;
  const fixed = prefixItems.map((item, at) => `${grouped(typeOf(item, place))}${at < least ? "" : "?"}`);
  if (items !== false) fixed.push(`...${arrayOf(items === undefined ? "any" : typeOf(items, place))}`);
  return `[${fixed.join(", ")}]`;
}

function arrayOf(item: string): string {
  return /^\w+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function objectType(schema: JsonSchema, place: Place): string {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const names = Object.keys(properties);
  const more = additional(schema, place, names.length > 0);
  if (names.length === 0) return more === undefined ? "Record<string, never>" : `Record<string, ${more}>`;
  const required = requiredNames(schema);
  const inner = { ...place, indent: `${place.indent}  ` };
  const fields = names.map((name) => {
    const declared = properties[name];
    const notes = isJsonObject(declared) ? schemaNotes(declared) : [];
    return {
      doc: docComment(notes, inner.indent),
      text: `${propertyKey(name)}${required.includes(name) ? "" : "?"}: ${typeOf(declared, inner)}`,
    };
  });
  if (more !== undefined) fields.push({ doc: "", text: `[name: string]: ${more}` });
  const line = `{ ${fields.map(({ text }) => text).join("; ")} }`;
  if (fields.every(({ doc }) => doc === "") && line.length <= INLINE_WIDTH && !line.includes("\n")) return line;
  return `{\n${fields.map(({ doc, text }) => `${doc}${inner.indent}${text};\n`).join("")}${place.indent}}`;
}

/** What a property that is not declared may be; undefined when there can't be one. */
function additional(schema: JsonSchema, place: Place, named: boolean): string | undefined {
  const open = schema["additionalProperties"];
  const patterns = isJsonObject(schema["patternProperties"]) ? Object.values(schema["patternProperties"]) : [];
  if (patterns.length > 0)
    return named || isJsonObject(open) ? "any" : union(patterns.map((part) => typeOf(part, place)));
  if (open === false) return undefined;
  // An index signature binds the declared properties too, so only `any` is safe beside them.
  if (isJsonObject(open)) return named ? "any" : typeOf(open, place);
  // Declared properties and no word on others: a name that is not declared is more often a mistake than meant.
  return open === true || !named ? "any" : undefined;
}

function referenced(reference: string, place: Place): string {
  if (!reference.startsWith("#") || place.open.includes(reference)) return "any";
  let found: unknown = place.root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found === undefined ? "any" : typeOf(found, { ...place, open: [...place.open, reference] });
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? "any";
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${propertyKey(key)}: ${literal(item)}`)
    .join("; ")} }`;
}

function union(types: string[]): string | undefined {
  const distinct = [...new Set(types)];
  if (distinct.length === 0) return undefined;
  return distinct.includes("any") ? "any" : distinct.join(" | ");
}

function grouped(type: string): string {
  return type.includes(" | ") || type.includes(" & ") ? `(${type})` : type;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
