/**
 * Starts the sandbox's thread, which needs 60 ms to boot Node and load the engine: the command line does this before it
 * has loaded itself. So this file imports next to nothing, and what the thread is to do arrives later in a message.
 */
import { Worker } from "node:worker_threads";
import { THREAD_STACK_MB } from "./thread-stack.ts";

export function startThread(): Worker {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  // One folder deep, as the chunks of the bundle are.
  const thread = new Worker(new URL(`../sandbox/thread.${extension}`, import.meta.url), {
    name: "wilco-sandbox",
    // Nothing of this process's environment or flags is of use in there.
    env: {},
    execArgv: [],
    resourceLimits: { stackSizeMb: THREAD_STACK_MB },
    trackUnmanagedFds: false,
  });
  // A thread that was started and is not used must not keep the process alive.
  thread.unref();
  return thread;
}
