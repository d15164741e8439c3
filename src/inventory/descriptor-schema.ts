/** The shape of a descriptor that a worker sends: it comes from another machine, so it is checked like any input. */
import type { JsonSchema } from "../core/json.ts";
import { SHORTEST_INTERVAL } from "../domain/interval.ts";
import { WHOLE_WORKER } from "../domain/resource-type.ts";
import { NAME_PATTERN } from "../domain/route.ts";

const name = { type: "string", pattern: NAME_PATTERN.source };
const text = { type: "string", maxLength: 4_000 };
const textOrNull = { type: ["string", "null"], maxLength: 4_000 };
const object = (properties: Record<string, unknown>, optional: Record<string, unknown> = {}): JsonSchema => ({
  type: "object",
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
  additionalProperties: false,
});

const interval = { type: ["integer", "null"], minimum: SHORTEST_INTERVAL };

const operation = object({
  name,
  description: textOrNull,
  parameters: { type: "object" },
  result: { type: ["object", "null"] },
  timeout: { type: "integer", minimum: 1 },
  exclusive: { type: "boolean" },
  onLost: { enum: ["lose", "requeue"] },
  maxAttempts: { type: "integer", minimum: 1, maximum: 1_000 },
  role: { anyOf: [name, { type: "null" }] },
  weight: { type: "integer", minimum: 1, maximum: WHOLE_WORKER },
  argv: textOrNull,
  poll: { type: "object" },
  // A command or call that other workers would run comes from the inventory, never from a worker.
  implementation: { type: "null" },
});

export const DESCRIPTOR_SCHEMA: JsonSchema = object(
  {
    name,
    description: textOrNull,
    version: { ...text, minLength: 1, maxLength: 128 },
    role: name,
    runsOn: { enum: ["any", "bound"] },
    connection: { type: "object" },
    configuration: { type: ["object", "null"] },
    check: textOrNull,
    operations: { type: "object", propertyNames: name, additionalProperties: operation },
    builtin: { type: "boolean" },
  },
  {
    anywhereWith: textOrNull,
    checkEvery: interval,
    metricsEvery: interval,
    metrics: {
      type: "object",
      propertyNames: name,
      additionalProperties: object({ unit: textOrNull, description: textOrNull }),
    },
  },
);
