/** What the two kinds of YAML implementation share. */
import type { JsonObject } from "../core/json.ts";
import type { RegexResult } from "../domain/resource-type.ts";
import { OperationError } from "./operation-error.ts";
import type { OperationContext } from "./sdk.ts";
import type { TemplateScope } from "./template.ts";

/** @param secrets of the store, by name. */
export function templateScope(context: OperationContext, secrets: Record<string, string>): TemplateScope {
  const { connection, configuration = {}, ...resource } = context.resource;
  return { parameters: context.parameters, connection, configuration, resource, secrets };
}

/**
 * An operation named "check" looks at its resource: finding it down is a successful look. A result of its own that says
 * `availability` stands as it is.
 */
export function checkResult(up: boolean, facts: JsonObject, result?: unknown): JsonObject {
  const own = typeof result === "object" && result !== null && !Array.isArray(result) ? (result as JsonObject) : {};
  return { availability: up ? "up" : "down", ...facts, ...own };
}

/** @param what printed or answered the text, e.g. "nginx". */
export function noMatch(what: string, { pattern }: RegexResult): OperationError {
  return new OperationError({
    code: "no_match",
    message: `What ${what} gave does not match ${JSON.stringify(pattern.slice(0, 200))}.`,
    hint: "Compare it with the entry's output; with all: true, no match is an empty list.",
  });
}
