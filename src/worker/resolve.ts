/** Which handler an assignment asks for. */
import { WilcoError } from "../core/errors.ts";
import type { JsonSchema } from "../core/json.ts";
import { nearest, suggestion } from "../core/suggest.ts";
import type { EntryKind } from "../domain/entry.ts";
import type { Assignment } from "../domain/worker.ts";
import type { Handler, OperationContext, ResourceTypeDefinition } from "../resource-types/sdk.ts";
import { httpImplementation } from "../resource-types/yaml-http.ts";
import { runImplementation } from "../resource-types/yaml-run.ts";

export interface Resolved {
  handler: Handler;
  /** null for YAML types: their schema stays with the server, which has checked the parameters. */
  parameters: JsonSchema | null;
}

/** The kinds that are calls of an operation; a server that is newer may hand out others. */
const RUN_HERE: ReadonlySet<string> = new Set<EntryKind>([
  "operation",
  "script",
  "configuration",
  "deployment",
  "discovery",
]);

export type RunElsewhere = (
  source: NonNullable<ResourceTypeDefinition["source"]>,
  context: OperationContext,
) => Promise<unknown>;

export type Resolve = (assignment: Assignment) => Resolved;

/**
 * @param elsewhere runs the handlers of types that name a `source`.
 * @returns a look-up that throws WilcoError `unknown_type`, `unknown_operation` or `not_permitted`.
 */
export function createResolver(definitions: readonly ResourceTypeDefinition[], elsewhere: RunElsewhere): Resolve {
  const byName = new Map(definitions.map((definition) => [definition.descriptor.name, definition]));
  return ({ kind, operation, implementation, resource, storedSecrets = {} }) => {
    if (!RUN_HERE.has(kind)) {
      throw new WilcoError({
        code: "not_permitted",
        message: `This worker does not know how to run an entry of kind "${kind}".`,
        hint: "Update the worker.",
      });
    }
    if (implementation?.kind === "run")
      return { handler: (context) => runImplementation(context, implementation, storedSecrets), parameters: null };
    if (implementation?.kind === "http")
      return { handler: (context) => httpImplementation(context, implementation, storedSecrets), parameters: null };
    const definition = byName.get(resource.type);
    if (!definition) {
      throw new WilcoError({
        code: "unknown_type",
        message: `This worker has no handlers for the type "${resource.type}".`,
        hint: typeHint(resource.type, [...byName.keys()]),
      });
    }
    const { descriptor, handlers, source } = definition;
    const described = Object.hasOwn(descriptor.operations, operation) ? descriptor.operations[operation] : undefined;
    const own = Object.hasOwn(handlers, operation) ? handlers[operation] : undefined;
    const handler = source && described ? (context: OperationContext) => elsewhere(source, context) : own;
    if (handler) return { handler, parameters: described?.parameters ?? null };
    throw new WilcoError({
      code: "unknown_operation",
      message: `The type "${resource.type}" of this worker has no operation "${operation}".`,
      hint: suggestion(operation, Object.keys(descriptor.operations), "It has"),
    });
  };
}

function typeHint(type: string, known: readonly string[]): string {
  const near = nearest(type, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return `It has ${known.join(", ")}; others come with their directory: --types DIR.`;
}
