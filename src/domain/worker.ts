/** A worker as the API shows it, and what a claim hands to it. */
import type { ErrorBody } from "../core/errors.ts";
import type { JsonObject, JsonSchema } from "../core/json.ts";
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
  /** As its last heartbeat counted; null before the first one. */
  counts: WorkerCounts | null;
  startedAt: string;
  lastSeenAt: string;
  /** Nothing was heard of it for a whole lease, by the database's clock, and it has not ended: it takes nothing. */
  silent: boolean;
  /** ms that its clock is ahead of the database's, as of its last heartbeat; null before the first. */
  clockSkew: number | null;
  /** Bytes of the disk that holds its state and temporary files; null where it could not tell. */
  disk: { free: number; total: number } | null;
}

/** Counted by a worker since its start. */
export interface WorkerCounts {
  /** Entries it was given. */
  claimed: number;
  /** Executions that ended and were reported. */
  finished: number;
  /** Those of them that ended as failed or timed out. */
  failed: number;
  /** Resident memory of its process, bytes. */
  memory: number;
}

/** What a worker can be asked over its heartbeat: the first three change nothing. */
export const WORKER_COMMANDS = ["ping", "status", "running", "reload", "drain", "stop"] as const;
export type WorkerCommand = (typeof WORKER_COMMANDS)[number];

export interface WorkerOrder {
  id: number;
  command: WorkerCommand;
}

/** What became of an order to one worker. */
export interface OrderOutcome {
  name: string;
  zone: string;
  state: WorkerState;
  lastSeenAt: string;
  /** It answered within the time, with `answer` or with `error`. */
  answered: boolean;
  /** ms until it did; null when it did not. */
  took: number | null;
  answer: JsonObject | null;
  error: ErrorBody | null;
}

/** The answer to `status`. */
export interface WorkerStatus extends WorkerCounts {
  state: WorkerState;
  roles: string[];
  band: PriorityBand;
  capacity: number;
  /** Slots in use. */
  running: number;
  version: string;
  host: string;
  pid: number;
  /** ms since its start. */
  uptime: number;
}

/** One of the answer to `running`. */
export interface RunningExecution {
  entry: number;
  attempt: number;
  /** The root request's id. */
  root: number;
  resource: string;
  operation: string;
  /** It waits for a slot of the worker, runs, or its end is being reported. */
  stage: "waiting" | "running" | "finishing";
  /** ms since the worker took it. */
  since: number;
}

/** What a worker needs to verify a configuration, or to compare it. */
export interface ConfigurationWork {
  schema: JsonSchema;
  /** What the server knows, with secrets opened; null with version 0. */
  known: JsonObject | null;
  /** Nothing is known yet: this is merged into what the resource has, and what comes of it is told to the server. */
  patch?: JsonObject;
  /** How it is read back; null = the type can't. */
  read: { implementation: Implementation | null } | null;
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
  /** For an operation that reads or updates the configuration. */
  configuration?: ConfigurationWork;
  /** What `{{secrets.NAME}}` gives in its implementation, by name; absent = it names none. */
  storedSecrets?: Record<string, string>;
  /** What must not be seen: masked by the worker in everything that it reports. */
  secrets: string[];
  /** The version of the type the server knows. */
  typeVersion: string;
  /** For YAML types; null = the worker's own handler. */
  implementation: Implementation | null;
  /** ms left until the deadline, counted from when the answer was made. */
  deadlineIn: number;
  /** ms from claim to deadline, as asked for. */
  timeout?: number;
  onLost: "lose" | "requeue";
  weight: number;
  /** Bytes of output kept; beyond it one `truncated` event. */
  outputQuota: number;
  /** True when it was claimed (with a repeated claim id) and then asked to cancel. */
  canceling: boolean;
  /** W3C traceparent of the submit; null = it had none. */
  trace?: string | null;
}
