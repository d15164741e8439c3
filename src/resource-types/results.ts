/** Schemas of results: what editors and completion know of what an awaited operation gives. */
import type { JsonSchema } from "../core/json.ts";

export const TEXT: JsonSchema = { type: "string" };
export const NUMBER: JsonSchema = { type: "number" };
export const COUNT: JsonSchema = { type: "integer", minimum: 0 };
export const FLAG: JsonSchema = { type: "boolean" };
export const TEXTS: JsonSchema = { type: "array", items: TEXT };

export function orNull(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema["type"], "null"].flat() };
}

export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

/** All of these properties and no others, but for those that may be missing. */
export function resultOf(
  properties: Record<string, JsonSchema>,
  optional: Record<string, JsonSchema> = {},
): JsonSchema {
  return {
    type: "object",
    properties: { ...properties, ...optional },
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

/** Of a check: what it saw, and what else it has to say. */
export function checkResult(more: Record<string, JsonSchema>): JsonSchema {
  return resultOf({ availability: { enum: ["up", "down"] } }, { reason: described(TEXT, "why it is down"), ...more });
}
