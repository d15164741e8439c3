/** What `wilco doctor` says: findings in order of urgency, each with what to do, and the figures that were looked at. */
import type { JsonObject } from "../core/json.ts";

/** "error": something does not work; "warning": it will stop working, or works worse than it should. */
export type FindingLevel = "error" | "warning";

export interface Finding {
  level: FindingLevel;
  /** Stable: "route_unserved", "worker_silent" … */
  code: string;
  /** One sentence: what is wrong. */
  message: string;
  /** One sentence: what to do about it. */
  hint: string;
  /** Commands that do it or show more. */
  commands: string[];
  details: JsonObject;
}

export interface DoctorAnswer {
  /** True when there are no findings. */
  healthy: boolean;
  findings: Finding[];
  /** What the answering server measured; times in ms, sizes in bytes. */
  figures: {
    engine: "sqlite" | "postgres";
    databaseVersion: string;
    /** Of the fastest of a few round trips, and of a write with its commit; null when it failed. */
    roundTrip: number | null;
    write: number | null;
    /** The server's clock minus the database's; null when the database did not answer. */
    clockSkew: number | null;
    /** Of the data directory; null where the file system does not tell. */
    disk: { free: number; total: number } | null;
    /** Whether news of other servers arrive; polling alone goes on without. */
    listening: boolean;
    liveWorkers: number;
    queued: number;
    running: number;
  };
}
