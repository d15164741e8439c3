/** The columns of the inventory's tables, as the drivers return them: see `tables.ts`. */
import type { Generated } from "kysely";

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
