/** What the two kinds of YAML implementation share. */
import type { JsonObject } from "../core/json.ts";
import type { OperationContext } from "./sdk.ts";
import type { TemplateScope } from "./template.ts";

export function templateScope(context: OperationContext): TemplateScope {
  const { connection, configuration = {}, ...resource } = context.resource;
  return { parameters: context.parameters, connection, configuration, resource };
}

/**
 * An operation named "check" looks at its resource: finding it down is a successful look. A result of its own that says
 * `availability` stands as it is.
 */
export function checkResult(up: boolean, facts: JsonObject, result?: unknown): JsonObject {
  const own = typeof result === "object" && result !== null && !Array.isArray(result) ? (result as JsonObject) : {};
  return { availability: up ? "up" : "down", ...facts, ...own };
}
