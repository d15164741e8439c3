/** What an awaited execution throws. Each carries the audit entry, so that no failure is ever "it did not work". */
import { type ErrorCode, WilcoError } from "../core/errors.ts";
import { formatDuration } from "../core/durations.ts";
import type { Entry } from "../domain/entry.ts";
import type { RequestResult, TaskOutcome } from "../domain/request.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import type { CallSite } from "./call-site.ts";

export interface ExecutionErrorInit {
  message: string;
  hint?: string | undefined;
  /** Undefined only when the call was interrupted before it was filed. */
  entry: Entry | undefined;
  /** The last lines that the operation wrote; "" when there are none. */
  lastOutput?: string;
  cause?: unknown;
}

/** The base of the errors of executions: `code`, `message` and `hint` as every WilcoError, plus the audit entry. */
export class ExecutionError extends WilcoError {
  /** The audit entry as last read. Undefined only when the call was interrupted before it was filed. */
  readonly entry: Entry | undefined;
  /** The last lines of the operation's output, at most 4,000 characters; "" when there is none. */
  readonly lastOutput: string;

  constructor(code: ErrorCode, name: string, init: ExecutionErrorInit) {
    const { entry } = init;
    super({
      code,
      message: init.message,
      hint: init.hint,
      // Plain and small: this part crosses processes.
      details: entry && {
        entry: entry.id,
        status: entry.status,
        error: entry.error,
        ...(entry.tasks === null ? {} : { tasks: entry.tasks }),
      },
      cause: init.cause,
    });
    this.name = name;
    this.entry = entry;
    this.lastOutput = init.lastOutput ?? "";
  }
}

/** The entry ended as `failed`. `entry.error.source` says whether the work failed or wilco failed to run it. */
export class OperationFailed extends ExecutionError {
  constructor(init: ExecutionErrorInit) {
    super("operation_failed", "OperationFailed", init);
  }
}

/** The entry ended as `canceled`. */
export class OperationCanceled extends ExecutionError {
  constructor(init: ExecutionErrorInit) {
    super("operation_canceled", "OperationCanceled", init);
  }
}

/** The entry ended as `timed_out`: its own timeout, not the wait's. */
export class OperationTimedOut extends ExecutionError {
  constructor(init: ExecutionErrorInit) {
    super("operation_timed_out", "OperationTimedOut", init);
  }
}

/** The entry ended as `lost`: its worker died; the work may have been done in part or in whole. */
export class OperationLost extends ExecutionError {
  constructor(init: ExecutionErrorInit) {
    super("operation_lost", "OperationLost", init);
  }
}

/** A request ended as `failed`: too few of its tasks succeeded. `entry.tasks` has the counts. */
export class TargetsFailed extends ExecutionError {
  /** How each target fared, in the order of the tasks. */
  readonly targets: readonly TaskOutcome[];

  constructor(init: ExecutionErrorInit) {
    super("targets_failed", "TargetsFailed", init);
    this.targets = ((init.entry?.result ?? {}) as Partial<RequestResult>).tasks ?? [];
  }
}

/** The wait ended (limit or waitTimeout), the operation goes on. */
export class PollLimitReached extends ExecutionError {
  constructor(init: ExecutionErrorInit) {
    super("poll_limit_reached", "PollLimitReached", init);
  }
}

/** The script was interrupted while it waited; the operation goes on. */
export class Interrupted extends ExecutionError {
  constructor(init: ExecutionErrorInit) {
    super("interrupted", "Interrupted", init);
  }
}

/** "web-1 restart", as sentences name an entry's work. */
export function subjectOf(entry: Entry): string {
  // Scripts on the server are told apart by their files: each is a "run".
  const work =
    entry.kind === "script" ? `script ${entry.parameters["file"] as string}` : (entry.operation ?? entry.kind);
  if (entry.targets !== null) return `${work} of ${entry.targets}`;
  return entry.resource === null ? work : `${entry.resource.name} ${work}`;
}

/**
 * The error of an entry that ended without success.
 * @param lastOutput the last lines of its output.
 * @throws WilcoError `internal` for an entry that succeeded or has not ended: that is no error.
 */
export function errorOfEntry(entry: Entry, lastOutput = ""): ExecutionError {
  const subject = subjectOf(entry);
  const where = `(entry ${entry.id})`;
  const why = entry.error ? `: ${entry.error.message}` : "";
  const look = `See "wilco entry show ${entry.id}" and its output with "wilco entry tail ${entry.id}".`;
  const hint = entry.error?.hint ?? look;
  switch (entry.status) {
    case "failed":
      return entry.kind === "request"
        ? new TargetsFailed({
            message: `${targetsSentence(entry, subject)} ${where}${failuresOf(entry) || why}`,
            hint,
            entry,
            lastOutput,
          })
        : new OperationFailed({ message: `${subject} failed ${where}${why}`, hint, entry, lastOutput });
    case "canceled":
      return new OperationCanceled({ message: `${subject} was canceled ${where}${why}`, hint, entry, lastOutput });
    case "timed_out": {
      const message = `${subject} timed out ${where}${why || `: it did not end within ${formatDuration(entry.timeout)}`}`;
      return new OperationTimedOut({ message, hint, entry, lastOutput });
    }
    case "lost":
      return new OperationLost({
        message: `${subject} was lost ${where}${why || ": its worker died"}`,
        hint: entry.error?.hint ?? "It may have run in part or in whole: check the resource before you repeat it.",
        entry,
        lastOutput,
      });
    default:
      throw new WilcoError({ code: "internal", message: `Entry ${entry.id} is ${entry.status}: that is no failure` });
  }
}

/** The error of a wait that its policy ended before the entry did. `looks` is how many were counted. */
export function pollLimitReached(entry: Entry, looks: number, policy: PollPolicy): PollLimitReached {
  const bound =
    looks >= policy.limit ? `${looks} ${looks === 1 ? "look" : "looks"}` : formatDuration(policy.waitTimeout);
  return new PollLimitReached({
    message: `${subjectOf(entry)} is still ${entry.status} after ${bound} (entry ${entry.id})`,
    hint: `It goes on: wait again with history.wait(${entry.id}) or "wilco entry wait ${entry.id}".`,
    entry,
  });
}

/** The error of a wait that the script's interruption ended. */
export function interrupted(subject: string, entry: Entry | undefined, cause: unknown): Interrupted {
  return new Interrupted({
    message: entry
      ? `Interrupted while waiting for ${subject} (entry ${entry.id})`
      : `Interrupted while ${subject} was being filed`,
    hint: entry
      ? `It goes on: look with "wilco entry show ${entry.id}", stop it with "wilco entry cancel ${entry.id}".`
      : 'Whether it was filed is not known: look with "wilco history".',
    entry,
    cause,
  });
}

/**
 * The error as the call's own: its stack begins at the script's line, and `location` names that line. A plain
 * WilcoError is copied first, because all calls of a lost request share one.
 */
export function atCallSite(error: unknown, site: CallSite): unknown {
  if (!(error instanceof WilcoError)) return error;
  const own = error instanceof ExecutionError ? error : WilcoError.fromBody(error.toBody(), error);
  const set = (key: string, value: unknown) =>
    Object.defineProperty(own, key, { value, writable: true, configurable: true, enumerable: false });
  set("location", site.location);
  set("stack", `${own.name}: ${own.message}\n${site.stack}`);
  return own;
}

/** The script's line that made the call which failed ("deploy.ts:12:7"), when the error is of a call. */
export function locationOf(error: unknown): string | undefined {
  const location = error instanceof Error ? (error as { location?: unknown }).location : undefined;
  return typeof location === "string" ? location : undefined;
}

function targetsSentence(entry: Entry, subject: string): string {
  const counts = entry.tasks ?? {};
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return `${subject} failed`;
  return `${subject} did not succeed on ${total - (counts.succeeded ?? 0)} of ${total} targets`;
}

const SHOWN_FAILURES = 3;

/** ": web-3: it exited with code 3; web-7: …", or nothing where the entry does not say. */
function failuresOf(entry: Entry): string {
  const { tasks = [] } = (entry.result ?? {}) as Partial<RequestResult>;
  const failed = tasks.filter((task) => task.status !== "succeeded");
  // Those that a halt kept from starting say nothing about the reason.
  const own = failed.filter((task) => task.error?.code !== "halted");
  if (own.length === 0) return "";
  const shown = own.slice(0, SHOWN_FAILURES).map((task) => `${task.resource}: ${task.error?.message ?? task.status}`);
  const more = own.length > SHOWN_FAILURES ? `; and ${own.length - SHOWN_FAILURES} more` : "";
  return `: ${shown.join("; ")}${more}`;
}
