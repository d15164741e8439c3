/** Turns a request as submitted into its entry and its tasks: every target is checked, and one refusal refuses all. */
import { randomId, sha256 } from "../core/ids.ts";
import { canonicalJson } from "../core/json.ts";
import { WilcoError } from "../core/errors.ts";
import { DEFAULT_PRIORITY } from "../domain/priority.ts";
import { countOf } from "../domain/request.ts";
import { routeOf } from "../domain/route.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { createMasker } from "../core/masking.ts";
import type { Sealer } from "../inventory/sealer.ts";
import type { Target } from "../inventory/targets.ts";
import type { RequestSubmission, Submission } from "../protocol/messages.ts";
import type { QueueSettings } from "./context.ts";
import {
  dependenciesOf,
  dueTime,
  fileCall,
  FILED_COLUMNS,
  type Filed,
  type Filing,
  type FilingInput,
} from "./filing.ts";
import { refusalOf, targetsText, type TargetRef } from "./request-targets.ts";

/** A request that passed every check. */
export interface RequestFiling extends Filing {
  /** In their order. */
  tasks: Filing[];
  request: {
    targets: string;
    asked: string;
    concurrency: number;
    min_success: number;
    halt_on_failure: number;
    serial: number;
    worker: string | null;
  };
}

export interface RequestInput extends Omit<FilingInput, "submission"> {
  submission: RequestSubmission;
  /** Of a retry: the task that each resource's new one repeats, by resource id. */
  retryTasks?: ReadonlyMap<number, number> | undefined;
}

/** Characters of parameters of all tasks: each task has a copy of its own. */
const MAX_PARAMETERS = 64 * 1024 * 1024;

/**
 * @param refs of `resolveTargets`.
 * @param targetOf throws for a ref that names nothing, or what may not be done there.
 * @throws WilcoError naming each refused target: nothing is filed.
 */
export async function fileRequest(
  input: RequestInput,
  refs: readonly TargetRef[],
  targetOf: (ref: TargetRef) => Promise<Target>,
  validator: SchemaValidator,
  context: { settings: QueueSettings; sealer: Sealer },
  now: number,
): Promise<RequestFiling> {
  const { submission, principal, used, trace, content } = input;
  const refused: Array<{ resource: string; error: WilcoError }> = [];
  const seen = new Set<number>();
  const tasks: Filing[] = [];
  // What belongs to the request as a whole is its own entry's.
  const { targets: _targets, at: _at, delay: _delay, after: _after, key: _key, parameters: _all, ...rest } = submission;
  const { parametersByType: _types, concurrency, order, haltOnFailure, minSuccess, serial, allowEmpty, ...call } = rest;
  for (const ref of refs) {
    try {
      const target = await targetOf(ref);
      if (seen.has(target.id)) throw twice(target.name);
      seen.add(target.id);
      const parameters = parametersOf(submission, target.type.name);
      const own: Submission = { ...call, resource: target.id, ...(parameters && { parameters }) };
      const retryOf = input.retryTasks?.get(target.id) ?? null;
      const task = {
        submission: own,
        principal,
        key: undefined,
        retryOf,
        used,
        trace,
        ...(content && { content }),
        task: true as const,
      };
      tasks.push(fileCall(task, target, validator, context, now));
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      refused.push({ resource: String(ref), error });
    }
  }
  if (refused.length > 0) throw refusalOf(refused, refs.length);
  requireBounded(tasks);
  putInOrder(tasks, order);
  const window = {
    concurrency: serial === true ? 1 : countOf(concurrency ?? Math.max(1, tasks.length), tasks.length, "concurrency"),
    min_success: minSuccessOf(minSuccess, tasks.length),
    halt_on_failure: haltOnFailure === true ? 1 : 0,
    serial: serial === true ? 1 : 0,
    worker: serial === true ? bindTogether(tasks) : null,
  };
  if (serial === true && concurrency !== undefined && concurrency !== 1) throw serialAndMore();
  return {
    ...requestEntry(input, tasks, context.settings, now),
    tasks,
    request: { ...describe(submission, tasks), ...window },
  };
}

function requestEntry(input: RequestInput, tasks: readonly Filing[], settings: QueueSettings, now: number): Filing {
  const { submission } = input;
  const common = <K extends "route" | "zone" | "role">(key: K): string => {
    const values = new Set(tasks.map(({ row }) => row[key]));
    return values.size === 1 ? [...values][0]! : values.size === 0 ? "none" : "several";
  };
  const row: Filed = {
    ...EMPTY,
    kind: "request",
    operation: submission.operation,
    // As a task keeps them, without secrets.
    parameters: tasks[0]?.row.parameters ?? "{}",
    requested_by: input.principal.name,
    parent: input.principal.script?.entry ?? null,
    root: input.principal.script?.root ?? null,
    key: input.key ?? randomId(),
    request_hash: hashOf(submission, tasks),
    note: submission.note === undefined ? null : createMasker(input.used).text(submission.note),
    zone: common("zone"),
    role: common("role"),
    bound_worker: null,
    route: common("route"),
    priority: submission.priority ?? DEFAULT_PRIORITY,
    timeout: tasks.reduce((longest, { row: task }) => Math.max(longest, task.timeout!), 1),
    expires_in: submission.expiresIn || settings.expiresIn,
    require_worker: submission.requireWorker ?? null,
    deliver_at: dueTime(submission, now),
    retry_of: input.retryOf,
    trace: input.trace,
    created_at: now,
  };
  return { row, after: dependenciesOf(submission) };
}

/** The row of a request, but for what it says of itself. It is never claimed, so most of it means nothing. */
const EMPTY = {
  ...(Object.fromEntries(Object.keys(FILED_COLUMNS).map((column) => [column, null])) as unknown as Filed),
  status: "running",
  weight: 1,
  exclusive: 0,
  on_lost: "lose",
  max_attempts: 1,
  waits: 0,
  held: 0,
  last_event: 1,
  automatic: 0,
};

/** What a type's targets get. */
export function parametersOf(
  { parameters, parametersByType }: Pick<RequestSubmission, "parameters" | "parametersByType">,
  type: string,
): RequestSubmission["parameters"] {
  // A type may be named like what every object inherits.
  return parametersByType && Object.hasOwn(parametersByType, type) ? parametersByType[type] : parameters;
}

/** What makes two requests under one key the same: everything asked for, but not when, and not what it selects now. */
function hashOf(submission: RequestSubmission, tasks: readonly Filing[]): string {
  const { key: _key, requireWorker: _require, secrets: _secrets, parameters: _parameters, ...asked } = submission;
  const { parametersByType: _byType, ...rest } = asked;
  const parameters = [...new Set(tasks.map(({ row }) => row.request_hash!))].toSorted();
  return sha256(canonicalJson({ ...rest, parameters }));
}

/** What people read, and what a retry repeats; parameters and what is secret in them are the tasks' own. */
function describe(submission: RequestSubmission, tasks: readonly Filing[]): { targets: string; asked: string } {
  const {
    targets: _targets,
    key: _key,
    at: _at,
    delay: _delay,
    after: _after,
    minSuccess: _min,
    parameters: _parameters,
    parametersByType: _byType,
    secrets: _secrets,
    note: _note,
    ...asked
  } = submission;
  const names = tasks.map(({ row }) => row.resource_name ?? "");
  return { targets: targetsText(submission, names), asked: JSON.stringify(asked) };
}

function putInOrder(tasks: Filing[], order: RequestSubmission["order"]): void {
  const nameOf = ({ row }: Filing) => row.resource_name!;
  if (order === "name") tasks.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  else if (order === "reverse") tasks.reverse();
  else if (order === "random") {
    const places = new Map(tasks.map((task) => [task, Math.random()]));
    tasks.sort((a, b) => places.get(a)! - places.get(b)!);
  }
}

function minSuccessOf(asked: number | string | undefined, tasks: number): number {
  if (asked === undefined) return tasks;
  const wanted = countOf(asked, tasks, "minSuccess");
  if (wanted <= tasks || tasks === 0) return Math.min(wanted, tasks);
  throw new WilcoError({
    code: "invalid_request",
    message: `minSuccess is ${wanted}, but the request has ${tasks} targets`,
    hint: 'Ask for fewer, or for a share: "95%".',
  });
}

/**
 * All tasks of a serial request run on one worker: the one that a target is bound to, else the one that takes the first.
 * @returns that worker when it is known already.
 */
function bindTogether(tasks: readonly Filing[]): string | null {
  const workers = [...new Set(tasks.flatMap(({ row }) => row.bound_worker ?? []))];
  const routes = [...new Set(tasks.map(({ row }) => row.route))];
  if (workers.length > 1 || (workers.length === 0 && routes.length > 1)) {
    const apart = workers.length > 1 ? `bound to the workers ${list(workers)}` : `on the routes ${list(routes)}`;
    throw new WilcoError({
      code: "invalid_request",
      message: `A serial request runs on one worker, and its targets are ${apart}`,
      hint: "Submit one serial request for each of them, or use concurrency: 1 instead, which keeps the order.",
    });
  }
  const [worker] = workers;
  if (worker === undefined) return null;
  for (const { row } of tasks) {
    row.bound_worker = worker;
    row.route = routeOf({ zone: row.zone!, role: row.role!, worker });
  }
  return worker;
}

function list(words: readonly string[]): string {
  return words.slice(0, 5).join(", ") + (words.length > 5 ? `, … (${words.length})` : "");
}

function requireBounded(tasks: readonly Filing[]): void {
  const size = tasks.reduce((sum, { row }) => sum + row.parameters!.length, 0);
  if (size <= MAX_PARAMETERS) return;
  throw new WilcoError({
    code: "too_large",
    message: `The parameters of ${tasks.length} tasks are ${size} bytes in all, the limit is ${MAX_PARAMETERS}`,
    hint: "Pass large content as a file (upload) instead of a parameter.",
  });
}

function serialAndMore(): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: "A serial request runs its tasks one after the other, and it has a concurrency",
    hint: "Leave one of them out.",
  });
}

function twice(name: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${name} is named twice`,
    hint: "Name each target once; a request has one task for each.",
  });
}
