/** One execution inside a handler process: the context that its handler sees, carried by messages. */
import { setMaxListeners } from "node:events";
import type { EntryError } from "../../domain/entry.ts";
import type { Log } from "../../resource-types/log.ts";
import { OperationError } from "../../resource-types/operation-error.ts";
import type { ExecResult, OperationContext } from "../../resource-types/sdk.ts";
import { type AbortWhy, ExecutionAborted } from "../control.ts";
import type { Ask, FromProcess, HandlerCall } from "./messages.ts";

export interface Run {
  readonly id: number;
  readonly context: OperationContext;
  /** What kept the event loop alive before the handler began, counted by kind. */
  before: ReadonlyMap<string, number>;
  abort(why: AbortWhy, message: string): void;
  answer(answer: { ask: number; value?: unknown; error?: EntryError }): void;
}

export function openRun(id: number, call: HandlerCall, send: (message: FromProcess) => void): Run {
  const controller = new AbortController();
  // A handler that waits for many things at once listens for each; the default warns above ten.
  setMaxListeners(0, controller.signal);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;

  function ask(what: Ask): Promise<unknown> {
    const number = ++asked;
    const answered = Promise.withResolvers<unknown>();
    waiting.set(number, answered);
    // Throws when the arguments can't be sent (a function among them); the handler hears of it.
    send({ type: "ask", run: id, ask: number, what });
    return answered.promise;
  }

  async function unlessAborted(what: Ask): Promise<unknown> {
    controller.signal.throwIfAborted();
    try {
      return await ask(what);
    } catch (error) {
      controller.signal.throwIfAborted();
      throw error;
    }
  }

  const { file: _file, type: _type, ...data } = call;
  const context: OperationContext = {
    ...data,
    signal: controller.signal,
    log: logOver(id, {}, send),
    async output(chunk, stream = "stdout") {
      await ask({ kind: "output", data: typeof chunk === "string" ? chunk : new Uint8Array(chunk), stream });
    },
    progress: (done, total = null, text = null) => send({ type: "progress", run: id, done, total, text }),
    content: async (content) => (await unlessAborted({ kind: "content", content })) as string,
    exec: async (argv, options = {}) =>
      (await unlessAborted({ kind: "exec", argv: [...argv], options: { ...options } })) as ExecResult,
  };
  return {
    id,
    context,
    before: new Map(),
    abort: (why, message) => controller.abort(new ExecutionAborted(why, message)),
    answer({ ask: number, value, error }) {
      const answered = waiting.get(number);
      waiting.delete(number);
      if (error) answered?.reject(new OperationError(error));
      else answered?.resolve(value);
    },
  };
}

function logOver(run: number, bound: object, send: (message: FromProcess) => void): Log {
  const line = (level: "debug" | "info" | "warn" | "error") => (fields: object, message: string) =>
    send({ type: "log", run, level, fields: plain({ ...bound, ...fields }), message });
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child: (fields) => logOver(run, { ...bound, ...fields }, send),
  };
}

/** A logger takes anything; a message does not. An error keeps what a log shows of it. */
function plain(fields: object): object {
  const shown = (_key: string, value: unknown) =>
    value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value;
  try {
    return JSON.parse(JSON.stringify(fields, shown)) as object;
  } catch {
    return { fields: "could not be written as JSON" };
  }
}
