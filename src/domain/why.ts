/** The answer to "why does this entry not run?": the first condition that holds it back, and what would free it. */
import type { JsonObject } from "../core/json.ts";
import type { Status } from "./status.ts";

export const WHY_REASONS = [
  "ended",
  "not_due",
  "due",
  "blocked",
  "resource_held",
  "behind_head",
  "no_head",
  "route_paused",
  "no_worker",
  "worker_silent",
  "worker_draining",
  "priority_band",
  "worker_too_old",
  "workers_full",
  "behind_others",
  "claimable",
  "not_claimed",
  "running",
  "running_tasks",
  "running_silent",
  "running_overdue",
  "canceling",
] as const;
export type WhyReason = (typeof WHY_REASONS)[number];

export interface Why {
  entry: number;
  /** "web-1 restart" */
  subject: string;
  status: Status;
  reason: WhyReason;
  /** One sentence: what holds it back. Durations in it are those of the moment of the answer. */
  message: string;
  /** One sentence: what would free it; null when there is nothing to do but wait. */
  hint: string | null;
  /** Commands that do it, the likeliest first. */
  commands: string[];
  /** The same as data: ids, names, times (ISO 8601) and durations (ms). */
  details: JsonObject;
  /** What the entry that it waits for does or waits for itself. */
  because: Why | null;
}
