/**
 * What the sandbox's thread does: it enters the VM for each message, drains the promise jobs, and sends what the script
 * asked for in one message for each turn. Nothing of the VM outlives a limit or a failure: the main thread then ends
 * the thread.
 */
import { openControl } from "./control.ts";
import { createEngine, EngineStopped, GuestFailed } from "./engine.ts";
import { spoiled } from "./guest-errors.ts";
import { type EndMessage, packSettlements } from "./guest/wire.ts";
import { createLoader } from "./loader.ts";
import type { FromThread, ThreadData, ThreadEnd, ToThread } from "./messages.ts";
import { createModuleSource, loadErrorOf } from "./module-source.ts";
import { GUEST_MAIN } from "./package-modules.ts";
import { finishError, invalidError } from "./stacks.ts";
import { createOutbox } from "./thread-outbox.ts";
import { createStopwatch } from "./thread-stopwatch.ts";
import { createTranspiler } from "./transpile.ts";

/** The thread's end of its channel; what arrived before `listen` is not lost. */
export interface ThreadPort {
  send(message: FromThread): void;
  listen(receive: (message: ToThread) => void): void;
}

export async function runThread(port: ThreadPort, data: ThreadData): Promise<void> {
  const control = openControl(data.control);
  const { send } = port;
  const loader = createLoader({ transpiler: createTranspiler({ cacheDirectory: data.cacheDirectory }) });
  const modules = createModuleSource(loader);
  const stopwatch = createStopwatch({ control, budget: data.limits.cpu });
  let ended = false;
  const stopping = (): boolean => control.stopped() || stopwatch.over();

  const outbox = createOutbox({
    limits: data.limits,
    lookups: data.lookups,
    control,
    send,
    blocked: stopwatch.blocked,
    fits: (characters) => engine.fits(characters),
    onTimer: (id) => turn(() => engine.send("settle", packSettlements([`[${id},1,null]`], []))),
    // An error while the stop flag is up is the engine's own "interrupted", which asynchronous code can catch.
    onEnd: (message) =>
      end(
        message.kind === "threw" && (stopping() || engine.exhausted())
          ? reasonOf(new EngineStopped())
          : finished(message),
      ),
  });

  function end(message: ThreadEnd): void {
    if (ended) return;
    ended = true;
    outbox.close();
    send({ type: "end", end: message });
  }

  function finished(message: EndMessage): ThreadEnd {
    const finish = (error: Parameters<typeof finishError>[0]) =>
      finishError(error, { sourceOf: loader.sourceOf, problemOf: modules.problemOf });
    if (message.kind === "completed") {
      return { ...message, unobservedFailures: message.unobservedFailures.map(finish) };
    }
    if (message.kind !== "threw") return message;
    const error = finish(message.error);
    // One piece too large for what is left: the script might have caught it, and did not.
    if (error.name === "InternalError" && error.message === "out of memory") return { kind: "limit", limit: "memory" };
    if (message.started) return { ...message, error };
    return {
      kind: "invalid",
      error: modules.problemOf(error.message) ? error : invalidError(error, loader.sourceOf, loader.sources()),
    };
  }

  const engine = await createEngine({
    memory: data.limits.memory,
    shouldStop: () => ended || stopping(),
    resolveModule: loader.resolve,
    loadModule: modules.load,
    host: outbox.host,
  });

  /** Enters the VM, and leaves it with nothing left to do. */
  function turn(what: () => void): void {
    if (ended) return;
    stopwatch.start();
    try {
      what();
      engine.drain(outbox.flush);
      engine.reportRejections();
      if (outbox.idle()) {
        engine.send("idle", "");
        engine.drain(outbox.flush);
        engine.reportRejections();
      }
      if (ended) return;
      // It may have caught its stop, and come to rest.
      if (stopping() || engine.exhausted()) throw new EngineStopped();
      // Nothing is left that could end the script: what the guest would tell its end with is broken.
      if (outbox.idle()) end({ kind: "threw", error: spoiled(), started: true });
    } catch (error) {
      if (!ended) end(reasonOf(error));
    } finally {
      stopwatch.stop();
    }
    outbox.flush();
  }

  function reasonOf(error: unknown): ThreadEnd {
    if (engine.exhausted()) return { kind: "limit", limit: "memory" };
    if (error instanceof GuestFailed) return { kind: "threw", error: spoiled(error.message), started: true };
    if (error instanceof EngineStopped) return stopwatch.over() ? { kind: "limit", limit: "cpu" } : { kind: "stopped" };
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }

  function start(message: Extract<ToThread, { type: "start" }>): void {
    let entry: string;
    try {
      entry = loader.open(message.root, message.file);
    } catch (error) {
      const { message: text, hint } = loadErrorOf(error, message.file).problem;
      const name = "ScriptInvalid";
      end({
        kind: "invalid",
        error: {
          name,
          code: "script_invalid",
          message: text,
          ...(hint === undefined ? {} : { hint }),
          stack: `${name}: ${text}`,
        },
      });
      return;
    }
    turn(() => engine.send("start", JSON.stringify({ ...message.start, entry })));
  }

  engine.boot(GUEST_MAIN);
  port.listen((message) => {
    switch (message.type) {
      case "start":
        return start(message);
      case "settle":
        for (const { ids, packed } of message.chunks) {
          outbox.answered(ids);
          turn(() => engine.send("settle", packed));
        }
        return;
      case "interrupt":
        turn(() => engine.send("interrupt", ""));
        send({ type: "interrupted" });
        return;
      default:
        return message satisfies never;
    }
  });
}
