/** The messages between the main thread and the sandbox's thread. */
import type { MessagePort } from "node:worker_threads";
import type { ControlHandle } from "./control.ts";
import type { EndMessage, StartMessage } from "./guest/wire.ts";

/** How long a look-up may block the thread, ms. */
export const LOOKUP_TIMEOUT = 10_000;

export interface SandboxLimits {
  /** Bytes of the VM's memory; rounded up to 64 KiB. Default 128 MB, of which 14 MB are wilco's own. */
  memory: number;
  /** ms inside the VM, waiting not counted. Default 60 s. */
  cpu: number;
  /** Calls without an answer at one time. Default 100,000. */
  calls: number;
  /** Timers at one time. Default 50,000. */
  timers: number;
  /** Characters of one call's arguments. Default 2 MB. */
  argument: number;
  /** Characters of one answer. Default 32 MB. */
  result: number;
  /** Characters written to the console in all; what is beyond is dropped, and said once. Default 50 MB. */
  console: number;
}

/** What the thread is made with. */
export interface ThreadData {
  control: ControlHandle;
  /** Answers of look-ups come here, readable while the thread is blocked. */
  lookups: MessagePort;
  limits: SandboxLimits;
  cacheDirectory: string | undefined;
  /** Lines are typed into it (interactive-thread.ts). Default: it runs one script. */
  interactive?: boolean;
}

export type ToThread =
  | { type: "start"; root: string; file: string; start: Omit<StartMessage, "entry"> }
  | { type: "settle"; chunks: SettlementChunk[] }
  | { type: "interrupt" };

/** Packed settlements (guest/wire.ts), and the ids of the calls that are answered with them. */
export interface SettlementChunk {
  ids: number[];
  packed: string;
}

/** id, method, arguments as JSON. Prints have id 0. */
export type Post = [id: number, method: string, json: string];

export type Limit = "cpu" | "memory";

export type FromThread =
  | { type: "posts"; posts: Post[] }
  | { type: "lookup"; number: number; method: string; json: string }
  /** The guest knows of its interruption. */
  | { type: "interrupted" }
  | { type: "end"; end: ThreadEnd };

/** How a script ended, as the thread tells it. */
export type ThreadEnd =
  | EndMessage
  | { kind: "invalid"; error: Extract<EndMessage, { kind: "threw" }>["error"] }
  | { kind: "limit"; limit: Limit }
  /** The stop flag was honoured. */
  | { kind: "stopped" }
  /** The engine itself failed. */
  | { kind: "failed"; message: string };

/** An answer on the look-ups' port: `{ "value": … }` or `{ "error": ErrorBody }` as JSON. */
export interface LookupAnswer {
  number: number;
  json: string;
}
