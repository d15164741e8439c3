/** A worker as the API shows it, and what a claim hands to it. */
import type { JsonObject } from "../core/json.ts";
import type { EntryKind } from "./entry.ts";
import type { PriorityBand } from "./priority.ts";
import type { Implementation } from "./resource-type.ts";

export const WORKER_STATES = ["starting", "ready", "draining", "stopped", "lost"] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

export interface Worker {
  name: string;
  zone: string;
  roles: string[];
  state: WorkerState;
  /** Slots. */
  capacity: number;
  /** The priorities it takes, both ends included: 0 to 200 unless it was started with a band. */
  band: PriorityBand;
  /** Slots in use. */
  running: number;
  host: string;
  pid: number;
  version: string;
  startedAt: string;
  lastSeenAt: string;
  /** ms that its clock is ahead of the database's, as of its last heartbeat; null before the first. */
  clockSkew: number | null;
  /** Bytes of the disk that holds its state and temporary files; null where it could not tell. */
  disk: { free: number; total: number } | null;
}

/** One claimed entry: everything the worker needs, and nothing it does not. */
export interface Assignment {
  entry: number;
  attempt: number;
  kind: EntryKind;
  /** The root request's id (its own id when it has no parent), for log lines. */
  root: number;
  operation: string;
  parameters: JsonObject;
  resource: {
    id: number;
    name: string;
    type: string;
    zone: string;
    labels: Record<string, string>;
    /** With secrets opened. */
    connection: JsonObject;
    /** What templates reach as {{configuration.…}}; absent = none. */
    configuration?: JsonObject;
  };
  /** What must not be seen: masked by the worker in everything that it reports. */
  secrets: string[];
  /** The version of the type the server knows. */
  typeVersion: string;
  /** For YAML types; null = the worker's own handler. */
  implementation: Implementation | null;
  /** ms left until the deadline, counted from when the answer was made. */
  deadlineIn: number;
  onLost: "lose" | "requeue";
  weight: number;
  /** Bytes of output kept; beyond it one `truncated` event. */
  outputQuota: number;
  /** True when it was claimed (with a repeated claim id) and then asked to cancel. */
  canceling: boolean;
  /** W3C traceparent of the submit; null = it had none. */
  trace?: string | null;
}
