/** What the calls of the script API take, as JSON Schemas, so that completion treats them as it treats operations. */
import { CHART_SUBJECTS } from "../../client/chart.ts";
import type { JsonSchema } from "../../core/json.ts";
import { ENTRY_KINDS } from "../../domain/entry.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import { STATUSES } from "../../domain/status.ts";
import { NAMES_KEYWORD } from "./schema.ts";

const text = (description: string, examples: string[] = []): JsonSchema => ({ type: "string", description, examples });
/** A name that the server knows. */
const known = (names: string, description: string): JsonSchema => ({
  type: "string",
  description,
  [NAMES_KEYWORD]: names,
});
const object = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: "object", properties });

export const RESOURCE_NAME = known("resources", "Name of a resource.");
export const GROUP_NAME = known("groups", "Name of a group.");
export const TARGET: JsonSchema = { enum: ["up", "down"] };
export const SUBJECT: JsonSchema = { enum: CHART_SUBJECTS };
export const BATCH: JsonSchema = { type: ["number", "string"], examples: ["25%"] };

export const POLL = object({
  delay: text("Before each look at the audit trail. Default 1s.", ["500ms", "1s", "5s"]),
  limit: { type: "number", description: "Looks at most. Default Infinity." },
  backoff: { type: "number", description: "Factor on the delay after each look. Default 1." },
  maxDelay: text("The longest delay that backoff may reach. Default: no cap.", ["30s"]),
  jitter: { type: "number", description: "Share of each delay that is random, 0 to 1. Default 0." },
  waitTimeout: text("Bound on the whole wait. Default: none.", ["30s", "5m"]),
  onLimit: { enum: ["throw", "return"], description: 'At the limit. Default "throw".' },
});

const OPTION_SCHEMAS = {
  poll: { ...POLL, description: "How to look at the audit trail while waiting." },
  timeout: text("Of the operation, from its claim. Default: the operation's own.", ["30s", "5m", "1h"]),
  priority: { enum: Object.keys(PRIORITIES), description: 'Default "normal".' },
  at: text('When to start: a time with its offset, or "+5m". Default: at once.', ["+5m"]),
  zone: known("zones", "Instead of the resource's zone."),
  worker: known("workers", "On this worker and no other."),
  after: { description: "Start only after these entries ended as asked." },
  requireWorker: { type: ["boolean", "string"], description: "End it when no live worker takes it for that long." },
  note: text("Shown in the history."),
} satisfies Record<string, JsonSchema>;

/** Of `with()`. */
export const DEFAULTS = object(OPTION_SCHEMAS);
export const OPTIONS = object({ ...OPTION_SCHEMAS, idempotencyKey: text("Two calls with one key are one entry.") });

/** Of an update of a configuration. */
export const UPDATE_OPTIONS = object({
  base: { type: "integer", description: "The version that the change was thought up on." },
  ...OPTION_SCHEMAS,
});
export const VERSION: JsonSchema = { type: "integer", description: "A version of the configuration." };
export const COUNT: JsonSchema = { type: "integer", description: "At most this many." };

export const SELECTOR: JsonSchema = {
  ...object({
    name: { ...RESOURCE_NAME, type: ["string", "array"], items: RESOURCE_NAME },
    type: known("types", "Name of a resource type."),
    zone: known("zones", "Name of a zone."),
    group: GROUP_NAME,
    worker: known("workers", "Name of a worker."),
    labels: {
      type: "object",
      [NAMES_KEYWORD]: "labels",
      description: "Labels and the values they must have.",
      additionalProperties: known("labels", "Value of the label."),
    },
  }),
  [NAMES_KEYWORD]: "selector",
  type: ["string", "object"],
};

const QUERY_SCHEMAS = {
  status: { type: ["string", "array"], enum: STATUSES, items: { enum: STATUSES } },
  operation: known("operations", "Name of an operation."),
  kind: { enum: ENTRY_KINDS },
  requestedBy: text("Name of the token that asked."),
  automatic: { type: "boolean", description: "Also the checks and metrics that wilco files by itself. Default false." },
  parent: { type: "integer", description: "Id of the request that it is a task of." },
  since: text("Created at this time or later."),
  until: text("Created before this time."),
  order: { enum: ["newest", "oldest"] },
  limit: { type: "integer", description: "Entries at most. Default 100." },
} satisfies Record<string, JsonSchema>;

export const HISTORY_OF_ONE = object(QUERY_SCHEMAS);
export const HISTORY = object({ ...QUERY_SCHEMAS, resource: RESOURCE_NAME });
const RANGE = {
  since: text('A time, or how long ago: "1h".'),
  until: text("The same. Default now."),
} satisfies Record<string, JsonSchema>;

export const DEPLOYMENTS = object({ limit: { type: "integer", description: "At most this many. Default 100." } });
export const ROLLBACK = object({
  to: { type: "integer", description: "The version to bring back. Default: the one before the current." },
  ...OPTION_SCHEMAS,
  idempotencyKey: text("Two calls with one key are one entry."),
});
export const AVAILABILITY_HISTORY = object({
  ...RANGE,
  limit: { type: "integer", description: "Changes, the newest. Default 200." },
});
export const METRICS_HISTORY = object({
  ...RANGE,
  name: text("Of one metric. Default all."),
  points: { type: "integer", description: "At most, the samples between averaged. Default 240." },
});
export const CANCEL = object({
  force: { type: "boolean", description: "End the entry without its worker's answer. Default false." },
  reason: text("Shown in the history."),
});
export const OUTPUT = object({ stream: { enum: ["stdout", "stderr"], description: "Default: both." } });
