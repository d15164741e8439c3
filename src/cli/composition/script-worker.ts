/**
 * The pool of scripts: a worker of its own beside the one that runs operations, in the same process, with its own name,
 * session and places. So a script that waits for its operations holds no slot that they need.
 */
import type { Dispatch } from "../../client/dispatch.ts";
import { SCRIPT_ROLE } from "../../domain/script.ts";
import type { Log } from "../../resource-types/log.ts";
import { createScriptType } from "../../resource-types/script.ts";
import { defaultCacheDirectory } from "../../sandbox/cache-directory.ts";
import type { WorkerApi } from "../../worker/api.ts";
import { createWorker, type Worker } from "../../worker/worker.ts";
import type { Environment } from "../context.ts";
import type { ScriptCeiling } from "./script-ceiling.ts";
import { createScriptHandler } from "./script-handler.ts";

export interface ScriptWorkerOptions {
  api: WorkerApi;
  /** Where the scripts reach the server. */
  server: { url: string; dispatch?: Dispatch };
  /** Of the worker beside it; its own is derived from it. */
  name: string;
  zone: string;
  /** Scripts at the same time. */
  places: number;
  ceiling: ScriptCeiling;
  stateDir: string;
  version: string;
  env: Environment;
  log: Log;
}

/** How many scripts a process runs at once unless told otherwise. */
export const DEFAULT_SCRIPTS = "8";
/**
 * ms. A script that is canceled has its grace and then cancels what it started: together 11 s, and the worker gives a
 * handler up 3 s after this.
 */
const STOP_TIME = 9_000;

export function scriptWorkerName(name: string): string {
  return `${name}-scripts`;
}

export function createScriptWorker(options: ScriptWorkerOptions): Worker {
  const { api, server, zone, places, ceiling, stateDir, version, env, log } = options;
  const run = createScriptHandler({ ...server, cacheDirectory: defaultCacheDirectory(env), ceiling, env });
  return createWorker({
    api,
    name: scriptWorkerName(options.name),
    zone,
    roles: [SCRIPT_ROLE],
    capacity: places,
    types: [createScriptType(run)],
    stateDir,
    version,
    log,
    killGrace: STOP_TIME,
  });
}

/**
 * Both as one. Scripts stop first: the operations that a script waits for still have to be claimed, or it would wait for
 * ever, and the stop with it.
 */
export function joinWorkers(scripts: Worker, operations: Worker): Worker {
  return {
    async start() {
      await operations.start();
      try {
        await scripts.start();
      } catch (error) {
        await operations.stop();
        throw error;
      }
    },
    async drain() {
      await scripts.drain();
      await operations.drain();
    },
    async stop() {
      await scripts.stop();
      await operations.stop();
    },
    async stopNow() {
      await Promise.all([scripts.stopNow(), operations.stopNow()]);
    },
    stopped: Promise.all([scripts.stopped, operations.stopped]).then(() => {}),
  };
}
