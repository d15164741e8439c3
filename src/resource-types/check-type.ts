/**
 * What is wrong with a type that is a descriptor already: schemas that can't be used, and operations whose name means
 * something but whose shape says something else (`domain/capabilities.ts`).
 */
import { isJsonObject, type JsonSchema } from "../core/json.ts";
import { contentParameters } from "../domain/content.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { SchemaProblem, SchemaValidator } from "../domain/schema.ts";

/** Paths are those of the type: "operations.purge.parameters.properties.days.minimun". */
export function problemsOfType(type: ResourceTypeDescriptor, schemas: SchemaValidator): SchemaProblem[] {
  return [...problemsOfSchemas(type, schemas), ...problemsOfCapabilities(type)];
}

function problemsOfSchemas(type: ResourceTypeDescriptor, schemas: SchemaValidator): SchemaProblem[] {
  const parts: Array<[path: string, schema: JsonSchema | null]> = [
    ["connection", type.connection],
    ["configuration", type.configuration],
    ...Object.values(type.operations).flatMap(({ name, parameters, result }): Array<[string, JsonSchema | null]> => [
      [`operations.${name}.parameters`, parameters],
      [`operations.${name}.result`, result],
    ]),
  ];
  return parts.flatMap(([at, schema]) =>
    schema === null
      ? []
      : schemas.schemaProblems(schema).map((one) => ({ ...one, path: one.path === "" ? at : `${at}.${one.path}` })),
  );
}

/** Those that wilco itself calls, on an interval or to compare: it has no parameters to give. */
const CALLED_BY_WILCO = ["check", "metrics", "readConfiguration"];

/** The second part alone: of a type in YAML, whose schemas are checked where they stand. */
export function problemsOfCapabilities(type: ResourceTypeDescriptor): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const { operations } = type;
  for (const name of CALLED_BY_WILCO) {
    const operation = own(operations, name);
    const required = operation ? textsOf(operation.parameters["required"]) : [];
    if (required.length > 0) {
      problems.push({
        path: `operations.${name}.parameters.required`,
        message: `asks for ${required.join(", ")}, but wilco calls ${name} without parameters`,
        hint: "Give each a default, or take it out of required.",
      });
    }
  }
  const tell = (name: string, part: string, message: string, hint: string) =>
    problems.push({ path: `operations.${name}${part}`, message, hint });

  const check = own(operations, "check");
  if (check?.result && !mayHave(check.result, "availability"))
    tell("check", ".result", "declares no availability", 'A check answers { availability: "up" } or "down".');
  const metrics = own(operations, "metrics");
  if (metrics) {
    const wrong = notNumbers(metrics);
    if (wrong !== null) tell("metrics", wrong.part, wrong.message, "Metrics are numbers by name: { load: 0.3 }.");
  }
  const discover = own(operations, "discover");
  if (discover && !givesJson(discover))
    tell("discover", "", "gives no JSON", "Print { resources: [{ name, type }] } and declare result: json.");
  else if (discover?.result && !mayHave(discover.result, "resources"))
    tell("discover", ".result", "declares no resources", "It answers { resources: [{ name, type }] }.");
  for (const name of ["readConfiguration", "updateConfiguration"]) {
    if (own(operations, name) && type.configuration === null)
      tell(name, "", "is there, but the type has no configuration", "Declare its schema: configuration: { … }");
  }
  const read = own(operations, "readConfiguration");
  if (read && !givesJson(read))
    tell("readConfiguration", "", "gives no JSON", "Print the configuration and declare result: json.");
  const update = own(operations, "updateConfiguration");
  if (update && !mayHave(update.parameters, "configuration"))
    tell(
      "updateConfiguration",
      ".parameters",
      "has no parameter configuration",
      "It is given the whole new one there.",
    );
  const child = own(operations, "createChild");
  for (const name of ["type", "name"]) {
    if (child && !mayHave(child.parameters, name))
      tell("createChild", ".parameters", `has no parameter ${name}`, "It is given type and name of the new resource.");
  }
  const deploy = own(operations, "deploy");
  if (deploy && contentParameters(deploy.parameters).length === 0)
    tell("deploy", ".parameters", "takes no content", "Declare one: content: { type: object, content: true }.");
  return problems;
}

function notNumbers(metrics: OperationDescriptor): { part: string; message: string } | null {
  if (!givesJson(metrics)) return { part: "", message: "gives no numbers by name" };
  const properties = metrics.result?.["properties"];
  for (const [name, schema] of Object.entries(isJsonObject(properties) ? properties : {})) {
    const types = isJsonObject(schema) ? textsOf([schema["type"]].flat()) : [];
    if (types.some((type) => !["number", "integer", "null"].includes(type)))
      return { part: `.result.properties.${name}`, message: "is no number" };
  }
  return null;
}

/** Handlers in TypeScript may return anything; a command or request does as its `result` says. */
function givesJson({ implementation }: OperationDescriptor): boolean {
  return implementation === null || implementation.result === "json" || implementation.result === "regex";
}

/** False only for a schema that lists its properties and lets no others be. */
function mayHave(schema: JsonSchema, property: string): boolean {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  return Object.hasOwn(properties, property) || schema["additionalProperties"] !== false;
}

function own(operations: ResourceTypeDescriptor["operations"], name: string): OperationDescriptor | undefined {
  return Object.hasOwn(operations, name) ? operations[name] : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
