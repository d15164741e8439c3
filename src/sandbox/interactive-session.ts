/**
 * A sandbox that is typed into: lines are evaluated in one VM, one after the other, and what they declare stays. As with a
 * script nothing of it runs on the main thread, so a line can be ended whatever it does. When the VM itself had to be
 * given up, another takes its place and the outcome of the line says so.
 */
import type { Worker } from "node:worker_threads";
import type { ClientPort, LookupPort } from "../client/port.ts";
import { formatDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import type { ConsoleSink } from "./console-writer.ts";
import type { Told } from "./guest-messages.ts";
import type { LineResult } from "./guest/interactive.ts";
import type { Variable } from "./guest/value-description.ts";
import { packPolicy, type ScriptError } from "./guest/wire.ts";
import { lineName } from "./interactive-messages.ts";
import { openInteractiveVm, type InteractiveVm, type VmMessage } from "./interactive-vm.ts";
import type { SandboxLimits, ThreadEnd } from "./messages.ts";
import { outcomeOf } from "./outcome.ts";
import type { Permissions } from "./permissions.ts";
import { readLimits } from "./session.ts";

/** From Ctrl-C to giving the VM up: what does not end by then is a loop in native code. Ending takes 5 ms, with
 * 10,000 waits 150; on a busy machine many times that, and giving up costs the variables. */
const GIVE_UP = 3_000;

export interface InteractiveSessionOptions {
  limits?: Partial<SandboxLimits>;
  cacheDirectory?: string | undefined;
  /** A thread that was started beforehand (`startThread`). */
  thread?: Worker | undefined;
  /** Absolute directory that imports may not leave. */
  root: string;
  /** What lines may do beyond the wilco API. Default: nothing. */
  permissions?: Permissions | undefined;
  /** Values of the variables that they may read. */
  env?: Record<string, string> | undefined;
  port: ClientPort;
  lookup: LookupPort;
  console: ConsoleSink;
  /** An error that no line threw: of a timer, or of a promise that nobody listens to. */
  onBackground: (error: ScriptError, lastOutput: string) => void;
  /** Errors that are faults of wilco's own. */
  onFault: (error: unknown) => void;
}

export type LineOutcome =
  | LineResult
  /** It is not complete: evaluate it again with what follows. */
  | { kind: "unfinished" }
  /** `lost`: the VM had to be given up, and with it the variables. */
  | { kind: "interrupted"; lost: boolean }
  /** It called exit(). */
  | { kind: "exit"; exitCode: number }
  /** The VM ended; the variables are lost. */
  | { kind: "lost"; error: ScriptError };

export interface InteractiveSession {
  /** One line at a time, which may be many lines of text. Never rejects for what the line does. */
  evaluate(source: string): Promise<LineOutcome>;
  /** Ends the line that is evaluated, and what earlier lines left running in the VM. Operations go on. */
  interrupt(): void;
  /** The last value as JSON. @throws WilcoError when it has none. */
  last(): Promise<string>;
  /** What lines have declared, as it is now. */
  variables(): Promise<Variable[]>;
  /** The session's poll policy from here on. */
  setPoll(policy: Partial<PollPolicy>): void;
  /** The text of a line by its name in stacks. */
  sourceOf(name: string): string | undefined;
  /** Starts anew, without variables. */
  reset(): void;
  stop(): Promise<void>;
}

export function createInteractiveSession(options: InteractiveSessionOptions): InteractiveSession {
  const { port } = options;
  const limits = readLimits(options.limits);
  const sources = new Map<string, string>();
  const asked = new Map<
    number,
    { answer: (value: never) => void; refuse: (error: WilcoError) => void; text: string }
  >();
  /** Beyond their own, for a VM that is started anew. */
  let policy = port.pollDefaults;
  let line: { number: number; settle: (outcome: LineOutcome) => void } | undefined;
  let giveUp: NodeJS.Timeout | undefined;
  let lastLine = 0;
  let lastQuestion = 0;
  let ready = false;
  let interruptWhenReady = false;
  let stopped = false;
  let vm = open(options.thread);

  function open(thread?: Worker): InteractiveVm {
    ready = false;
    const opened = openInteractiveVm({
      ...options,
      limits,
      cacheDirectory: options.cacheDirectory,
      thread,
      port: { ...port, pollDefaults: policy },
      onMessage: (message) => {
        if (vm === opened) receive(message);
      },
      onTold: (method, json) => {
        if (vm === opened) told(method, json);
      },
    });
    return opened;
  }

  /** Gives the VM up and starts another, which is ready when the next line is typed. */
  function replace(): void {
    clearTimeout(giveUp);
    giveUp = undefined;
    const old = vm;
    for (const { refuse } of asked.values()) refuse(lostError());
    asked.clear();
    vm = open();
    // Submits under way are recorded by whoever watches the port; nobody waits for the thread.
    old.stop().catch(options.onFault);
  }

  function settle(outcome: LineOutcome): void {
    const settled = line;
    line = undefined;
    // What the line printed comes first.
    vm.printed().then(
      () => settled?.settle(outcome),
      () => settled?.settle(outcome), // A closed pipe is noticed by whoever owns it.
    );
  }

  function receive(message: VmMessage): void {
    switch (message.type) {
      case "ready":
        ready = true;
        if (interruptWhenReady) interrupt();
        return;
      case "interrupted":
        clearTimeout(giveUp);
        giveUp = undefined;
        if (!message.usable) replace();
        return settle({ kind: "interrupted", lost: !message.usable });
      case "uncompiled":
        if (message.number !== line?.number) return;
        if (!message.unfinished) return settle(syntaxError(message));
        // It is still the same line when it comes again.
        lastLine--;
        return settle({ kind: "unfinished" });
      case "limit":
        if (message.number === line?.number) settle({ kind: "error", error: limitError(limits), lastOutput: "" });
        return;
      case "end":
        if (stopped) return;
        if (message.end.kind === "exit") return settle({ kind: "exit", exitCode: message.end.exitCode });
        if (!line) return replace();
        settle({ kind: "lost", error: lostBecause(message.end, limits) });
        return replace();
      default:
        return message satisfies never;
    }
  }

  function told(method: Told, json: string): void {
    const message = JSON.parse(json) as { number: number };
    if (method === "line") {
      const { number, ...result } = message as { number: number } & LineResult;
      if (number === line?.number) settle(result);
      return;
    }
    if (method === "background") {
      const { error, lastOutput } = message as unknown as { error: ScriptError; lastOutput: string };
      return options.onBackground(error, lastOutput);
    }
    const waiting = asked.get(message.number);
    if (!waiting) return;
    if (method === "variables") {
      asked.delete(message.number);
      return waiting.answer((message as unknown as { variables: never }).variables);
    }
    const { piece = "", done = false, error } = message as { piece?: string; done?: boolean; error?: string };
    waiting.text += piece;
    if (!done && error === undefined) return;
    asked.delete(message.number);
    if (error === undefined) waiting.answer(waiting.text as never);
    else waiting.refuse(new WilcoError({ code: "invalid_request", message: `The last value is no JSON: ${error}` }));
  }

  function ask<T>(type: "last" | "variables"): Promise<T> {
    const number = ++lastQuestion;
    return new Promise<T>((answer, refuse) => {
      asked.set(number, { answer, refuse, text: "" });
      vm.post({ type, number });
    });
  }

  function interrupt(): void {
    // Before the VM is there, its start would be what is stopped.
    interruptWhenReady = !ready;
    if (!ready || giveUp) return;
    vm.halt();
    vm.post({ type: "interrupt" });
    giveUp = setTimeout(() => {
      replace();
      settle({ kind: "interrupted", lost: true });
    }, GIVE_UP);
  }

  return {
    evaluate(source) {
      if (line) throw new WilcoError({ code: "internal", message: "A line is being evaluated already" });
      const nul = source.indexOf("\0");
      if (nul >= 0) return Promise.resolve(syntaxError({ number: 0, message: "there is a NUL character in the line" }));
      const number = ++lastLine;
      sources.set(lineName(number), source);
      if (sources.size > 1_000) sources.delete(sources.keys().next().value!);
      return new Promise((resolve) => {
        line = { number, settle: resolve };
        vm.post({ type: "evaluate", number, source });
      });
    },
    interrupt,
    last: () => ask<string>("last"),
    variables: () => ask<Variable[]>("variables"),
    setPoll(next) {
      policy = next;
      vm.post({ type: "poll", policy: packPolicy(next) });
    },
    sourceOf: (name) => sources.get(name),
    reset: replace,
    async stop() {
      stopped = true;
      clearTimeout(giveUp);
      await vm.stop();
    },
  };
}

function syntaxError(at: { number: number; message: string; line?: number; column?: number }): LineOutcome {
  const head = `SyntaxError: ${at.message}`;
  const stack = at.line === undefined ? head : `${head}\n    at ${lineName(at.number)}:${at.line}:${at.column}`;
  return {
    kind: "error",
    error: { name: "SyntaxError", code: "script_invalid", message: at.message, stack },
    lastOutput: "",
  };
}

function limitError(limits: SandboxLimits): ScriptError {
  const message = `The line computed for ${formatDuration(limits.cpu)} and was stopped`;
  const hint = "Waiting does not count: look for a loop that never ends.";
  return { name: "ScriptLimit", code: "script_limit", message, hint, stack: `ScriptLimit: ${message}` };
}

function lostBecause(end: ThreadEnd, limits: SandboxLimits): ScriptError {
  return outcomeOf(end, limits, false).error ?? limitError(limits);
}

function lostError(): WilcoError {
  return new WilcoError({ code: "conflict", message: "The sandbox was started anew: there is no last value" });
}
