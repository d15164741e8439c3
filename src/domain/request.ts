/** Requests: one entry that fans out to a task (an entry of its own) for each target. */
import { WilcoError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { EntryError } from "./entry.ts";
import type { TerminalStatus } from "./status.ts";

/** Tasks of one request at most. */
export const MAX_TASKS = 10_000;

/** "given": as listed; of a selector or a query's group, as the resources were added. */
export const TASK_ORDERS = ["given", "name", "reverse", "random"] as const;
export type TaskOrder = (typeof TASK_ORDERS)[number];

/** How one target fared. */
export interface TaskOutcome {
  /** Id of the task's entry. */
  entry: number;
  /** Name of the resource. */
  resource: string | null;
  status: TerminalStatus;
  /** Its message has at most 500 characters; the whole error is the task's. */
  error?: EntryError;
  /** At most 4,096 characters of JSON, and 1 MB of all; a larger one is only in the task's entry. */
  result?: Json;
  /** There is a result, but it is not repeated here. */
  resultLeftOut?: true;
}

/** The result of an entry of the kind "request", whatever its status: every target is in it, in the tasks' order. */
export interface RequestResult {
  total: number;
  /** How many had to succeed. */
  minSuccess: number;
  counts: Record<TerminalStatus, number>;
  tasks: TaskOutcome[];
}

/**
 * A number as it is, a share ("25%") of `total`, rounded up.
 * @throws WilcoError `invalid_request` unless it is a whole number from 1 or a share above 0% up to 100%.
 */
export function countOf(value: number | string, total: number, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  const share = typeof value === "string" ? /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(value.trim()) : null;
  const percent = share ? Number(share[1]) : 0;
  // 7% of 100 is 7.000000000000001 in floating point.
  if (percent > 0 && percent <= 100) return Math.ceil(Number(((total * percent) / 100).toFixed(6)));
  throw new WilcoError({
    code: "invalid_request",
    message: `${what} is ${JSON.stringify(value)}`,
    hint: 'Write a whole number from 1, or a share such as "25%".',
  });
}
