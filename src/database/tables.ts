/**
 * The columns as the drivers return them (the codecs in `audit/` and `inventory/` turn rows into domain values):
 * times and durations are integer milliseconds, flags are 0 or 1, JSON is text (labels: jsonb on PostgreSQL), output is
 * bytes. One representation on both engines, because better-sqlite3 refuses booleans and Dates, pg returns bigint as
 * text unless told, and jsonb reorders keys.
 */
import type { Generated, Selectable } from "kysely";
import type { Status } from "../domain/status.ts";
import type { EntryKind, EventType } from "../domain/entry.ts";

export interface ResourceTypeTable {
  name: string;
  version: string;
  descriptor: string;
  builtin: number;
  updated_at: number;
  by_worker: Generated<number>;
  /** The type as its document has it, as JSON; null for types that no document defined. */
  source: string | null;
  /** ms; null = never. */
  check_every: number | null;
  metrics_every: number | null;
}

export interface ResourceTable {
  id: Generated<number>;
  name: string;
  type: string;
  zone: string;
  /** The binding as written; the inherited one is resolved when read. */
  worker: string | null;
  parent: number | null;
  labels: string;
  description: string | null;
  connection: string;
  /** A selector: findings under this resource that are taken without a yes. */
  take_found: string | null;
  availability: string;
  availability_at: number | null;
  availability_changed: number | null;
  availability_reason: string | null;
  availability_entry: number | null;
  /** ms; null = as its type says, 0 = never. */
  check_every: number | null;
  check_due: number | null;
  metrics_every: number | null;
  metrics_due: number | null;
  version: number;
  created_at: number;
  updated_at: number;
  /** The newest verified version, as stored; null with version 0. */
  configuration: Generated<string | null>;
  configuration_version: Generated<number>;
}

export interface ConfigurationVersionTable {
  resource: number;
  version: number;
  content: string;
  /** From the version before, as shown. */
  changes: string;
  rollback_of: number | null;
  entry: number | null;
  author: string;
  note: string | null;
  at: number;
}

/** What a claimed update is to make of the configuration. */
export interface ConfigurationChangeTable {
  entry: number;
  resource: number;
  /** The version that it was made of. */
  base: number;
  content: string;
  changes: string;
  rollback_of: number | null;
}

export interface ResourceGroupTable {
  name: string;
  description: string | null;
  selector: string | null;
  members: string | null;
  /** Names of groups whose members are its too; with it, `members` is a list, perhaps an empty one. */
  nested: string | null;
  version: number;
  updated_at: number;
}

export interface FindingTable {
  id: Generated<number>;
  found_under: number;
  name: string;
  type: string;
  status: "new" | "taken" | "ignored" | "gone";
  /** What was found, as a resource of an inventory document. */
  document: string;
  entry: number | null;
  first_seen_at: number;
  seen_at: number;
  decided_by: string | null;
  decided_at: number | null;
  problem: string | null;
}

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
  /** Serial requests: the worker that took the first task; all others are its. */
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

export interface AvailabilityChangeTable {
  id: Generated<number>;
  resource: number;
  at: number;
  availability: string;
  reason: string | null;
  entry: number | null;
}

export interface MetricSampleTable {
  resource: number;
  at: number;
  /** JSON, by name. */
  numbers: string;
}

export interface SecretTable {
  name: string;
  sealed: string;
  updated_by: string;
  created_at: number;
  updated_at: number;
}

export interface ContentTable {
  sha256: string;
  size: number;
  name: string;
  created_by: string;
  created_at: number;
  /** Of its bytes, as `content-bytes.ts` gave it. */
  place: string;
}

export interface EntryContentTable {
  entry: number;
  parameter: string;
  content: string;
  restores: number | null;
}

export interface DeploymentTable {
  resource: number;
  version: number;
  label: string | null;
  content: string;
  name: string;
  entry: number;
  author: string;
  at: number;
  status: "current" | "former" | "rolled_back";
  restores: number | null;
}

export interface SettingTable {
  name: string;
  value: string;
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
