/** Reading a configuration, and applying one: nothing counts as applied that does not read back as it was asked for. */
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { MASK } from "../core/masking.ts";
import {
  declaredPart,
  differences,
  mergePatch,
  OTHER_SECRET,
  READ_CONFIGURATION,
  secretPlaces,
  shownDifferences,
  type ConfigurationDifference,
} from "../domain/configuration.ts";
import { secretPaths, setAt, valueAt } from "../domain/secret-paths.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import type { ConfigurationWork } from "../domain/worker.ts";
import { OperationError } from "../resource-types/operation-error.ts";
import type { Exec, Handler, OperationContext } from "../resource-types/sdk.ts";
import type { Resolve } from "./resolve.ts";

/** A look-up whose handlers read and update configurations as the server is to hear of them. */
export function verifyConfigurations(resolve: Resolve, schemas: SchemaValidator): Resolve {
  return (assignment) => {
    const { operation, configuration: work } = assignment;
    const resolved = resolve(assignment);
    if (!work) return resolved;
    if (operation === READ_CONFIGURATION) return { ...resolved, handler: comparingRead(resolved.handler, work) };
    const read = work.read && resolve({ ...assignment, ...work.read, operation: READ_CONFIGURATION }).handler;
    const update = verifyingUpdate(resolved.handler, read, work);
    return { ...resolved, handler: work.patch && read ? updateOfLive(update, read, work, schemas) : update };
  };
}

/**
 * The first update of a resource: nothing is known that its patch could be merged into, so it is what the resource has.
 * What came of it goes to the server beside the result.
 */
function updateOfLive(update: Handler, read: Handler, work: ConfigurationWork, schemas: SchemaValidator): Handler {
  return async (context) => {
    const live = liveOf(await read(readingContext(context)), work);
    const configuration = schemas.parse(work.schema, mergePatch(live, work.patch!), {
      what: `configuration of ${context.resource.name}, merged into what it has`,
    });
    const done = (await update(withCall(context, context.operation, { configuration }))) as JsonObject;
    return { ...done, configuration };
  };
}

/** What the resource says, as far as its schema speaks of it; secrets only say whether they are the known ones. */
function comparingRead(read: Handler, work: ConfigurationWork): Handler {
  return async (context) => {
    const live = liveOf(await read(readingContext(context)), work);
    for (const path of secretPaths(work.schema, live)) {
      const same = work.known !== null && differences(valueAt(work.known, path), valueAt(live, path)).length === 0;
      setAt(live, path, same ? MASK : OTHER_SECRET);
    }
    return live;
  };
}

/**
 * The type's handler, then a read in the same execution.
 * @param read null = the type can't.
 * @throws OperationError `not_verified` that names what differs.
 */
function verifyingUpdate(update: Handler, read: Handler | null, work: ConfigurationWork): Handler {
  return async (context) => {
    const result = (await update(context)) ?? null;
    if (read === null) return { verified: false, result };
    context.signal.throwIfAborted();
    const live = liveOf(await read(readingContext(context)), work);
    const wanted = context.parameters["configuration"] as JsonObject;
    const found = differences(wanted, live);
    if (found.length > 0) {
      throw notVerified(context, shownDifferences(found, secretPlaces(work.schema, wanted, live), MASK));
    }
    return { verified: true, result };
  };
}

/** The same execution with another call. Inherited: a copy would read what is made when first asked for. */
function withCall(context: OperationContext, operation: string, parameters: JsonObject): OperationContext {
  return Object.create(context, {
    operation: { value: operation, enumerable: true },
    parameters: { value: parameters, enumerable: true },
  }) as OperationContext;
}

/** What its commands print is the configuration: the result says it, with its secrets masked, and the output does not. */
function readingContext(context: OperationContext): OperationContext {
  const exec: Exec = (argv, options) => context.exec(argv, { ...options, stream: false });
  return Object.create(withCall(context, READ_CONFIGURATION, {}), {
    exec: { value: exec, enumerable: true },
  }) as OperationContext;
}

function liveOf(value: unknown, { schema }: ConfigurationWork): JsonObject {
  // A copy that is JSON: what a handler returned may be anything.
  const live = JSON.parse(JSON.stringify(value ?? null)) as Json;
  if (isJsonObject(live)) return declaredPart(schema, live) as JsonObject;
  throw new OperationError({
    code: "invalid_result",
    message: `${READ_CONFIGURATION} must answer with the configuration as an object.`,
    hint: "Return it whole; a YAML operation prints it as JSON and declares result: json.",
  });
}

const SHOWN = 5;

function notVerified({ resource }: OperationContext, found: ConfigurationDifference[]): OperationError {
  const shown = found.slice(0, SHOWN).map(describe).join("; ");
  const more = found.length > SHOWN ? `; and ${found.length - SHOWN} more` : "";
  return new OperationError({
    code: "not_verified",
    message: `${resource.name} was given its new configuration, but does not have it: ${shown}${more}.`,
    hint: `Nothing was recorded as known; see what it has with: wilco config drift ${resource.name}`,
    details: { differences: found as unknown as Json },
  });
}

/** `"port" is 8080 instead of 9090` */
function describe({ path, before: wanted, after: live }: ConfigurationDifference): string {
  if (live === undefined) return `"${path}" is missing`;
  if (wanted === undefined) return `"${path}" is there and was not asked for`;
  if (wanted === MASK) return `"${path}" is another secret`;
  const text = (value: Json) => JSON.stringify(value).slice(0, 80);
  return `"${path}" is ${text(live)} instead of ${text(wanted)}`;
}
