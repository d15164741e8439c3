/** Fills in a descriptor's defaults, the same for types written in YAML and in TypeScript. */
import { sha256 } from "../core/ids.ts";
import { UPDATE_CONFIGURATION, updateParameters } from "../domain/configuration.ts";
import { canonicalJson, type JsonObject, type JsonSchema } from "../core/json.ts";
import { contentParameters, contentSchema } from "../domain/content.ts";
import {
  DEFAULT_MAX_ATTEMPTS,
  DEFAULT_OPERATION_TIMEOUT,
  NO_PARAMETERS,
  type MetricDescriptor,
  type OperationDescriptor,
  type ResourceTypeDescriptor,
} from "../domain/resource-type.ts";
import { DEFAULT_ROLE } from "../domain/route.ts";

export type OperationParts = Partial<Omit<OperationDescriptor, "name">>;
export type TypeParts = Partial<Omit<ResourceTypeDescriptor, "name" | "operations" | "check">>;

export function describeOperation(name: string, parts: OperationParts): OperationDescriptor {
  return {
    name,
    description: null,
    parameters: NO_PARAMETERS,
    result: null,
    timeout: DEFAULT_OPERATION_TIMEOUT,
    exclusive: true,
    onLost: "lose",
    maxAttempts: DEFAULT_MAX_ATTEMPTS,
    role: null,
    weight: 1,
    argv: null,
    poll: {},
    implementation: null,
    ...parts,
    ...(parts.parameters ? { parameters: withContent(parts.parameters) } : {}),
  };
}

/** `content: true` alone says all: what such a value looks like is always the same. */
function withContent(schema: JsonSchema): JsonSchema {
  const names = contentParameters(schema);
  if (names.length === 0) return schema;
  const properties = { ...(schema["properties"] as JsonObject) };
  for (const name of names) {
    const { description, ...more } = properties[name] as JsonObject;
    properties[name] = {
      ...contentSchema(typeof description === "string" ? description : "a file"),
      ...more,
    } as JsonObject;
  }
  return { ...schema, properties };
}

/**
 * The version is a hash of the content unless one is given: a changed descriptor is then never mistaken for the old one,
 * which a forgotten version number would be. Where an operation runs a command, it is bound to one worker by default.
 */
export function describeType(
  name: string,
  parts: TypeParts,
  operations: OperationDescriptor[],
): ResourceTypeDescriptor {
  const runsCommands = operations.some((operation) => operation.implementation?.kind === "run");
  const descriptor: ResourceTypeDescriptor = {
    name,
    description: null,
    version: "",
    role: DEFAULT_ROLE,
    runsOn: runsCommands ? "bound" : "any",
    connection: { type: "object", properties: {}, additionalProperties: false },
    configuration: null,
    check: operations.some((operation) => operation.name === "check") ? "check" : null,
    operations: Object.fromEntries(
      operations.map((operation) => [operation.name, withMeaning(operation, parts.configuration ?? null)]),
    ),
    builtin: false,
    ...parts,
  };
  if (descriptor.version === "") descriptor.version = sha256(canonicalJson(descriptor)).slice(0, 12);
  return descriptor;
}

/** What an update takes is the same for every type, and two of one resource at once would each undo the other. */
function withMeaning(operation: OperationDescriptor, configuration: JsonSchema | null): OperationDescriptor {
  if (operation.name !== UPDATE_CONFIGURATION) return operation;
  return { ...operation, exclusive: true, parameters: updateParameters(configuration ?? { type: "object" }) };
}

/** What a type says of its automatic checks and metrics; keys that say nothing are left out. */
export function describeLooks(said: {
  /** ms; 0 and undefined = never. */
  checkEvery: number | undefined;
  metricsEvery: number | undefined;
  metrics: Record<string, Partial<MetricDescriptor>> | undefined;
}): Pick<ResourceTypeDescriptor, "checkEvery" | "metricsEvery" | "metrics"> {
  const metrics = Object.entries(said.metrics ?? {}).map(
    ([name, { unit = null, description = null }]) => [name, { unit, description }] as const,
  );
  return {
    ...(said.checkEvery ? { checkEvery: said.checkEvery } : {}),
    ...(said.metricsEvery ? { metricsEvery: said.metricsEvery } : {}),
    ...(metrics.length > 0 ? { metrics: Object.fromEntries(metrics) } : {}),
  };
}
