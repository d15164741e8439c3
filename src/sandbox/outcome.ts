/** How a run ended, for the command line to print and to turn into an exit code. */
import { errorOfEntry } from "../client/errors.ts";
import { formatDuration } from "../core/durations.ts";
import type { Entry } from "../domain/entry.ts";
import type { ScriptError } from "./guest/wire.ts";
import type { RunningEntry } from "./filed-entries.ts";
import type { Limit, SandboxLimits, ThreadEnd } from "./messages.ts";

export interface RunOutcome {
  /**
   * - `completed`: the script reached its end; it still failed when `unobservedFailures` is not empty
   * - `exit`: it called exit(), see `exitCode`
   * - `threw`: an error that nobody caught
   * - `invalid`: it does not load or compile; not one line of it ran
   * - `interrupted`: its signal was aborted, however it ended then
   * - `limit`: it used up its computing time or memory
   */
  kind: "completed" | "exit" | "threw" | "invalid" | "interrupted" | "limit";
  exitCode?: number;
  limit?: Limit;
  error?: ScriptError;
  /** Of executions that the script started and did not see end: it never looked after them, or it ended before them. */
  unobservedFailures: ScriptError[];
  /** What it filed and was not seen to end, with the last status seen; after `onError: "wait"` with the final one. */
  running: RunningEntry[];
}

type Ended = Omit<RunOutcome, "running">;

export function outcomeOf(end: ThreadEnd, limits: SandboxLimits, interrupted: boolean): Ended {
  const outcome = plainOutcome(end, limits);
  return interrupted ? { ...outcome, kind: "interrupted" } : outcome;
}

function plainOutcome(end: ThreadEnd, limits: SandboxLimits): Ended {
  switch (end.kind) {
    case "completed":
      return { kind: "completed", unobservedFailures: end.unobservedFailures };
    case "exit":
      return { kind: "exit", exitCode: end.exitCode, unobservedFailures: [] };
    case "threw":
    case "invalid":
      return { kind: end.kind, error: end.error, unobservedFailures: [] };
    case "limit":
      return { kind: "limit", limit: end.limit, error: limitError(end.limit, limits), unobservedFailures: [] };
    case "stopped":
      return { kind: "interrupted", unobservedFailures: [] };
    case "failed":
      return { kind: "threw", error: faultError(end.message), unobservedFailures: [] };
    default:
      return end satisfies never;
  }
}

/** The failure of an entry that outlived its script, as awaiting it would have thrown it. */
export function entryError(entry: Entry): ScriptError {
  const { name, code, message, hint, details } = errorOfEntry(entry);
  return { ...error(name, code, message, hint ?? ""), details, entry: entry.id };
}

function limitError(limit: Limit, limits: SandboxLimits): ScriptError {
  if (limit === "cpu") {
    return error(
      "ScriptLimit",
      "script_limit",
      `The script computed for ${formatDuration(limits.cpu)} and was stopped`,
      "Waiting does not count: look for a loop that never ends, or give it more with --cpu-limit.",
    );
  }
  return error(
    "ScriptLimit",
    "script_limit",
    `The script used up its ${Math.floor(limits.memory / 1_048_576)} MB of memory and was stopped`,
    "Keep less of what it reads, or give it more with --memory-limit.",
  );
}

function faultError(message: string): ScriptError {
  return error(
    "SandboxFailed",
    "internal",
    `The script's engine failed: ${message}`,
    "This is a fault of wilco's own: please report it with the script.",
  );
}

function error(name: string, code: string, message: string, hint: string): ScriptError {
  return { name, code, message, hint, stack: `${name}: ${message}` };
}
