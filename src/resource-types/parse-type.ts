/** A resource type as people write it (YAML, already parsed) → its descriptor with every default filled in. */
import { isJsonObject, type JsonSchema } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import { parsePollPolicy, type PollPolicyInput } from "../domain/poll-policy.ts";
import {
  NO_PARAMETERS,
  WHOLE_WORKER,
  type Implementation,
  type OperationDescriptor,
  type ResourceTypeDescriptor,
} from "../domain/resource-type.ts";
import { UPDATE_CONFIGURATION } from "../domain/configuration.ts";
import { isName } from "../domain/route.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { problemsOfCapabilities } from "./check-type.ts";
import { describeOperation, describeType, type OperationParts, type TypeParts } from "./descriptor.ts";
import { type DocumentProblem, type DocumentReader, readDocument, refuseProblems } from "./document-reader.ts";
import { parseLooks } from "./parse-looks.ts";
import { parseImplementation, templatesOf } from "./parse-implementation.ts";
import { isRegexResult, schemaOfRegex } from "./parse-result.ts";

const TYPE_KEYS = [
  "description",
  "role",
  "runsOn",
  "connection",
  "configuration",
  "checkEvery",
  "metricsEvery",
  "metrics",
  "operations",
] as const;
const OPERATION_KEYS = [
  "description",
  "parameters",
  "result",
  "exitCodes",
  "run",
  "shell",
  "cwd",
  "env",
  "http",
  "timeout",
  "exclusive",
  "onLost",
  "maxAttempts",
  "poll",
  "role",
  "weight",
  "exclusiveWorker",
  "argv",
] as const;

export interface ParseTypeOptions {
  schemas: SchemaValidator;
  /** Where the type stands in its document. Default "types.NAME". */
  path?: string;
}

/**
 * @param name of the type, the key it stands under.
 * @param document what stands there, as a plain object.
 * @throws WilcoError `invalid_inventory`: the first problem in the sentence, all of them (path, message, hint) in
 *   `details.problems`.
 */
export function parseResourceType(name: string, document: unknown, options: ParseTypeOptions): ResourceTypeDescriptor {
  const { schemas, path = `types.${name}` } = options;
  const problems: DocumentProblem[] = [];
  const reader = readDocument(document, path, TYPE_KEYS, problems);
  if (!isName(name)) reader.problem(null, "is not a name", NAME_HINT);

  const parts: TypeParts = given({
    description: reader.text("description"),
    role: nameOf(reader, "role"),
    runsOn: reader.choice("runsOn", ["any", "bound"]),
    connection: objectSchema(reader, "connection", schemas),
    configuration: objectSchema(reader, "configuration", schemas),
  });
  const operations = reader.child("operations", null);
  if ((!operations || operations.keys.length === 0) && !reader.told("operations"))
    reader.problem("operations", "is missing", "A type declares at least one operation.");
  const described = (operations?.keys ?? []).map((operation) => parseOperation(operation, operations!, schemas));
  Object.assign(parts, parseLooks(reader, described));
  checkUpdate(reader, operations);
  for (const operation of described) checkTemplates(operation, parts, operations!);
  const descriptor = describeType(name, parts, described);
  const told = new Set(problems.map((one) => one.path));
  for (const { path: at, message, hint } of problemsOfCapabilities(descriptor)) {
    const place = `${path}.${at}`;
    // A result that says nothing that is known was told where it stands.
    if (!told.has(place) && !told.has(`${place}.result`)) problems.push({ path: place, message, hint });
  }
  refuseProblems(problems);
  return descriptor;
}

function parseOperation(name: string, operations: DocumentReader, schemas: SchemaValidator): OperationDescriptor {
  if (!isName(name)) operations.problem(name, "is not a name", NAME_HINT);
  const reader = operations.child(name, OPERATION_KEYS);
  if (!reader) {
    operations.problem(name, "is empty", "Give it run or http.");
    return describeOperation(name, {});
  }
  const parameters = objectSchema(reader, "parameters", schemas);
  const implementation = parseImplementation(reader);
  const parts: OperationParts = given({
    description: reader.text("description"),
    parameters,
    result: resultSchema(reader, schemas) ?? schemaOfFields(name, implementation),
    timeout: reader.duration("timeout"),
    exclusive: reader.flag("exclusive"),
    onLost: reader.choice("onLost", ["lose", "requeue"]),
    maxAttempts: reader.integer("maxAttempts", 1, 1_000),
    role: nameOf(reader, "role"),
    weight: weightOf(reader),
    argv: argvParameter(reader, parameters),
    poll: pollPolicy(reader),
    implementation,
  });
  return describeOperation(name, parts);
}

/** Its parameters are the same for every type; a configuration without a schema could not be checked. */
function checkUpdate(type: DocumentReader, operations: DocumentReader | undefined): void {
  if (!operations?.has(UPDATE_CONFIGURATION)) return;
  if (!type.has("configuration")) {
    const hint = "Declare its JSON Schema: configuration: { type: object, properties: { … } }.";
    operations.problem(UPDATE_CONFIGURATION, "has nothing to update: the type declares no configuration", hint);
  }
  const declared = operations.raw(UPDATE_CONFIGURATION);
  if (!isJsonObject(declared) || declared["parameters"] === undefined) return;
  operations.problem(
    `${UPDATE_CONFIGURATION}.parameters`,
    "are given by wilco",
    "Leave them out: {{parameters.configuration}} is the whole new configuration.",
  );
}

function weightOf(reader: DocumentReader): number | undefined {
  const weight = reader.integer("weight", 1, WHOLE_WORKER);
  if (reader.flag("exclusiveWorker") !== true) return weight;
  if (weight !== undefined)
    reader.problem("weight", "and exclusiveWorker exclude each other", "Leave one of them out.");
  return WHOLE_WORKER;
}

const NAME_HINT = "Names are letters, digits, '.', '_' and '-', and start with a letter or digit.";

function nameOf(reader: DocumentReader, key: string): string | undefined {
  const text = reader.text(key);
  if (text !== undefined && !isName(text)) reader.problem(key, `${JSON.stringify(text)} is not a name`, NAME_HINT);
  return text;
}

/**
 * The schema of an object. Properties it does not declare are refused unless it says otherwise: a misspelt name that is
 * quietly ignored is the error people search longest for.
 */
function objectSchema(reader: DocumentReader, key: string, schemas: SchemaValidator): JsonSchema | undefined {
  const schema = checkedSchema(reader, key, schemas);
  // What can't be used is told, and stands for one that says nothing: that it is missing would be wrong.
  if (schema === undefined) return reader.has(key) ? { type: "object" } : undefined;
  if (schema["type"] !== undefined && schema["type"] !== "object") {
    if (!reader.told(`${key}.type`)) reader.problem(`${key}.type`, 'must be "object"');
    return { type: "object" };
  }
  const open = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
  ];
  const closed = open.some((keyword) => keyword in schema) ? {} : { additionalProperties: false };
  return { type: "object", ...schema, ...closed };
}

function checkedSchema(reader: DocumentReader, key: string, schemas: SchemaValidator): JsonSchema | undefined {
  const schema = reader.raw(key);
  if (schema === undefined) return undefined;
  const problems = schemas.schemaProblems(schema);
  if (problems.length === 0) return schema as JsonSchema;
  const names = isJsonObject(schema) && Object.keys(schema).length > 0 && Object.values(schema).every(isJsonObject);
  const hint = names && !("properties" in (schema as object)) ? "Put the names under properties: { … }." : undefined;
  if (hint !== undefined) reader.problem(key, `is not a usable JSON Schema: ${problems[0]!.message}`, hint);
  else
    for (const { path, message, hint: own } of problems)
      reader.problem(path === "" ? key : `${key}.${path}`, message, own ?? undefined);
  // What it declares all the same keeps the templates from being blamed for it.
  return isJsonObject(schema) && hint === undefined ? schema : undefined;
}

/** `result: json` says how stdout is read; `result: { type: … }` is its schema, and implies json. */
function resultSchema(reader: DocumentReader, schemas: SchemaValidator): JsonSchema | undefined {
  const result = reader.raw("result");
  return typeof result === "string" || isRegexResult(result) ? undefined : checkedSchema(reader, "result", schemas);
}

/** A check adds to the fields what it saw, and an exit code may have a value of its own: those have no schema. */
function schemaOfFields(name: string, implementation: Implementation | null): JsonSchema | undefined {
  if (!implementation?.regex || name === "check") return undefined;
  return implementation.kind === "run" && implementation.exitCodes ? undefined : schemaOfRegex(implementation.regex);
}

function argvParameter(reader: DocumentReader, parameters: JsonSchema | undefined): string | undefined {
  const name = reader.text("argv");
  if (name === undefined) return undefined;
  const properties = propertiesOf(parameters ?? NO_PARAMETERS);
  const found = properties[name];
  if (found === undefined) {
    reader.problem(
      "argv",
      `names no parameter: ${JSON.stringify(name)}`,
      suggestion(name, Object.keys(properties), "Parameters"),
    );
  } else if (isJsonObject(found) && found["type"] !== "array") {
    reader.problem(
      "argv",
      `names a parameter that is not a list: ${JSON.stringify(name)}`,
      `Declare ${name} as { type: array, items: { type: string } }.`,
    );
  }
  return name;
}

function pollPolicy(reader: DocumentReader): PollPolicyInput | undefined {
  const input = reader.raw("poll");
  if (input === undefined) return undefined;
  return reader.guard("poll", () => {
    parsePollPolicy(input);
    return input as PollPolicyInput;
  });
}

/** What an update's templates reach, however its type is configured. */
const UPDATE_SCOPE: JsonSchema = { properties: { configuration: {} }, additionalProperties: false };

/** A template that can never have a value is refused where it is written, not at the first call. */
function checkTemplates(operation: OperationDescriptor, type: TypeParts, operations: DocumentReader): void {
  if (!operation.implementation) return;
  const reader = operations.child(operation.name, null)!;
  const schemas: Record<string, JsonSchema | null | undefined> = {
    parameters: operation.name === UPDATE_CONFIGURATION ? UPDATE_SCOPE : operation.parameters,
    connection: type.connection ?? NO_PARAMETERS,
    configuration: type.configuration,
  };
  for (const { at, path } of templatesOf(operation.implementation)) {
    const [root, name] = path as [string, string];
    const schema = schemas[root];
    if (!schema || schema["additionalProperties"] !== false || schema["$ref"] !== undefined) continue;
    const known = Object.keys(propertiesOf(schema));
    if (known.includes(name)) continue;
    reader.problem(
      at,
      `{{${path.join(".")}}} will never have a value: ${root} declares no "${name}"`,
      suggestion(name, known, `${root} declares`) ?? `Declare it under ${root}.properties.`,
    );
  }
}

function propertiesOf(schema: JsonSchema): Record<string, unknown> {
  const properties = schema["properties"];
  return isJsonObject(properties) ? properties : {};
}

/** Without the keys that were not given, so that they do not hide defaults. */
function given<T extends object>(parts: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as T;
}
