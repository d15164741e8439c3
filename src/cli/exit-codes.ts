/** The exit codes, a contract (README "Exit codes"), and the one place that turns what happened into one of them. */
import { isErrorCode, type ErrorCode } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import type { Entry } from "../domain/entry.ts";
import type { RequestResult } from "../domain/request.ts";
import type { ScriptEnd } from "../domain/script.ts";
import type { Status } from "../domain/status.ts";

export const EXIT = {
  succeeded: 0,
  failed: 1,
  wrongUse: 2,
  notAllowed: 3,
  canceled: 4,
  partly: 5,
  lost: 6,
  unreachable: 7,
  unclaimed: 8,
  internal: 70,
  waitEnded: 124,
  /** 128 + 13: the reader of our output closed the pipe. */
  brokenPipe: 141,
} as const;

/** 128 + n. */
export const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type EndingSignal = keyof typeof SIGNAL_EXIT;

/** What the exit code of one entry depends on. */
export type Outcome = Pick<Entry, "status" | "error">;

/** No worker took it: it ended by the system before any claim. */
export function isUnclaimed(outcome: Outcome): boolean {
  return (
    outcome.status === "failed" &&
    outcome.error?.source === "system" &&
    (outcome.error.code === "no_worker" || outcome.error.code === "expired")
  );
}

/** Not started, because another task of its request failed. */
function isHalted(outcome: Outcome): boolean {
  return outcome.status === "canceled" && outcome.error?.code === "halted";
}

/**
 * The code of entries that have all ended; the first rule that fits decides.
 * @param minSuccess how many must succeed; default all.
 */
export function exitCodeOfOutcomes(outcomes: readonly Outcome[], minSuccess = outcomes.length): number {
  const count = (status: Status) => outcomes.filter((outcome) => outcome.status === status).length;
  const succeeded = count("succeeded");
  if (succeeded >= minSuccess) return EXIT.succeeded;
  if (succeeded > 0) return EXIT.partly;
  if (count("canceled") === outcomes.length) return EXIT.canceled;
  if (outcomes.every((outcome) => isUnclaimed(outcome) || isHalted(outcome))) return EXIT.unclaimed;
  if (count("lost") > 0) return EXIT.lost;
  return EXIT.failed;
}

/** Of entries that have all ended, requests among them: a request that succeeded has, whatever its tasks came to. */
export function exitCodeOfEntries(entries: readonly Entry[]): number {
  const ofScript = entries.length === 1 ? scriptEndOf(entries[0]!) : undefined;
  if (ofScript) return ofScript.exit;
  const parts = entries.map((entry) => (entry.kind === "request" ? outcomesOfRequest(entry) : [entry]));
  const wanted = entries.map((entry, at) =>
    entry.kind === "request" && entry.status === "succeeded"
      ? parts[at]!.filter(({ status }) => status === "succeeded").length
      : parts[at]!.length,
  );
  return exitCodeOfOutcomes(
    parts.flat(),
    wanted.reduce((sum, count) => sum + count, 0),
  );
}

/** One that ended before it had tasks' outcomes counts as one. */
function outcomesOfRequest(request: Entry): Outcome[] {
  const { tasks } = (request.result ?? {}) as Partial<RequestResult>;
  if (!tasks || tasks.length === 0) return [request];
  return tasks.map((task) => ({ status: task.status, error: task.error ?? null }));
}

/** How a script on the server ended that failed by itself; undefined for every other entry. */
export function scriptEndOf({ kind, status, error }: Entry): ScriptEnd | undefined {
  if (kind !== "script" || status !== "failed") return undefined;
  const end = error?.details as Partial<ScriptEnd> | undefined;
  return Number.isInteger(end?.exit) && Array.isArray(end?.errors) ? (end as ScriptEnd) : undefined;
}

/** The code of an error by its kind, for what was refused before anything was submitted and for a wait cut short. */
export function exitCodeOfError(error: unknown): number {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return isErrorCode(code) ? exitCodeOfErrorCode(code) : EXIT.internal;
}

export function exitCodeOfErrorCode(code: ErrorCode): number {
  switch (code) {
    case "unauthenticated":
    case "forbidden":
    case "not_permitted":
      return EXIT.notAllowed;
    case "unavailable":
    case "unreachable":
    case "database_unusable":
    case "storage_full":
      return EXIT.unreachable;
    case "no_worker":
    case "expired":
      return EXIT.unclaimed;
    case "operation_failed":
    case "operation_timed_out":
    case "script_failed":
    case "script_limit":
      return EXIT.failed;
    case "targets_failed":
      return EXIT.partly;
    case "operation_canceled":
      return EXIT.canceled;
    case "operation_lost":
      return EXIT.lost;
    case "poll_limit_reached":
      return EXIT.waitEnded;
    case "interrupted":
      return SIGNAL_EXIT.SIGINT;
    case "internal":
    // The worker protocol's own: they reach a person only through a fault of wilco's.
    case "lease_lost":
    case "chunks_missing":
    case "session_ended":
      return EXIT.internal;
    default:
      return EXIT.wrongUse;
  }
}

/**
 * The same inside `run`, where 2 is kept for what is refused before the script's first line.
 * @param details of the error; those of a request's count its tasks, and without one success it is no "partly".
 */
export function exitCodeOfScriptError(code: string, details?: unknown): number {
  if (!isErrorCode(code)) return EXIT.failed;
  const tasks = isJsonObject(details) ? details["tasks"] : undefined;
  if (code === "targets_failed" && isJsonObject(tasks) && !tasks["succeeded"]) {
    return tasks["lost"] ? EXIT.lost : EXIT.failed;
  }
  const exit = exitCodeOfErrorCode(code);
  return exit === EXIT.wrongUse || exit === EXIT.internal ? EXIT.failed : exit;
}
