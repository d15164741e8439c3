/** What `exec`, `deploy` and `deployments rollback` say of the entry that they file: when, how urgent, for how long. */
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { parsePriority } from "../domain/priority.ts";
import type { Submission } from "../protocol/messages.ts";
import { parseWhen } from "./output/times.ts";
import { requireWorkerOf } from "./require-worker.ts";

export interface FilingFlags {
  timeout?: string;
  at?: string;
  priority?: string;
  note?: string;
  /** A duration; true = the default; false with --no-require-worker. */
  requireWorker: string | boolean;
}

export type FilingOptions = Pick<Submission, "timeout" | "at" | "delay" | "priority" | "note" | "requireWorker">;

/** @throws WilcoError `invalid_request` in the words of the flags. */
export function filingOptionsOf(flags: FilingFlags): FilingOptions {
  return {
    ...(flags.timeout === undefined ? {} : { timeout: timeoutOf(flags.timeout) }),
    ...(flags.priority === undefined ? {} : { priority: parsePriority(flags.priority) }),
    ...(flags.note === undefined ? {} : { note: flags.note }),
    ...(flags.at === undefined ? {} : parseWhen(flags.at)),
    ...requireWorkerOf(flags.requireWorker),
  };
}

function timeoutOf(text: string): number {
  const timeout = parseDuration(text, "--timeout");
  if (timeout > 0) return timeout;
  throw new WilcoError({
    code: "invalid_request",
    message: `--timeout must be longer than nothing: ${JSON.stringify(text)}`,
    hint: "Leave it out for the operation's own, which is mostly 1h.",
  });
}
