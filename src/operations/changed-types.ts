/**
 * Entries whose type has changed since they were filed: what is claimed runs by the type as it is now, so its parameters
 * have to fit that one. What runs already ends with what it was claimed with.
 */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { EntryRow } from "../database/tables.ts";
import type { EntryError } from "../domain/entry.ts";
import { openParameters } from "../inventory/parameter-secrets.ts";
import type { Target } from "../inventory/targets.ts";
import type { Context } from "./context.ts";

type Filed = Pick<EntryRow, "id" | "kind" | "operation" | "parameters" | "sealed" | "type_version">;

/** One comparison of texts, for nearly all entries. */
export function isTypeChanged({ type_version }: Filed, { type }: Target): boolean {
  return type_version !== null && type_version !== type.version;
}

/** Why an entry can't run any more, or null when it can. @param row whose secrets can be opened. */
export function refusedByType(context: Context, row: Filed, target: Target): EntryError | null {
  if (!isTypeChanged(row, target)) return null;
  try {
    const { parameters } = openParameters(row.parameters, row.sealed, context.secrets.sealer);
    parametersNow(context, row, target, parameters);
    return null;
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    const { message, hint, details } = error;
    return {
      code: "type_changed",
      message: `The type ${target.type.name} has changed since this was filed: ${message}`,
      source: "system",
      hint: hint ?? "File it again, with parameters as the type has them now.",
      ...(isJsonObject(details) ? { details } : {}),
    };
  }
}

/**
 * The parameters with the defaults that the type has now.
 * @throws WilcoError `unknown_operation`, or `invalid_parameters` with every problem.
 */
export function parametersNow(
  { schemas }: Pick<Context, "schemas">,
  row: Filed,
  target: Target,
  parameters: JsonObject,
): JsonObject {
  if (!isTypeChanged(row, target)) return parameters;
  const { operations } = target.type;
  const name = row.operation ?? "";
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation) {
    throw new WilcoError({
      code: "unknown_operation",
      message: `It has no operation "${name}" any more.`,
      hint: suggestion(name, Object.keys(operations), "It has"),
    });
  }
  // What an update of a configuration is to become is merged, and checked, by itself.
  return row.kind === "configuration" ? parameters : schemas.parse(operation.parameters, parameters);
}
