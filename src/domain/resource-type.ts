/** The resource type descriptor: what a type can do, in normalised form (every default filled in). */
import type { Json, JsonObject, JsonSchema } from "../core/json.ts";
import type { PollPolicyInput } from "./poll-policy.ts";

/** How what was printed or answered becomes the result; see `OperationDescriptor.implementation`. */
export type ResultForm = "none" | "text" | "json" | "regex";

/** Fields out of a text: the named groups of a regular expression. */
export interface RegexResult {
  pattern: string;
  /** Of i, m, s and u. */
  flags: string;
  /** A list of every match instead of the first one. */
  all: boolean;
  /** What becomes of a group's text; a group that is not named here stays a text. */
  fields: Record<string, "text" | "integer" | "number">;
}

/** What an exit code says: success as code 0 is, success with this value as the result, or a failure of this kind. */
export type ExitCodeMeaning =
  | { kind: "ok" }
  | { kind: "value"; value: Json }
  | { kind: "fails"; code: string; message: string | null; hint: string | null };

/** A command as an argument vector; each element stays one argument after templates are filled in. */
export interface RunImplementation {
  kind: "run";
  argv: string[];
  shell: boolean;
  cwd: string | null;
  env: Record<string, string>;
  /** How stdout becomes the result: "none" gives { exitCode }, "text" adds stdout, "json" parses it, "regex" see below. */
  result: ResultForm;
  /** With `result: "regex"`. */
  regex?: RegexResult;
  /** By exit code; one that is not here means what it always does: 0 success, anything else failure. */
  exitCodes?: Record<string, ExitCodeMeaning>;
}

export interface HttpImplementation {
  kind: "http";
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  /** Statuses that mean success; null = any 2xx. */
  expect: { status: number[] | null };
  result: ResultForm;
  /** With `result: "regex"`. */
  regex?: RegexResult;
}

export type Implementation = RunImplementation | HttpImplementation;

export interface OperationDescriptor {
  name: string;
  description: string | null;
  /** JSON Schema of an object. A type that declares none takes none: `{ additionalProperties: false }`. */
  parameters: JsonSchema;
  /** JSON Schema of the result, or null when undeclared. */
  result: JsonSchema | null;
  /** ms from claim to deadline. Default 1 h. */
  timeout: number;
  /** One at a time per resource. Default true; false for read-only operations. */
  exclusive: boolean;
  /** What happens when its worker dies: "lose" (default, the entry ends as lost) or "requeue" (it is repeatable). */
  onLost: "lose" | "requeue";
  /** How many tries in all when onLost is "requeue". Default 3. */
  maxAttempts: number;
  /** Overrides the type's role. */
  role: string | null;
  /** Slots it takes of a worker, at most all that the worker has. Default 1; WHOLE_WORKER with `exclusiveWorker`. */
  weight: number;
  /** The parameter that `wilco exec … -- ARGV` fills, or null. */
  argv: string | null;
  poll: PollPolicyInput;
  /** How a YAML type does it; null for types written in TypeScript. */
  implementation: Implementation | null;
}

export interface MetricDescriptor {
  /** "%", "ms", "bytes"; null = a plain number. */
  unit: string | null;
  description: string | null;
}

export interface ResourceTypeDescriptor {
  name: string;
  description: string | null;
  /** Content hash for YAML types, package version for built-in ones. */
  version: string;
  role: string;
  /** "bound": the operation is only right on one worker (local processes, local files, commands). */
  runsOn: "any" | "bound";
  /** With this property in its connection a resource of a bound type is right on any worker (it is reached from all). */
  anywhereWith?: string | null;
  /** JSON Schema of the connection; "secret: true" marks what is sealed and never shown. */
  connection: JsonSchema;
  configuration: JsonSchema | null;
  /** The operation whose result has `availability: "up" | "down"`; null when the type has none. */
  check: string | null;
  /** ms between two automatic checks of a resource; null or absent = none. */
  checkEvery?: number | null;
  /** ms between two automatic readings of the metrics; null or absent = none. */
  metricsEvery?: number | null;
  /** What the operation `metrics` answers with, by name. */
  metrics?: Record<string, MetricDescriptor>;
  operations: Record<string, OperationDescriptor>;
  builtin: boolean;
}

/** The weight of an operation that keeps a worker to itself, and the most slots that a worker may have. */
export const WHOLE_WORKER = 10_000;
export const DEFAULT_OPERATION_TIMEOUT = 3_600_000;
export const DEFAULT_MAX_ATTEMPTS = 3;
export const NO_PARAMETERS: JsonSchema = { type: "object", properties: {}, additionalProperties: false };

/** Where the operations of one resource are right; see `runsOn` and `anywhereWith`. */
export function runsOnOf(type: ResourceTypeDescriptor, connection: JsonObject): "any" | "bound" {
  const { anywhereWith } = type;
  return anywhereWith && connection[anywhereWith] !== undefined ? "any" : type.runsOn;
}
