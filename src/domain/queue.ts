/** The queue as operators look at it: messages (entries that have not ended), what waits where, and how fast it moves. */
import type { EntryKind } from "./entry.ts";
import type { Status } from "./status.ts";

/** One entry that has not ended, as the queue sees it. Times are ISO 8601 in UTC, durations whole milliseconds. */
export interface QueueItem {
  id: number;
  status: Status;
  kind: EntryKind;
  resource: string | null;
  type: string | null;
  typeVersion: string | null;
  operation: string | null;
  route: string;
  zone: string;
  role: string;
  /** The one worker that it is for; null = any of its route. */
  boundWorker: string | null;
  /** The worker that runs it. */
  worker: string | null;
  priority: number;
  weight: number;
  exclusive: boolean;
  /** Holds its resource, or is the next one of it. */
  head: boolean;
  /** Its worker is silent. */
  silent: boolean;
  attempt: number;
  tries: number;
  maxAttempts: number;
  onLost: "lose" | "requeue";
  requestedBy: string;
  note: string | null;
  parent: number | null;
  root: number;
  createdAt: string;
  deliverAt: string | null;
  queuedAt: string | null;
  expiresAt: string | null;
  startedAt: string | null;
  leaseExpiresAt: string | null;
  deadline: string | null;
  /** ms since it is queued, until its start; null before it is queued. */
  waited: number | null;
  /** ms since its start; null before it. */
  ran: number | null;
}

/** The fields of an item that can be asked for by value. */
export const QUEUE_FILTERS = {
  kind: "text",
  resource: "text",
  type: "text",
  typeVersion: "text",
  operation: "text",
  route: "text",
  zone: "text",
  role: "text",
  boundWorker: "text",
  worker: "text",
  priority: "number",
  weight: "number",
  exclusive: "flag",
  head: "flag",
  silent: "flag",
  attempt: "number",
  tries: "number",
  maxAttempts: "number",
  onLost: "text",
  requestedBy: "text",
  note: "text",
  parent: "number",
  root: "number",
} as const;
export type QueueFilter = keyof typeof QUEUE_FILTERS;

/** Of one route and priority. */
export interface QueueGroup {
  route: string;
  priority: number;
  /** Queued; counted up to a bound, beyond which `more` is true. */
  waiting: number;
  more: boolean;
  /** Of these, those that wait for their resource; the others wait for a worker. */
  behind: number;
  running: number;
  /** The queued entry that was filed first; null when none waits. */
  oldest: number | null;
  /** ms since that one is queued. */
  waited: number | null;
}

export interface QueueStats {
  groups: QueueGroup[];
  /** Entries that are not due, and that wait for another one; `more` beyond the bound. */
  scheduled: { count: number; more: boolean };
  blocked: { count: number; more: boolean };
  paused: string[];
  /** Entries a second, of all servers, over the last `window` ms. */
  rates: { window: number; filed: number; claimed: number; ended: number };
}
