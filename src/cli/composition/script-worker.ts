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

/** What is chosen by whoever runs the worker. */
export interface ScriptPoolOptions {
  /** Scripts at the same time. */
  places: number;
  ceiling: ScriptCeiling;
  /** Of this process; what of it a script may read, the ceiling says. */
  env: Environment;
}

export interface ScriptWorkerOptions extends ScriptPoolOptions {
  api: WorkerApi;
  /** Where the scripts reach the server. */
  server: { url: string; dispatch?: Dispatch };
  /** Of the worker beside it; its own is derived from it. */
  name: string;
  zone: string;
  stateDir: string;
  version: string;
  log: Log;
}

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
  const stopped = Promise.all([scripts.stopped, operations.stopped]).then(() => {});
  // One that the server will not have any more takes the other along: half a worker would pass for a whole one.
  stopped.catch(() => void Promise.allSettled([scripts.stopNow(), operations.stopNow()]));
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
    stopped,
  };
}
