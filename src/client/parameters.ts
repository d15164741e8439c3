/**
 * What is certain about parameters before anything is submitted. The server has the last word (it holds the schema of
 * the moment and a whole validator); this refuses only what no server could accept, at the script's own line.
 */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { OperationDescriptor } from "../domain/resource-type.ts";
import { CREATE_CHILD } from "../domain/capabilities.ts";
import { contentParameters } from "../domain/content.ts";
import { OPTION_KEYS } from "./call-options.ts";
import { ContentFile, isContent } from "./content-file.ts";

/**
 * A copy of the parameters, taken at the call: what the script changes later does not change what is submitted.
 * @throws WilcoError `invalid_parameters`: not an object, not JSON, unknown or missing name, wrong primitive type.
 */
export function snapshotParameters(operation: OperationDescriptor, input: unknown, where: string): JsonObject {
  if (input === undefined) return checked(operation, {}, where);
  requireFilesWhereTheyBelong(operation, input);
  if (!isJsonObject(input) || typeof (input as { then?: unknown }).then === "function") {
    throw invalid(
      `${operation.name} of ${where} takes its parameters as an object, not ${kindOf(input)}`,
      `Write ${operation.name}({ ${exampleOf(operation)} }).`,
    );
  }
  return checked(operation, jsonCopy(operation, input, where), where);
}

/** Files among the parameters, by name: they are sent before the call is filed. */
export function filesIn(input: unknown): string[] {
  if (!isJsonObject(input)) return [];
  return Object.entries(input).flatMap(([name, value]) => ((value as unknown) instanceof ContentFile ? [name] : []));
}

/**
 * Arguments as written, with what stands first put where the operation wants it: a content, as in
 * `deploy(file("app.tgz"), { version: "2" }, options)`, or a type, as in `createChild("container", { name: "web-3" })`.
 */
export function placeFirst(operation: OperationDescriptor, input: readonly unknown[]): readonly unknown[] {
  if (operation.name === CREATE_CHILD && typeof input[0] === "string") {
    const [type, parameters, ...rest] = input;
    return [{ ...(isJsonObject(parameters) ? parameters : {}), type }, ...rest];
  }
  if (!isContent(input[0])) return input;
  const [name] = contentParameters(operation.parameters);
  if (name === undefined) {
    if (!(input[0] instanceof ContentFile)) return input;
    throw invalid(`${operation.name} takes no file`, suggestFile(operation));
  }
  const [content, parameters, ...rest] = input;
  if (parameters !== undefined && !isJsonObject(parameters)) return [parameters, ...rest];
  return [{ ...parameters, [name]: content }, ...rest];
}

function requireFilesWhereTheyBelong(operation: OperationDescriptor, input: unknown): void {
  const known = contentParameters(operation.parameters);
  const wrong = filesIn(input).find((name) => !known.includes(name));
  if (wrong !== undefined) throw invalid(`"${wrong}" of ${operation.name} takes no file`, suggestFile(operation));
}

function suggestFile(operation: OperationDescriptor): string {
  const [first] = contentParameters(operation.parameters);
  return first === undefined ? "None of its parameters is content." : `Write { ${first}: file(…) }.`;
}

function jsonCopy(operation: OperationDescriptor, input: object, where: string): JsonObject {
  let text: string;
  try {
    text = JSON.stringify(input, (key, value: unknown) => {
      // JSON would drop or change these without a word.
      if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
        throw invalid(`"${key}" of ${operation.name} is a ${typeof value}, which JSON can't hold`);
      }
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw invalid(`"${key}" of ${operation.name} is ${value}, which JSON can't hold`);
      }
      return value;
    });
  } catch (error) {
    if (error instanceof WilcoError) throw error;
    throw invalid(`The parameters of ${operation.name} of ${where} can't be written as JSON`, undefined, error);
  }
  return JSON.parse(text) as JsonObject;
}

function checked(operation: OperationDescriptor, parameters: JsonObject, where: string): JsonObject {
  const schema = operation.parameters;
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const names = Object.keys(properties);
  if (schema["additionalProperties"] === false && schema["patternProperties"] === undefined) {
    for (const name of Object.keys(parameters)) {
      if (!names.includes(name)) throw unknownParameter(operation, name, names);
    }
  }
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  for (const name of required) {
    if (typeof name !== "string" || Object.hasOwn(parameters, name)) continue;
    const declared = properties[name];
    // The server fills in defaults before it looks for what is missing.
    if (isJsonObject(declared) && declared["default"] !== undefined) continue;
    throw invalid(`${operation.name} of ${where} needs "${name}"`, `Write ${operation.name}({ ${name}: … }).`);
  }
  for (const name of names) {
    if (!Object.hasOwn(parameters, name)) continue;
    const declared = properties[name];
    const types = isJsonObject(declared) ? [declared["type"]].flat().filter((type) => typeof type === "string") : [];
    const value = parameters[name];
    if (types.length > 0 && !types.some((type) => hasType(value, type))) {
      throw invalid(
        `"${name}" of ${operation.name} must be ${types.map((type) => nounOf(type)).join(" or ")}, not ${kindOf(value)}`,
      );
    }
  }
  return parameters;
}

function unknownParameter(operation: OperationDescriptor, name: string, names: string[]): WilcoError {
  const message = `${operation.name} has no parameter "${name}"`;
  if ((OPTION_KEYS as readonly string[]).includes(name)) {
    return invalid(message, `"${name}" is an option of the call: ${operation.name}({}, { ${name}: … }).`);
  }
  if (names.length === 0) return invalid(message, "It takes no parameters.");
  return invalid(message, suggestion(name, names, "Its parameters"));
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "number":
      return typeof value === "number";
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isJsonObject(value);
    default:
      return true;
  }
}

function nounOf(type: string): string {
  const nouns: Record<string, string> = {
    string: "a text",
    boolean: "true or false",
    number: "a number",
    integer: "a whole number",
    array: "a list",
    object: "an object",
  };
  return nouns[type] ?? type;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 60))}`;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return typeof value === "object" ? "an object of another kind" : `a ${typeof value}`;
}

function exampleOf(operation: OperationDescriptor): string {
  const properties = operation.parameters["properties"];
  const first = isJsonObject(properties) ? Object.keys(properties)[0] : undefined;
  return first === undefined ? "" : `${first}: …`;
}

function invalid(message: string, hint?: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "invalid_parameters", message, hint, cause });
}
