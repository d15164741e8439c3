/**
 * The columns as the drivers return them (the codecs in `audit/` and `inventory/` turn rows into domain values):
 * times and durations are integer milliseconds, flags are 0 or 1, JSON is text (labels: jsonb on PostgreSQL), output is
 * bytes. One representation on both engines, because better-sqlite3 refuses booleans and Dates, pg returns bigint as
 * text unless told, and jsonb reorders keys.
 */
import type { Generated, Selectable } from "kysely";
import type { Status } from "../domain/status.ts";
import type { EntryKind, EventType } from "../domain/entry.ts";
import type {
  AvailabilityChangeTable,
  ConfigurationChangeTable,
  ConfigurationVersionTable,
  ContentTable,
  DeploymentTable,
  FindingTable,
  MetricSampleTable,
  ResourceGroupTable,
  ResourceTable,
  ResourceTypeTable,
  SecretTable,
} from "./inventory-tables.ts";

/** What a claimed update is to make of the configuration. */
export interface EntryTable {
  id: Generated<number>;
  kind: EntryKind;
  status: Status;
  resource: number | null;
  resource_name: string | null;
  resource_type: string | null;
  type_version: string | null;
  operation: string | null;
  /** As shown: masks where something is secret. */
  parameters: string;
  /** What the masks stand for; null when nothing is secret. */
  sealed: string | null;
  result: string | null;
  error: string | null;
  requested_by: string;
  key: string;
  request_hash: string;
  note: string | null;
  zone: string;
  role: string;
  bound_worker: string | null;
  route: string;
  priority: number;
  weight: number;
  exclusive: number;
  head: number;
  forced: number;
  on_lost: "lose" | "requeue";
  max_attempts: number;
  timeout: number;
  expires_in: number;
  require_worker: number | null;
  deliver_at: number | null;
  parent: number | null;
  root: number | null;
  retry_of: number | null;
  waits: number;
  /** 1 = a task beyond the window of its request. */
  held: Generated<number>;
  attempt: number;
  tries: number;
  claim_id: string | null;
  worker_session: string | null;
  worker_name: string | null;
  lease_expires: number | null;
  deadline: number | null;
  cancel_by: string | null;
  cancel_reason: string | null;
  last_chunk: number;
  output_bytes: number;
  finish_id: string | null;
  silent: number;
  progress: string | null;
  warning: string | null;
  last_event: number;
  created_at: number;
  queued_at: number | null;
  expires_at: number | null;
  started_at: number | null;
  finished_at: number | null;
  seen_at: number | null;
  trace: string | null;
  /** 1 = filed by wilco itself, to look at a resource. */
  automatic: Generated<number>;
  /** 1 = an automatic entry that something refers to. */
  kept: Generated<number>;
}

export type EntryRow = Selectable<EntryTable>;

/** The window and the counters of an entry of the kind "request". */
export interface RequestTable {
  entry: number;
  /** What it was asked for, as a selector. */
  targets: string;
  /** The submission as JSON, without targets and key: what a retry repeats. */
  asked: string;
  tasks: number;
  concurrency: number;
  min_success: number;
  halt_on_failure: number;
  serial: number;
  /** Serial requests: the worker on which the first task ended; all others are its. */
  worker: string | null;
  held: number;
  open: number;
  succeeded: number;
  failed: number;
  timed_out: number;
  canceled: number;
  lost: number;
}

export interface EntryDependencyTable {
  entry: number;
  needs: number;
  condition: "success" | "failure" | "any";
}

export interface EntryEventTable {
  entry: number;
  seq: number;
  at: number;
  type: EventType;
  attempt: number;
  data: string;
  output: Uint8Array | null;
}

export interface WorkerTable {
  session: string;
  name: string;
  zone: string;
  roles: string;
  state: "starting" | "ready" | "draining" | "stopped" | "lost";
  capacity: number;
  host: string;
  pid: number;
  version: string;
  succession_hash: string;
  token: string;
  types: string;
  started_at: number;
  seen_at: number;
  clock_skew: number | null;
  disk_free: number | null;
  disk_total: number | null;
  priority_min: Generated<number>;
  priority_max: Generated<number>;
  reserves: number | null;
  stats: string | null;
}

export type WorkerRow = Selectable<WorkerTable>;

export interface WorkerOrderTable {
  id: Generated<number>;
  request: string;
  session: string;
  command: "ping" | "status" | "running" | "reload" | "drain" | "stop";
  asked_by: string;
  asked_at: number;
  expires_at: number;
  answered_at: number | null;
  answer: string | null;
}

export interface PausedRouteTable {
  route: string;
  paused_by: string;
  paused_at: number;
  reason: string | null;
}

export interface TokenTable {
  id: Generated<number>;
  name: string;
  role: "viewer" | "operator" | "worker" | "admin";
  hash: string;
  zones: string | null;
  roles: string | null;
  created_by: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

export interface WorkerTypeTable {
  session: string;
  type: string;
  version: string;
}

export interface ThroughputTable {
  server: string;
  at: number;
  filed: number;
  claimed: number;
  ended: number;
}

export interface EntryContentTable {
  entry: number;
  parameter: string;
  content: string;
  restores: number | null;
}

export interface SettingTable {
  name: string;
  value: string;
}

export interface SealingKeyTable {
  single: 1;
  key_id: string;
  since: number;
}

export interface MigrationTable {
  number: number;
  name: string;
  applied_at: number;
}

export interface Tables {
  resource_type: ResourceTypeTable;
  resource: ResourceTable;
  resource_group: ResourceGroupTable;
  finding: FindingTable;
  availability_change: AvailabilityChangeTable;
  metric_sample: MetricSampleTable;
  entry: EntryTable;
  request: RequestTable;
  entry_dependency: EntryDependencyTable;
  entry_event: EntryEventTable;
  worker: WorkerTable;
  worker_order: WorkerOrderTable;
  paused_route: PausedRouteTable;
  token: TokenTable;
  secret: SecretTable;
  sealing_key: SealingKeyTable;
  content: ContentTable;
  entry_content: EntryContentTable;
  deployment: DeploymentTable;
  setting: SettingTable;
  configuration_version: ConfigurationVersionTable;
  configuration_change: ConfigurationChangeTable;
  throughput: ThroughputTable;
  worker_type: WorkerTypeTable;
  migration: MigrationTable;
}
