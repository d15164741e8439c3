/** The second argument of an operation, and of `with()`: checked and normalised where it is written. */
import { parseDuration } from "../core/durations.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Dependency, Entry } from "../domain/entry.ts";
import { parsePollPolicy, type PollPolicy, type PollPolicyInput } from "../domain/poll-policy.ts";
import { parsePriority, type PriorityName } from "../domain/priority.ts";
import type { TaskOrder } from "../domain/request.ts";
import { requireName } from "../domain/route.ts";

/** What a call may wait for: an entry by id, the entry, or an execution (filed or not yet). */
export type DependencyTarget = number | Entry | { readonly submitted: PromiseLike<Entry> };
/** Default of `on` is "success". */
export type DependencyInput = DependencyTarget | { entry: DependencyTarget; on?: Dependency["on"] };

/** Options of a call. Durations are texts with units. */
export interface CallOptions {
  /** How to look at the audit trail while waiting. */
  poll?: PollPolicyInput;
  /** Of the operation, from its claim by a worker. Default: the operation's own. */
  timeout?: string;
  /** "max" "high" "medium" "normal" "low" "min" or 0 (first) to 200. Default "normal". */
  priority?: PriorityName | number;
  /** When to start: a time with its offset ("2026-03-01T04:00:00Z"), a Date, or "+5m". Default: at once. */
  at?: string | Date;
  /** Instead of the resource's zone. */
  zone?: string;
  /** On this worker and no other. */
  worker?: string;
  /** Start only after these entries ended as asked. */
  after?: DependencyInput | DependencyInput[];
  /** Refuse or end it when no live worker can take it for that long; true = "30s", false = never. */
  requireWorker?: boolean | string;
  /** Two calls with one key are one entry. */
  idempotencyKey?: string;
  /** Shown in the history. */
  note?: string;
}

export const OPTION_KEYS = [
  "poll",
  "timeout",
  "priority",
  "at",
  "zone",
  "worker",
  "after",
  "requireWorker",
  "idempotencyKey",
  "note",
] as const satisfies ReadonlyArray<keyof CallOptions>;

/** An execution that has no id yet is kept as the promise of its entry. */
export interface PendingDependency {
  entry: number | PromiseLike<Entry>;
  on: Dependency["on"];
}

/** Options as the code has them: ms, numbers, ISO times in UTC. */
export interface NormalisedOptions {
  poll: Partial<PollPolicy>;
  timeout?: number;
  priority?: number;
  start?: { at: string } | { delay: number };
  zone?: string;
  worker?: string;
  after?: PendingDependency[];
  requireWorker?: number | false;
  idempotencyKey?: string;
  note?: string;
  // Of requests, see `request-options.ts`.
  concurrency?: number | string;
  order?: TaskOrder;
  haltOnFailure?: boolean;
  minSuccess?: number | string;
  serial?: boolean;
  allowEmpty?: boolean;
}

export const NO_OPTIONS: Readonly<NormalisedOptions> = Object.freeze({ poll: Object.freeze({}) });

/** `requireWorker: true`. */
const REQUIRE_WORKER_MS = 30_000;
const ZONED_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/**
 * Checks and normalises options.
 * @throws WilcoError `invalid_request` or `invalid_policy`; unknown keys come with the nearest name.
 */
export function parseCallOptions(input: unknown): Readonly<NormalisedOptions> {
  if (input === undefined) return NO_OPTIONS;
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("The options of a call are not an object", 'Write { timeout: "30s", note: "why" }.');
  }
  const options: NormalisedOptions = { poll: {} };
  for (const [key, value] of Object.entries(input) as Array<[string, unknown]>) {
    if (value !== undefined) readOption(options, key, value);
  }
  return options;
}

/** The call's options over the defaults of `with()`, key by key; poll policies too. */
export function mergeCallOptions(
  call: Readonly<NormalisedOptions>,
  defaults: Readonly<NormalisedOptions>,
): Readonly<NormalisedOptions> {
  if (defaults === NO_OPTIONS) return call;
  if (call === NO_OPTIONS) return defaults;
  return { ...defaults, ...call, poll: { ...defaults.poll, ...call.poll } };
}

/**
 * The dependencies with ids; waits for executions that are being filed.
 * @throws WilcoError `invalid_request` when one of them was refused, so that there is nothing to wait for.
 */
export function resolveDependencies(after: PendingDependency[]): Dependency[] | Promise<Dependency[]> {
  const known = after.filter((one): one is Dependency => typeof one.entry === "number");
  if (known.length === after.length) return known;
  return Promise.all(
    after.map(async ({ entry, on }): Promise<Dependency> => {
      if (typeof entry === "number") return { entry, on };
      try {
        return { entry: (await entry).id, on };
      } catch (error) {
        throw new WilcoError({
          code: "invalid_request",
          message: `What this call should run after was never filed: ${messageOf(error)}`,
          hint: "Nothing was submitted for this call.",
          cause: error,
        });
      }
    }),
  );
}

function readOption(options: NormalisedOptions, key: string, value: unknown): void {
  switch (key) {
    case "poll":
      options.poll = parsePollPolicy(value);
      return;
    case "timeout":
      options.timeout = parseDuration(value, "timeout");
      if (options.timeout < 1) throw invalid("The timeout is 0", "The shortest is 1ms.");
      return;
    case "priority":
      options.priority = parsePriority(value);
      return;
    case "at":
      options.start = parseStart(value);
      return;
    case "zone":
    case "worker":
      options[key] = requireName(requireText(key, value, 128), key);
      return;
    case "after":
      options.after = (Array.isArray(value) ? value : [value]).map(parseDependency);
      return;
    case "requireWorker":
      if (typeof value === "boolean") options.requireWorker = value ? REQUIRE_WORKER_MS : false;
      else options.requireWorker = parseDuration(value, "requireWorker");
      return;
    case "idempotencyKey":
      options.idempotencyKey = requireText(key, value, 512);
      if (value === "") throw invalid("The idempotencyKey is empty", "Leave it out, or name what must happen once.");
      return;
    case "note":
      options.note = requireText(key, value, 1_000);
      return;
    default:
      throw invalid(`A call has no option "${key}"`, suggestion(key, OPTION_KEYS, "Options"));
  }
}

function parseStart(value: unknown): { at: string } | { delay: number } {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { at: value.toISOString() };
  if (typeof value === "string") {
    if (value.startsWith("+")) return { delay: parseDuration(value.slice(1), "at") };
    const time = ZONED_TIME.test(value) ? new Date(value.replace(/([+-]\d\d)(\d\d)$/, "$1:$2")) : undefined;
    if (time && !Number.isNaN(time.getTime())) return { at: time.toISOString() };
    if (!/(Z|[+-]\d\d:?\d\d)$/.test(value) && /^\d{4}-\d\d-\d\d/.test(value)) {
      throw invalid(
        `at: ${JSON.stringify(value)} has no offset`,
        'Write the time with its offset: "2026-03-01T04:00:00Z".',
      );
    }
  }
  throw invalid(`at: ${JSON.stringify(value)} is neither a time nor a delay`, 'Write "2026-03-01T04:00:00Z" or "+5m".');
}

function parseDependency(value: unknown): PendingDependency {
  if (typeof value === "object" && value !== null && !("id" in value) && !("submitted" in value) && "entry" in value) {
    const { entry, on = "success", ...rest } = value as { entry: unknown; on?: unknown };
    const extra = Object.keys(rest)[0];
    if (extra !== undefined) throw invalid(`after has no "${extra}"`, suggestion(extra, ["entry", "on"], "It takes"));
    if (on !== "success" && on !== "failure" && on !== "any") {
      throw invalid(`after: on is ${JSON.stringify(on)}`, 'Write "success", "failure" or "any".');
    }
    return { entry: parseTarget(entry), on };
  }
  return { entry: parseTarget(value), on: "success" };
}

function parseTarget(value: unknown): number | PromiseLike<Entry> {
  if (typeof value === "object" && value !== null) {
    const { id, submitted } = value as { id?: unknown; submitted?: PromiseLike<Entry> };
    if (isId(id)) return id;
    if (typeof submitted?.then === "function") return submitted;
  }
  if (isId(value)) return value;
  throw invalid("after names no entry", "Write an entry's id, an entry, an execution, or { entry, on }.");
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function requireText(key: string, value: unknown, max: number): string {
  if (typeof value !== "string") throw invalid(`${key} is not a text`, `Write ${key}: "…".`);
  if (value.length > max) throw invalid(`${key} has ${value.length} characters`, `At most ${max} are kept.`);
  if (value.includes("\0")) throw invalid(`${key} has a NUL character in it`, "Take it out: no database stores it.");
  return value;
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
