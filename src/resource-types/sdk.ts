/**
 * Resource types in TypeScript. A type is a descriptor (what it can do) and a handler for each operation (how):
 *
 *     export default defineResourceType({
 *       name: "cache",
 *       connection: { type: "object", properties: { url: { type: "string" } }, required: ["url"] },
 *       operations: {
 *         flush: { timeout: "10s", handler: async ({ resource, exec }) => { await exec(["redis-cli", "-u", …]); } },
 *       },
 *     });
 */
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import type { JsonObject, JsonSchema } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { PollPolicyInput } from "../domain/poll-policy.ts";
import { parseInterval } from "../domain/interval.ts";
import { WHOLE_WORKER, type MetricDescriptor, type ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { Assignment } from "../domain/worker.ts";
import { describeLooks, describeOperation, describeType, type OperationParts, type TypeParts } from "./descriptor.ts";
import type { Exec } from "./exec.ts";
import type { Log } from "./log.ts";

export { OperationError, type OperationErrorInit } from "./operation-error.ts";
export type { Exec, ExecOptions, ExecResult } from "./exec.ts";
export type { Log } from "./log.ts";

/** What a handler gets. */
export interface OperationContext<Parameters = JsonObject> {
  readonly entry: number;
  readonly attempt: number;
  readonly operation: string;
  /** Checked against the schema, defaults filled in. */
  readonly parameters: Parameters;
  /** With the connection's secrets opened. */
  readonly resource: Assignment["resource"];
  /** Aborted by a cancel, by the deadline, or when the work is no longer this worker's; `signal.reason` says which. */
  readonly signal: AbortSignal;
  /** When the operation's time is up: milliseconds since 1970, as Date.now() counts. */
  readonly deadline: number;
  /** A directory of this execution alone, made when first asked for and removed afterwards. */
  readonly tempDir: string;
  /** A directory of this type on this worker that stays. */
  readonly state: string;
  /** Lines carry the entry's id. */
  readonly log: Log;
  /** Appends to the entry's output. Resolves when more may come: await it, or a fast writer fills the memory. */
  output(data: string | Uint8Array, stream?: "stdout" | "stderr"): Promise<void>;
  /** Says how far it is; the newest wins. `total` null = unknown. Text is cut at 500 characters. */
  progress(done: number, total?: number | null, text?: string | null): void;
  /**
   * The bytes of a parameter that is content, as a file of this machine: read-only, under the name that it was given,
   * checked against its SHA-256, there until the execution ends. @returns its path. @throws OperationError.
   */
  content(parameter: unknown): Promise<string>;
  /** Runs a command to its end in a process group of its own, its output streamed. See `Exec`. */
  readonly exec: Exec;
}

/** Resolves with the result (JSON, at most 4 MB; undefined counts as null), or throws, best an OperationError. */
export type Handler = (context: OperationContext) => unknown;

export interface ResourceTypeDefinition {
  descriptor: ResourceTypeDescriptor;
  /** By operation; empty with `source`. */
  handlers: Record<string, Handler>;
  /** As the type asks for it; see ResourceTypeInput. */
  inProcess?: boolean;
  close?: () => Promise<void>;
  /** The handlers are not in this process: others load this file and run them. */
  source?: { file: string; library: string; generation: number };
}

export interface OperationInput extends Omit<OperationParts, "timeout" | "poll" | "implementation"> {
  /** From claim to deadline, e.g. "30s". Default "1h". */
  timeout?: string;
  /** Waits for an empty worker and keeps it to itself. Instead of `weight`. */
  exclusiveWorker?: boolean;
  poll?: PollPolicyInput;
  /** May be left out where `handlers` of the type has a method of the operation's name. */
  handler?: Handler;
}

export interface ResourceTypeInput extends Omit<TypeParts, "checkEvery" | "metricsEvery" | "metrics"> {
  name: string;
  /** How often a resource is checked by itself, e.g. "1m" (at least "1s"); a resource may say otherwise. Default: never. */
  checkEvery?: string;
  /** How often its metrics are read and kept. Default: never. */
  metricsEvery?: string;
  /** The numbers that the operation `metrics` answers with: `{ cpu: { unit: "%", description: "of one core" } }`. */
  metrics?: Record<string, Partial<MetricDescriptor>>;
  /**
   * true: the handlers run in the worker's own process, which saves a message each way. Only for handlers that await
   * whatever takes time: one that blocks stops the worker, one that exits or throws in a timer ends it. Default false,
   * each execution in a process of its own.
   */
  inProcess?: boolean;
  /** Called when the worker stops, after all executions: lets go of what handlers share, and no other worker needs. */
  close?: () => Promise<void>;
  operations: Record<string, OperationInput>;
  /**
   * An object whose methods carry out the operations of the same name, an instance of a class as a rule: what it holds
   * stays for as long as the process that runs the handlers does. An operation's own `handler` goes before.
   */
  handlers?: object;
}

/**
 * Pure: nothing is checked against the network, the disk or a schema compiler, so a type costs nothing to import.
 * @throws WilcoError `invalid_request` for an operation without a handler; for a timeout that is not a duration.
 */
export function defineResourceType(input: ResourceTypeInput): ResourceTypeDefinition {
  const {
    name,
    operations,
    handlers: methods = {},
    inProcess = false,
    close,
    checkEvery,
    metricsEvery,
    metrics,
    ...parts
  } = input;
  const handlers: Record<string, Handler> = {};
  const described = Object.entries(operations).map(
    ([operation, { handler, timeout, exclusiveWorker, ...operationParts }]) => {
      handlers[operation] = handler ?? methodOf(methods, operation, name);
      const limit = timeout === undefined ? {} : { timeout: parseDuration(timeout, `timeout of ${name}.${operation}`) };
      const weight = exclusiveWorker === true ? { weight: WHOLE_WORKER } : {};
      return describeOperation(operation, { ...operationParts, ...limit, ...weight });
    },
  );
  const looks = describeLooks({
    checkEvery: checkEvery === undefined ? undefined : parseInterval(checkEvery, `checkEvery of ${name}`),
    metricsEvery: metricsEvery === undefined ? undefined : parseInterval(metricsEvery, `metricsEvery of ${name}`),
    metrics,
  });
  return {
    descriptor: describeType(name, { ...parts, ...looks }, described),
    handlers,
    inProcess,
    ...(close ? { close } : {}),
  };
}

/** Bound to its object: a handler is called without one. */
function methodOf(methods: object, operation: string, type: string): Handler {
  const method = (methods as Record<string, unknown>)[operation];
  if (typeof method === "function") return (context) => (method as Handler).call(methods, context);
  throw new WilcoError({
    code: "invalid_request",
    message: `${type}.${operation} has no handler.`,
    hint:
      suggestion(operation, methodNames(methods), "The methods of handlers") ??
      "Give the operation a handler, or the type an object with a method of that name: handlers: new Handlers().",
  });
}

function methodNames(methods: object): string[] {
  const names = new Set<string>();
  for (let at: unknown = methods; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  names.delete("constructor");
  return [...names];
}

/** Parameters of a known shape: `properties` with `required`, everything else refused. */
export function parametersOf(properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}
