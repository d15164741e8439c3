/** The worker's side of one process that runs handlers: one execution at a time, killed with everything it started. */
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { randomId } from "../../core/ids.ts";
import { spawnError } from "../../resource-types/environment.ts";
import type { Guard } from "../../resource-types/guard.ts";
import { killTree } from "../../resource-types/kill-tree.ts";
import type { Log } from "../../resource-types/log.ts";
import { OperationError } from "../../resource-types/operation-error.ts";
import { onOwnDisk } from "../../resource-types/own-disk.ts";
import { openSpawnRecord, SPAWN_VARIABLE } from "../../resource-types/spawn-record.ts";
import type { OperationContext } from "../../resource-types/sdk.ts";
import { createTail } from "../../resource-types/tail.ts";
import type { ExecutionAborted } from "../control.ts";
import { startHandlerProcess } from "../start-handler-process.ts";
import { answerAsk, callOf } from "./call.ts";
import { readMarkedOutput } from "./marked-output.ts";
import { endMark, type FromProcess, type ToProcess } from "./messages.ts";
import { endedEarly, endOf, HandlerKilled } from "./process-end.ts";

export interface HandlerProcess {
  readonly pid: number;
  /** Files it has loaded. */
  readonly files: ReadonlySet<string>;
  /** It may take another execution. */
  readonly reusable: boolean;
  /** Runs a handler to its end. @throws what the handler threw, or why its process ended before it was done. */
  run(source: { file: string; type: string }, context: OperationContext): Promise<unknown>;
  /** Kills it with everything it started. Idempotent. */
  stop(): Promise<void>;
}

export interface HandlerProcessOptions {
  /** Where its record goes, for a later worker to find it: a directory of its own is made in here. */
  directory: string;
  library: string;
  heap: number;
  /** ms that an aborted handler gets before its process is killed. */
  killGrace: number;
  /** Ends it when the worker is killed: a handler that loops does not hear of that. */
  guard?: Guard;
  log: Log;
}

/** Resident bytes above which a process is not used again: something leaks, or was large once. */
const MOST_MEMORY = 512 * 1024 * 1024;
/** A leak too small to be seen in one call. */
const MOST_RUNS = 10_000;

const STRAY = {
  threw: "a handler threw in a timer or callback when it had ended already",
  rejected: "a promise was rejected that nobody awaits; an await is missing in a handler",
};

type Done = FromProcess & { type: "done" };

/** @throws OperationError with source "system" when the process can't be started. */
export async function openHandlerProcess(options: HandlerProcessOptions): Promise<HandlerProcess> {
  const { library, heap, killGrace, log } = options;
  const token = randomId();
  const directory = join(options.directory, `handlers-${token}`);
  onOwnDisk(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  const record = openSpawnRecord(directory, options.guard);
  const environment = { [SPAWN_VARIABLE]: record.token };
  const child = startHandlerProcess({ library, token, environment, heap });
  if (child.pid === undefined) {
    const [error] = (await once(child, "error")) as [NodeJS.ErrnoException];
    rmSync(directory, { recursive: true, force: true });
    const { code, message, hint } = spawnError(process.execPath, error);
    throw new OperationError({ code, message, hint, source: "system", cause: error });
  }
  const { pid } = child;
  try {
    record.spawned(pid);
  } catch (error) {
    await killTree(pid, { grace: 0 });
    throw error;
  }
  const idleOutput = (data: Uint8Array) =>
    log.debug({ pid, text: Buffer.from(data).toString("utf8").slice(0, 1_000) }, "printed between two executions");
  const pipes = {
    stdout: readMarkedOutput(child.stdout!, idleOutput),
    stderr: readMarkedOutput(child.stderr!, idleOutput),
  };
  const streams = ["stdout", "stderr"] as const;
  const files = new Set<string>();
  const ended = endOf(child);
  let current: { id: number; done: PromiseWithResolvers<Done>; context: OperationContext } | null = null;
  let runs = 0;
  let reusable = true;
  let stopping: Promise<void> | undefined;

  child.on("message", (message: FromProcess) => receive(message));
  // An exchange with a process that has just ended; its end is what counts.
  child.on("error", (error) => log.debug({ pid, error: error.message }, "message to a handler's process not sent"));
  void ended.then(() => {
    reusable = false;
  });

  const send = (message: ToProcess) => {
    if (child.connected) child.send(message);
  };

  function receive(message: FromProcess): void {
    if (message.type === "stray") return stray(message);
    if (!("run" in message) || current?.id !== message.run) return;
    const { context, done } = current;
    switch (message.type) {
      case "done":
        return done.resolve(message);
      case "progress":
        return context.progress(message.done, message.total, message.text);
      case "log":
        return context.log[message.level](message.fields, message.message);
      case "ask":
        return void answerAsk(message, context).then(send);
    }
  }

  function stray({ entry, what, message, stack }: FromProcess & { type: "stray" }): void {
    // A rejection that nobody awaits is a missing await, and no more; after a throw nothing can be relied on.
    if (what === "threw") reusable = false;
    const during = current ? { during: current.context.entry } : {};
    log.error({ pid, entry, ...during, error: message, stack }, STRAY[what]);
  }

  async function run(source: { file: string; type: string }, context: OperationContext): Promise<unknown> {
    const id = ++runs;
    const call = callOf(source, context);
    const done = Promise.withResolvers<Done>();
    const tail = createTail();
    current = { id, done, context };
    files.add(source.file);
    const printed = streams.map((stream) =>
      pipes[stream].expect(endMark(token, id), async (data) => {
        if (stream === "stderr") tail.add(data);
        await context.output(data, stream);
      }),
    );
    let killed = false;
    let killer: NodeJS.Timeout | undefined;
    const abort = () => {
      const { why, message } = context.signal.reason as ExecutionAborted;
      send({ type: "abort", run: id, why, message });
      killer = setTimeout(() => {
        killed = true;
        void stop();
      }, killGrace);
    };
    context.signal.addEventListener("abort", abort, { once: true });
    try {
      send({ type: "run", run: id, call });
      const first = await Promise.race([done.promise, ended]);
      // All of it is in the entry before the entry ends. Pipes that their owner closed have ended too.
      await Promise.all(printed);
      if (!("type" in first)) throw killed ? new HandlerKilled() : endedEarly(first, tail.lines());
      judge(first);
      if ("error" in first.outcome) throw new OperationError(first.outcome.error);
      return first.outcome.result;
    } finally {
      clearTimeout(killer);
      context.signal.removeEventListener("abort", abort);
      current = null;
    }
  }

  /** Whether the process can be trusted with another execution. */
  function judge({ leftovers, memory }: Done): void {
    if (leftovers.length === 0 && memory <= MOST_MEMORY && runs < MOST_RUNS) return;
    reusable = false;
    log.debug({ pid, leftovers, memory, runs }, "a handler's process is not used again");
  }

  function stop(): Promise<void> {
    reusable = false;
    stopping ??= (async () => {
      await killTree(pid, { grace: 0 });
      await ended;
      record.ended();
      rmSync(directory, { recursive: true, force: true });
    })();
    return stopping;
  }

  return {
    pid,
    files,
    get reusable() {
      return reusable;
    },
    run,
    stop,
  };
}
