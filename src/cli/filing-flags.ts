/** What the commands that file work say of the entry: when, where, after what, how urgent, for how long. */
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Dependency } from "../domain/entry.ts";
import { parsePriority } from "../domain/priority.ts";
import { requireName } from "../domain/route.ts";
import type { Submission } from "../protocol/messages.ts";
import { parseEntryId } from "./numbers.ts";
import { parseWhen } from "./output/times.ts";
import { requireWorkerOf } from "./require-worker.ts";

export interface FilingFlags {
  timeout?: string;
  at?: string;
  priority?: string;
  note?: string;
  zone?: string;
  worker?: string;
  /** "17", "17:any", "17,18:failure" */
  after?: string[];
  /** A duration; true = the default; false with --no-require-worker. */
  requireWorker: string | boolean;
}

export type FilingOptions = Pick<
  Submission,
  "timeout" | "at" | "delay" | "priority" | "note" | "requireWorker" | "zone" | "worker" | "after"
>;

const CONDITIONS = ["success", "failure", "any"] as const satisfies ReadonlyArray<Dependency["on"]>;

/** @throws WilcoError `invalid_request` in the words of the flags. */
export function filingOptionsOf(flags: FilingFlags): FilingOptions {
  if (flags.zone !== undefined && flags.worker !== undefined) {
    throw invalid("--zone and --worker exclude each other", "Leave --zone out: the worker is of the zone it is of.");
  }
  return {
    ...(flags.timeout === undefined ? {} : { timeout: timeoutOf(flags.timeout) }),
    ...(flags.priority === undefined ? {} : { priority: parsePriority(flags.priority) }),
    ...(flags.note === undefined ? {} : { note: flags.note }),
    ...(flags.at === undefined ? {} : parseWhen(flags.at)),
    ...(flags.zone === undefined ? {} : { zone: requireName(flags.zone, "zone") }),
    ...(flags.worker === undefined ? {} : { worker: requireName(flags.worker, "worker") }),
    ...(flags.after === undefined ? {} : { after: dependenciesOf(flags.after) }),
    ...requireWorkerOf(flags.requireWorker),
  };
}

/** `--after`. @throws WilcoError `invalid_request`. */
export function dependenciesOf(texts: readonly string[]): Dependency[] {
  const byEntry = new Map<number, Dependency>();
  for (const text of texts.flatMap((one) => one.split(","))) {
    const [, id = "", condition = "success"] = /^\s*(\d+)(?::(.*))?$/s.exec(text) ?? [];
    if (id === "") {
      throw invalid(
        `--after names no entry: ${JSON.stringify(text)}`,
        'Write the id of an entry, 17, or 17:any; "wilco history" lists them.',
      );
    }
    const on = CONDITIONS.find((one) => one === condition);
    if (!on) {
      throw invalid(
        `--after ${text}: there is no ${JSON.stringify(condition)}`,
        suggestion(condition, CONDITIONS, "It takes"),
      );
    }
    const entry = parseEntryId(id);
    const before = byEntry.get(entry);
    if (before && before.on !== on) {
      throw invalid(`--after names entry ${entry} twice, on ${before.on} and on ${on}`, 'Name it once; "any" is both.');
    }
    byEntry.set(entry, { entry, on });
  }
  return [...byEntry.values()];
}

function timeoutOf(text: string): number {
  const timeout = parseDuration(text, "--timeout");
  if (timeout > 0) return timeout;
  throw invalid(
    `--timeout must be longer than nothing: ${JSON.stringify(text)}`,
    "Leave it out for the operation's own, which is mostly 1h.",
  );
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
