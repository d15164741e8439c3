/** Entry of the sandbox's thread: the engine, the loader, timers, and the thread's end of the bridge. */
import { parentPort, workerData } from "node:worker_threads";
import { runThread } from "./thread-run.ts";
import type { ThreadData } from "./messages.ts";

if (!parentPort) throw new Error("sandbox/thread is started as a worker thread");
await runThread(parentPort, workerData as ThreadData);
