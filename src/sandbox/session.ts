/**
 * A sandbox session: one thread with one VM. Nothing of a script runs on the main thread, so a script can be stopped
 * whatever it does. The thread boots when the session is made: make it first and connect meanwhile. A quarter of what it
 * costs until a script's first line is Node's for any thread; most of the rest is the engine's own code being compiled as
 * it is first used (docs/decisions/0014-what-a-command-costs.md).
 */
import { MessageChannel, type Worker } from "node:worker_threads";
import type { ClientPort, LookupPort } from "../client/port.ts";
import { WilcoError } from "../core/errors.ts";
import { createBridge, type Bridge } from "./bridge.ts";
import { createConsoleWriter, type ConsoleSink } from "./console-writer.ts";
import { createControl, openControl } from "./control.ts";
import { packPolicy } from "./guest/wire.ts";
import type { RunningEntry } from "./filed-entries.ts";
import { lookAfter, type OnError } from "./look-after.ts";
import type { FromThread, SandboxLimits, ThreadData, ThreadEnd, ToThread } from "./messages.ts";
import { entryError, outcomeOf, type RunOutcome } from "./outcome.ts";
import type { Permissions } from "./permissions.ts";
import { startThread } from "./start-thread.ts";
import { createWatchdog } from "./watchdog.ts";

export const DEFAULT_LIMITS: Readonly<SandboxLimits> = Object.freeze({
  memory: 128 * 1024 * 1024,
  cpu: 60_000,
  calls: 100_000,
  timers: 50_000,
  argument: 2 * 1024 * 1024,
  result: 32 * 1024 * 1024,
  console: 50 * 1024 * 1024,
});

/** `finally` blocks get this long after an interrupt. */
const DEFAULT_GRACE = 5_000;
const MEMORY_PAGE = 65_536;
const MIN_MEMORY = 32 * 1024 * 1024;

export interface SessionOptions {
  limits?: Partial<SandboxLimits>;
  /** Where stripped TypeScript is kept (`defaultCacheDirectory()` of cache-directory.ts); default: nowhere. */
  cacheDirectory?: string;
  /** A thread that was started beforehand (`startThread`); the session ends it. Default: it starts one. */
  thread?: Worker | undefined;
}

export interface RunOptions {
  /** Absolute directory that the script's imports may not leave. */
  root: string;
  /** The script, absolute or relative to `root`. */
  file: string;
  /** What the command line has after the file. */
  args?: string[];
  /** What it may do beyond the wilco API. Default: nothing. */
  permissions?: Permissions;
  /** Values of the variables that it may read; their names are allowed by being here. */
  env?: Record<string, string>;
  port: ClientPort;
  lookup: LookupPort;
  /** Takes what the script prints; a promise makes the script wait. */
  console: ConsoleSink;
  /** Interrupts the script. */
  signal?: AbortSignal;
  /** ms that `finally` blocks get after an interrupt. Default 5 s. */
  grace?: number;
  /** What to do with what still runs when the script threw, exited or met a limit. Default "wait". */
  onError?: OnError;
  /** The same when it was interrupted. Default "leave". */
  onInterrupt?: "leave" | "cancel";
  /** Told, before anything is done about it, what still runs when the script is over. */
  onRunning?: (running: RunningEntry[], what: OnError) => void;
  /** Errors that are faults of wilco's own, with their stacks, for the log. */
  onFault?: (error: unknown) => void;
}

export interface Session {
  /** Runs a script to its end; once a session. A sandbox that does not start is an outcome too: an error `internal`. */
  run(options: RunOptions): Promise<RunOutcome>;
  /** As aborting the run's signal. */
  interrupt(): void;
  /** Ends the thread. */
  stop(): Promise<void>;
}

export function createSession(options: SessionOptions = {}): Session {
  const limits = readLimits(options.limits);
  const control = openControl(createControl());
  const lookups = new MessageChannel();
  const data: ThreadData = {
    control: control.handle,
    lookups: lookups.port2,
    limits,
    cacheDirectory: options.cacheDirectory,
  };
  const thread = options.thread ?? startThread();
  thread.postMessage(data, [lookups.port2]);
  lookups.port1.unref();
  const post = (message: ToThread): void => thread.postMessage(message);
  const ended = Promise.withResolvers<ThreadEnd>();
  const watchdog = createWatchdog({
    control,
    sendInterrupt() {
      // What was filed is known when its wait is broken off.
      bridge?.flush();
      post({ type: "interrupt" });
    },
    onOverdue: (kind) => ended.resolve(kind === "cpu" ? { kind: "limit", limit: "cpu" } : { kind: "stopped" }),
  });
  let bridge: Bridge | undefined;
  let printer: ReturnType<typeof createConsoleWriter> | undefined;
  let used = false;
  let grace = DEFAULT_GRACE;

  thread.on("message", (message: FromThread) => {
    switch (message.type) {
      case "posts":
        for (const item of message.posts) {
          if (item[1] === "print") printer?.take(item[2]);
          else bridge?.take(item);
        }
        return;
      case "lookup":
        void bridge?.lookup(message.method, message.json).then((json) => {
          lookups.port1.postMessage({ number: message.number, json });
          control.wake();
        });
        return;
      case "interrupted":
        return watchdog.acknowledged();
      case "end":
        return ended.resolve(message.end);
      default:
        return message satisfies never;
    }
  });
  thread.on("error", (error) => ended.resolve({ kind: "failed", message: error.message }));
  thread.on("exit", (code) => ended.resolve({ kind: "failed", message: `its thread ended with ${code}` }));

  async function stop(): Promise<void> {
    watchdog.stop();
    lookups.port1.close();
    await thread.terminate();
  }

  async function run(what: RunOptions): Promise<RunOutcome> {
    if (used) throw new WilcoError({ code: "internal", message: "A sandbox session runs one script" });
    used = true;
    const { port, signal } = what;
    const running = (bridge = createBridge({
      port,
      lookup: what.lookup,
      permissions: what.permissions,
      root: what.root,
      limits,
      settle: (chunks) => post({ type: "settle", chunks }),
      onFault: what.onFault ?? (() => {}),
    }));
    const writer = (printer = createConsoleWriter({ sink: what.console, written: control.written }));
    grace = what.grace ?? DEFAULT_GRACE;
    const interrupt = (): void => watchdog.interrupt(grace);
    signal?.addEventListener("abort", interrupt, { once: true });
    thread.ref();
    try {
      watchdog.start();
      post({
        type: "start",
        root: what.root,
        file: what.file,
        start: {
          args: what.args ?? [],
          env: what.env ?? {},
          allowedEnv: what.permissions?.env ?? [],
          pollDefaults: packPolicy(port.pollDefaults),
          requireWorker: port.requireWorker ?? null,
        },
      });
      if (signal?.aborted) interrupt();
      const end = await ended.promise;
      watchdog.stop();
      const outcome = outcomeOf(end, limits, watchdog.interrupted());
      if (outcome.kind !== "completed") await thread.terminate();
      await running.close();
      await writer.flushed();
      const { still, failures } = await lookAfter({ kind: outcome.kind, entries: running.entries, ...what });
      const unobserved = failures.map((entry) => entryError(entry));
      return { ...outcome, unobservedFailures: [...outcome.unobservedFailures, ...unobserved], running: still };
    } finally {
      signal?.removeEventListener("abort", interrupt);
      thread.unref();
    }
  }

  return { run, interrupt: () => watchdog.interrupt(grace), stop };
}

/** @throws WilcoError `invalid_request` for a limit that is not a number or too small to work with. */
export function readLimits(given: Partial<SandboxLimits> = {}): SandboxLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const wrong = Object.entries(limits).find(([, value]) => !Number.isFinite(value) || value <= 0);
  if (wrong || limits.memory < MIN_MEMORY) {
    const [key, value] = wrong ?? ["memory", limits.memory];
    throw new WilcoError({
      code: "invalid_request",
      message: `The sandbox's ${key} limit can't be ${value}`,
      hint: key === "memory" ? "The least is 32 MB." : "Give a number above 0.",
    });
  }
  return { ...limits, memory: Math.ceil(limits.memory / MEMORY_PAGE) * MEMORY_PAGE };
}
