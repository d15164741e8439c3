/** What every operation works with, and the settings of the queue. */
import type { Logger } from "pino";
import type { Database } from "../database/database.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import type { Signals } from "../queue/signals.ts";
import type { Children } from "../inventory/children.ts";
import type { SecretStore } from "../inventory/secret-store.ts";
import type { Targets } from "../inventory/targets.ts";

/** All in ms unless said otherwise. */
export interface QueueSettings {
  /** A lease lives this long without a heartbeat. Default 30 s. */
  lease: number;
  /** Workers send one this often. Default 10 s. */
  heartbeat: number;
  /** A silent, non-repeatable execution holds its resource this long before it ends as lost. Default 5 min. */
  lostAfter: number;
  /** Past its deadline, an entry is ended by the server after this. Default 15 s. */
  grace: number;
  /** An entry nobody claimed for this long ends as failed/expired. Default 24 h. */
  expiresIn: number;
  /** Bytes of output kept an entry. Default 50 MB. */
  outputQuota: number;
  /** Held calls look again this often, whatever the signals say. Default 1 s. */
  pollFloor: number;
  /** Maintenance looks this often. Default 1 s. */
  tick: number;
  /** Heads, counters and leases are compared with the entries this often. Default 1 min. */
  reconcileEvery: number;
  /** Whether this server files checks and metrics on their intervals. Default true. */
  automatic: boolean;
}

export const DEFAULT_QUEUE_SETTINGS: Readonly<QueueSettings> = Object.freeze({
  lease: 30_000,
  heartbeat: 10_000,
  lostAfter: 300_000,
  grace: 15_000,
  expiresIn: 86_400_000,
  outputQuota: 50 * 1024 * 1024,
  pollFloor: 1_000,
  tick: 1_000,
  reconcileEvery: 60_000,
  automatic: true,
});

export interface Context {
  database: Database;
  signals: Signals;
  targets: Targets;
  secrets: SecretStore;
  /** null = nothing is written for them. */
  children: Children | null;
  schemas: SchemaValidator;
  settings: QueueSettings;
  log: Logger;
}
