/** The audit entry (one shape for every kind of change) and its events, as the API shows them. */
import type { Json, JsonObject } from "../core/json.ts";
import type { Status } from "./status.ts";

export const ENTRY_KINDS = ["operation", "configuration", "deployment", "discovery", "script", "request"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** Why an entry did not succeed. `source` says whose fault: the work's, or wilco's. */
export interface EntryError {
  /** Stable, e.g. "exit_code", "timeout", "handler_threw", "expired", "worker_lost", "canceled". */
  code: string;
  message: string;
  source: "operation" | "system";
  hint?: string;
  details?: Json;
}

/**
 * Code of an error whose source is the system: the connection over which the work was done broke, and how far it got is
 * not known. An operation with `onLost: requeue` is then queued again, as when its worker is lost.
 */
export const CONNECTION_LOST = "connection_lost";

export interface Progress {
  done: number;
  total: number | null;
  text: string | null;
}

/** "Run me after entry N, if it ended like this." */
export interface Dependency {
  entry: number;
  on: "success" | "failure" | "any";
}

export interface EntryResource {
  id: number;
  name: string;
  type: string;
}

/** Times are ISO 8601 in UTC with milliseconds; durations are whole milliseconds. */
export interface Entry {
  id: number;
  kind: EntryKind;
  status: Status;
  resource: EntryResource | null;
  operation: string | null;
  parameters: JsonObject;
  result: Json | null;
  error: EntryError | null;
  /** The name of the token that asked. */
  requestedBy: string;
  /** wilco filed it by itself, to look at the resource. */
  automatic: boolean;
  note: string | null;
  /** "zone/role" or "worker/NAME". */
  route: string;
  priority: number;
  exclusive: boolean;
  parent: number | null;
  retryOf: number | null;
  after: Dependency[];
  /** Name of the worker that runs it or ran it last. */
  worker: string | null;
  attempt: number;
  progress: Progress | null;
  /** ms from claim to deadline. */
  timeout: number;
  /** Something a person should know at once, e.g. that no live worker serves the route. */
  warning: string | null;
  createdAt: string;
  /** When it is (was) due, for scheduled entries. */
  deliverAt: string | null;
  queuedAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  /** When the current or last lease was last renewed by its worker. */
  workerSeenAt: string | null;
  /** The number of its newest event; grows with every change. */
  lastEvent: number;
  /** Only for requests: what they were asked for, as a selector ("group=web"), at most 200 characters. */
  targets: string | null;
  /** Only for requests: how many tasks are in which status. */
  tasks: Partial<Record<Status, number>> | null;
}

export const EVENT_TYPES = [
  "submitted",
  "scheduled",
  "blocked",
  "queued",
  "claimed",
  "progress",
  "output",
  "truncated",
  "silent",
  "requeued",
  "cancel_requested",
  "task_finished",
  "finished",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** `data` of an output event. `base64` instead of `text` when the bytes are not UTF-8. */
export interface OutputData {
  stream: "stdout" | "stderr";
  text?: string;
  base64?: string;
}

/** One line of an entry's append-only log; `seq` counts 1, 2, 3 … without gaps. */
export interface EntryEvent {
  seq: number;
  at: string;
  type: EventType;
  /** The attempt it belongs to; 0 before the first claim. */
  attempt: number;
  data: JsonObject;
}
