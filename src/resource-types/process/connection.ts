/** How a managed process is run, as its resource's connection says. */
import { constants } from "node:os";
import { parseDuration } from "../../core/durations.ts";
import type { JsonObject, JsonSchema } from "../../core/json.ts";
import { parametersOf } from "../sdk.ts";

export interface ProcessConnection {
  command: string[];
  /** null = the worker's working directory. */
  cwd: string | null;
  env: Record<string, string>;
  /** Of releases; null = below the worker's state directory. */
  deployTo: string | null;
  stopSignal: NodeJS.Signals;
  /** ms between stopSignal and SIGKILL. */
  stopTimeout: number;
  ready: ReadyCheck | null;
  /** ms it may take from the start until it is ready. */
  readyTimeout: number;
  /** ms that a process without a ready check must live to count as started. */
  settle: number;
}

export type ReadyCheck = { url: string } | { host: string; port: number };

export const DURATION = { type: "string", pattern: "^(\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*)+$" };

export const connectionSchema: JsonSchema = parametersOf(
  {
    command: {
      type: "array",
      items: { type: "string" },
      minItems: 1,
      description: "the program and its arguments; it must stay in the foreground",
    },
    cwd: { type: "string", description: "working directory; default: the worker's" },
    deployTo: {
      type: "string",
      pattern: "^/",
      description: "absolute directory for what is deployed; default: in the worker's state directory",
    },
    env: {
      type: "object",
      additionalProperties: { type: "string" },
      default: {},
      description: "added to the environment",
    },
    stopSignal: { enum: Object.keys(constants.signals), default: "SIGTERM", description: "asks it to stop" },
    stopTimeout: { ...DURATION, default: "10s", description: "after it, SIGKILL" },
    ready: {
      type: "object",
      properties: {
        url: { type: "string", pattern: "^https?://", description: "ready when a GET is answered with 2xx" },
        port: { type: "integer", minimum: 1, maximum: 65_535, description: "ready when it accepts a connection" },
        // No default in the schema: it would be filled in beside a url, where it says something that is not so.
        host: { type: "string", description: "of the port; default: 127.0.0.1" },
      },
      additionalProperties: false,
      // Exactly one of the two; `required` in oneOf would be told as "matches none of the forms".
      minProperties: 1,
      dependentRequired: { host: ["port"] },
    },
    readyTimeout: { ...DURATION, default: "30s", description: "from start until ready" },
    settle: {
      ...DURATION,
      default: "500ms",
      description: "without ready: it counts as started when it has lived this long",
    },
  },
  ["command"],
);

/** The connection as the code has it. Defaults are filled in again, for resources filed before a default existed. */
export function parseConnection(connection: JsonObject): ProcessConnection {
  const { command, cwd, deployTo, env, stopSignal, stopTimeout, ready, readyTimeout, settle } = connection as {
    command: string[];
    cwd?: string;
    deployTo?: string;
    env?: Record<string, string>;
    stopSignal?: NodeJS.Signals;
    stopTimeout?: string;
    ready?: { url?: string; port?: number; host?: string };
    readyTimeout?: string;
    settle?: string;
  };
  return {
    command,
    cwd: cwd ?? null,
    deployTo: deployTo ?? null,
    env: env ?? {},
    stopSignal: stopSignal ?? "SIGTERM",
    stopTimeout: parseDuration(stopTimeout ?? "10s", "stopTimeout"),
    ready: readyCheck(ready),
    readyTimeout: parseDuration(readyTimeout ?? "30s", "readyTimeout"),
    settle: parseDuration(settle ?? "500ms", "settle"),
  };
}

function readyCheck(ready: { url?: string; port?: number; host?: string } | undefined): ReadyCheck | null {
  if (ready?.url !== undefined) return { url: ready.url };
  return ready?.port === undefined ? null : { host: ready.host ?? "127.0.0.1", port: ready.port };
}
