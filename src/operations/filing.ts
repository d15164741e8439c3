/** Turns a call as submitted into the row to file: checks everything that needs no lock. */
import { randomId, sha256 } from "../core/ids.ts";
import { canonicalJson } from "../core/json.ts";
import { createMasker } from "../core/masking.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { entryKindOf } from "../domain/capabilities.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import type { Dependency } from "../domain/entry.ts";
import { DEFAULT_PRIORITY } from "../domain/priority.ts";
import { bindingOf, routeOf } from "../domain/route.ts";
import { protectParameters } from "../inventory/parameter-secrets.ts";
import type { ShownRow } from "../audit/codec.ts";
import type { EntryRow } from "../database/tables.ts";
import type { MovedRow } from "../queue/moves.ts";
import type { Sealer } from "../inventory/sealer.ts";
import type { Target } from "../inventory/targets.ts";
import { LIMITS } from "../protocol/schema-parts.ts";
import type { Submission } from "../protocol/messages.ts";
import { completeContent, type KnownContent } from "./content-use.ts";
import type { QueueSettings } from "./context.ts";
import type { Principal } from "./contract.ts";

/** The columns of `entry` that a submit writes; the order is the insert's. */
export const FILED_COLUMNS = {
  kind: "text",
  status: "text",
  resource: "int",
  resource_name: "text",
  resource_type: "text",
  type_version: "text",
  operation: "text",
  parameters: "text",
  sealed: "text",
  requested_by: "text",
  key: "text",
  request_hash: "text",
  note: "text",
  zone: "text",
  role: "text",
  bound_worker: "text",
  route: "text",
  priority: "int",
  weight: "int",
  exclusive: "int",
  on_lost: "text",
  max_attempts: "int",
  timeout: "int",
  expires_in: "int",
  require_worker: "int",
  deliver_at: "int",
  parent: "int",
  root: "int",
  retry_of: "int",
  trace: "text",
  waits: "int",
  held: "int",
  warning: "text",
  created_at: "int",
  queued_at: "int",
  expires_at: "int",
  started_at: "int",
  last_event: "int",
  automatic: "int",
} as const;

export type Filed = {
  -readonly [column in keyof typeof FILED_COLUMNS]: (typeof FILED_COLUMNS)[column] extends "int"
    ? number | null
    : string | null;
} & {
  requested_by: string;
  key: string;
  route: string;
};

/** What is the same of all entries when they are filed; of what is shown or told of them then. */
export const UNSTARTED = {
  result: null,
  error: null,
  worker_name: null,
  attempt: 0,
  progress: null,
  finished_at: null,
  seen_at: null,
} as const;

/** As it was inserted. */
export type FiledRow = ShownRow & MovedRow & Pick<EntryRow, "requested_by" | "key" | "request_hash" | "root">;

export interface FilingInput {
  submission: Submission;
  principal: Principal;
  key: string | undefined;
  retryOf: number | null;
  /** Values of the secret store that the caller has used. */
  used: readonly string[];
  /** W3C traceparent of the caller. */
  trace: string | null;
  /** What there is of the content that the calls name. */
  content?: KnownContent;
  /** The version of its resource's deployments that it brings back. */
  restores?: number | undefined;
  /** A task: its hash is of its parameters alone, for its request's hash is the one that counts. */
  task?: true;
  /** Filed by wilco itself, to look at the resource. */
  automatic?: true;
}

/** A call that passed every check; status and times are set when its dependencies are known. */
export interface Filing {
  row: Filed;
  /** Content that it names, by parameter. */
  content?: ReadonlyArray<{ parameter: string; sha256: string }>;
  restores?: number | undefined;
  after: Dependency[];
}

/**
 * @throws WilcoError `unknown_operation`, `resource_disabled`, `invalid_parameters`, `invalid_request`, `too_large`: nothing is filed.
 */
export function fileCall(
  input: FilingInput,
  target: Target,
  validator: SchemaValidator,
  { settings, sealer }: { settings: QueueSettings; sealer: Sealer },
  now: number,
): Filing {
  const { submission } = input;
  const operation = target.type.operations[submission.operation];
  if (!operation) {
    throw new WilcoError({
      code: "unknown_operation",
      message: `${target.type.name} has no operation "${submission.operation}"`,
      hint: suggestion(submission.operation, Object.keys(target.type.operations), "It has"),
    });
  }
  if (target.disabled && operation.name !== target.type.check) throw disabled(target, operation.name);
  const parameters = validator.parse(operation.parameters, submission.parameters ?? {}, {
    what: `parameters of ${target.name} ${operation.name}`,
    hint: `"wilco resources show ${target.name}" lists what its operations take.`,
  });
  const content = completeContent(operation, parameters, input.content);
  const { plain, sealed, digest } = protectParameters(operation.parameters, parameters, input.used, sealer);
  const text = JSON.stringify(parameters);
  if (text.length > LIMITS.parameters) {
    throw new WilcoError({
      code: "too_large",
      message: `The parameters of ${target.name} ${operation.name} are ${text.length} bytes, the limit is ${LIMITS.parameters}`,
      hint: "Pass large content as a file (upload) instead of a parameter.",
    });
  }
  const zone = submission.zone ?? target.zone;
  const role = operation.role ?? target.type.role;
  const boundWorker = bindingOf(target, submission.worker);
  const deliverAt = dueTime(submission, now);
  const filed: Filed = {
    kind: entryKindOf(operation.name),
    status: "queued",
    resource: target.id,
    resource_name: target.name,
    resource_type: target.type.name,
    type_version: target.type.version,
    operation: operation.name,
    parameters: sealed === null ? text : JSON.stringify(plain),
    sealed,
    requested_by: input.principal.name,
    key: input.key ?? randomId(),
    request_hash: input.task
      ? sha256(canonicalJson(digest === null ? parameters : { plain, digest }))
      : digest === null
        ? hashOf(submission, target)
        : hashOf({ ...submission, parameters: { plain, digest } }, target),
    note: submission.note === undefined ? null : createMasker(input.used).text(submission.note),
    zone,
    role,
    bound_worker: boundWorker,
    route: routeOf({ zone, role, worker: boundWorker }),
    priority: submission.priority ?? DEFAULT_PRIORITY,
    weight: operation.weight,
    exclusive: operation.exclusive ? 1 : 0,
    on_lost: operation.onLost,
    max_attempts: operation.maxAttempts,
    timeout: submission.timeout ?? operation.timeout,
    expires_in: submission.expiresIn || settings.expiresIn,
    require_worker: submission.requireWorker ?? null,
    deliver_at: deliverAt,
    // What a script on the server submits is its child.
    parent: input.principal.script?.entry ?? null,
    root: input.principal.script?.root ?? null,
    retry_of: input.retryOf,
    trace: input.trace,
    waits: 0,
    held: 0,
    warning: unheededZone(target, submission.zone, boundWorker),
    created_at: now,
    queued_at: null,
    expires_at: null,
    started_at: null,
    last_event: 1,
    automatic: input.automatic ? 1 : 0,
  };
  return { row: filed, after: dependenciesOf(submission), content, restores: input.restores };
}

/** What is asked for and not obeyed must not go by unsaid; tasks of a request may be of many zones. */
function unheededZone(target: Target, zone: string | undefined, worker: string | null): string | null {
  if (zone === undefined || zone === target.zone || worker === null) return null;
  return `the zone ${zone} changes nothing: it runs on the worker ${worker}`;
}

/** A check is let through: it looks, and who asks for it by name wants to know. */
function disabled(target: Target, operation: string): WilcoError {
  return new WilcoError({
    code: "resource_disabled",
    message: `${target.name} is disabled, so its ${operation} was not filed`,
    hint: `Enable it (wilco resources enable ${target.name}), or leave it out of the call.`,
    details: { resource: target.name },
  });
}

/** What makes two submits under one key the same: everything asked for, but not when. */
function hashOf(submission: Submission, target: Target): string {
  const { key: _key, requireWorker: _require, secrets: _secrets, ...asked } = submission;
  return sha256(canonicalJson({ ...asked, resource: target.id }));
}

const MAX_AHEAD = 10 * 365 * 86_400_000;

/** When a call is due; null = at once. @throws WilcoError `invalid_request`. */
export function dueTime(submission: Pick<Submission, "at" | "delay">, now: number): number | null {
  if (submission.at !== undefined && submission.delay !== undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: "The call has both `at` and `delay`",
      hint: "Give one of them.",
    });
  }
  if (submission.delay !== undefined) return submission.delay === 0 ? null : now + submission.delay;
  if (submission.at === undefined) return null;
  const time = /(Z|[+-]\d\d:?\d\d)$/i.test(submission.at) ? Date.parse(submission.at) : Number.NaN;
  if (Number.isNaN(time) || time > now + MAX_AHEAD) {
    const given = JSON.stringify(submission.at);
    throw new WilcoError({
      code: "invalid_request",
      message: `${given} is ${Number.isNaN(time) ? "not a time with an offset" : "more than ten years from now"}`,
      hint: 'Write "2026-03-01T12:00:00+01:00" or "…Z", within the next ten years.',
    });
  }
  return time <= now ? null : time;
}

export function dependenciesOf(submission: Pick<Submission, "after">): Dependency[] {
  const byEntry = new Map<number, Dependency>();
  for (const dependency of submission.after ?? []) {
    const before = byEntry.get(dependency.entry);
    if (before && before.on !== dependency.on) {
      throw new WilcoError({
        code: "invalid_request",
        message: `The call is to run after entry ${dependency.entry} twice, on ${before.on} and on ${dependency.on}`,
        hint: 'Name each entry once; "any" is both.',
      });
    }
    byEntry.set(dependency.entry, dependency);
  }
  return [...byEntry.values()].toSorted((a, b) => a.entry - b.entry);
}
