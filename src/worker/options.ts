/** What a worker is started with. */
import type { Tracing } from "../core/tracing.ts";
import type { PriorityBand } from "../domain/priority.ts";
import type { Log } from "../resource-types/log.ts";
import type { ResourceTypeDefinition } from "../resource-types/sdk.ts";
import type { WorkerApi } from "./api.ts";
import type { LoadTypes } from "./types-in-use.ts";
import type { Watch } from "./work.ts";

export interface WorkerOptions {
  api: WorkerApi;
  name: string;
  zone: string;
  roles: string[];
  /** Slots: executions at the same time. */
  capacity: number;
  /** The priorities it takes. Default all. */
  band?: PriorityBand;
  /** Processes for handlers that are there even when nothing runs; more are started up to the slots. Default 0. */
  minProcesses?: number;
  /** Claims this entry and no other, runs it, and ends. Default: whatever comes, for ever. */
  entry?: number;
  /** Sees what executions print (masked, as the server gets it) and how they ended, once the server has that. */
  watch?: Watch;
  /** The types it has handlers for; YAML types need none. */
  types: readonly ResourceTypeDefinition[];
  /** Loads them anew when an order asks for it. Default: the same again. */
  reloadTypes?: LoadTypes;
  /** Its own directory; made with mode 0700. Managed processes are remembered there. */
  stateDir: string;
  /** Of wilco, as the server shows it. */
  version: string;
  log: Log;
  /** Monotonic ms. Default performance.now. */
  clock?: () => number;
  /** ms between the polite signal to a command and SIGKILL. Default: 5 s, or half of the server's grace if that is less. */
  killGrace?: number;
  /** Bytes of fetched content that are kept for the next use. Default 4 GB. */
  contentCache?: number;
  /** ms the server may hold a claim open. Default 20 s. */
  claimWait?: number;
  /** Spans of what it runs; the caller stops it after the worker. Null or none = none. */
  tracing?: Tracing | null;
}
