/** The thread's end of the bridge: the functions that the guest calls, timers, and what goes to the main thread. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { ErrorBody } from "../core/errors.ts";
import type { Control } from "./control.ts";
import type { HostFunction } from "./engine.ts";
import { readEndMessage } from "./guest-messages.ts";
import type { EndMessage } from "./guest/wire.ts";
import { createTimers } from "./thread-timers.ts";
import { LOOKUP_TIMEOUT, type FromThread, type LookupAnswer, type Post, type SandboxLimits } from "./messages.ts";

/** A turn's posts travel together, but a turn may be long: beyond this many (or characters) they go at once. */
const FLUSH_POSTS = 2_000;
const FLUSH_CHARACTERS = 256 * 1024;
/** The script waits while this much of what it printed is not written yet, so that a slow pipe bounds memory. */
const MAX_PRINTING = 1024 * 1024;
const FORGED = "Use what the module wilco exports.";

export interface Outbox {
  host: Record<string, HostFunction>;
  /** Sends what there is. */
  flush: () => void;
  /** Sends what there is, and takes no more. */
  close: () => void;
  /** These calls are answered. */
  answered: (ids: number[]) => void;
  /** Neither a call nor a timer is open: nothing can happen in the VM by itself any more. */
  idle: () => boolean;
}

export interface OutboxOptions {
  limits: SandboxLimits;
  lookups: MessagePort;
  control: Control;
  send: (message: Extract<FromThread, { type: "posts" | "lookup" }>) => void;
  blocked: <T>(wait: () => T) => T;
  /** There is room in the VM for an answer of so many characters. */
  fits: (characters: number) => boolean;
  onTimer: (id: number) => void;
  onEnd: (message: EndMessage) => void;
}

export function createOutbox({ limits, lookups, control, send, blocked, fits, onTimer, onEnd }: OutboxOptions): Outbox {
  const timers = createTimers(onTimer);
  const calls = new Set<number>();
  let posts: Post[] = [];
  let size = 0;
  let printed = 0;
  let closed = false;
  let lastLookup = 0;

  function flush(): void {
    if (posts.length === 0) return;
    send({ type: "posts", posts });
    posts = [];
    size = 0;
  }

  function add(post: Post): void {
    posts.push(post);
    size += post[2].length;
    if (posts.length >= FLUSH_POSTS || size >= FLUSH_CHARACTERS) flush();
  }

  function print(json: string): void {
    if (printed > limits.console) return;
    printed += json.length;
    if (printed > limits.console) {
      add([
        0,
        "print",
        JSON.stringify({
          stream: "stderr",
          text: "[wilco: the script has written too much; the rest of its output is dropped]\n",
        }),
      ]);
      return;
    }
    control.printed(json.length);
    add([0, "print", json]);
    if (control.printing() <= MAX_PRINTING) return;
    flush();
    blocked(() => control.block(() => control.stopped() || control.printing() <= MAX_PRINTING / 2, Infinity));
  }

  function startTimer(id: number, ms: number): string | undefined {
    if (timers.count() >= limits.timers) {
      return refusal(
        "script_limit",
        `The script has ${limits.timers} timers`,
        "Wait for some of them before starting more.",
      );
    }
    timers.start(id, ms);
    return undefined;
  }

  function clear(id: number): void {
    // Not a timer: a call whose answer the script does not wait for any more.
    if (!timers.clear(id) && calls.delete(id)) add([id, "clear", "null"]);
  }

  /** A number that is no number, or in use, is hand-made: its answer would go to another call. */
  function isFree(id: number, method: string): boolean {
    if (!Number.isSafeInteger(id) || id < 0) return false;
    if (method === "clear") return true;
    return !timers.has(id) && !calls.has(id) && !(method === "timer" && id === 0);
  }

  function post(id: number, method: string, json: string): string | undefined {
    if (closed) return undefined;
    if (!isFree(id, method)) return refusal("invalid_request", "The number of a call is not free", FORGED);
    switch (method) {
      case "timer":
        return startTimer(id, Number(json));
      case "clear":
        clear(id);
        return undefined;
      case "print":
        print(json);
        return undefined;
      case "end":
        onEnd(readEndMessage(json));
        return undefined;
      default:
        if (json.length > limits.argument) {
          return refusal(
            "too_large",
            `The arguments of ${method} have ${json.length} characters`,
            `At most ${limits.argument} are taken: pass a reference instead.`,
          );
        }
        if (id > 0) calls.add(id);
        add([id, method, json]);
        return undefined;
    }
  }

  const take = (): LookupAnswer | undefined => receiveMessageOnPort(lookups)?.message;

  function lookup(method: string, json: string): string {
    if (closed) return failure("interrupted", "The script has ended");
    if (json.length > limits.argument)
      return failure("too_large", `The arguments of ${method} have ${json.length} characters`);
    flush();
    const number = ++lastLookup;
    const interrupts = control.interrupts();
    const stopped = (): boolean => control.stopped() || control.interrupts() !== interrupts;
    send({ type: "lookup", number, method, json });
    let answer: string | undefined;
    blocked(() =>
      control.block(() => {
        // One that was given up may still be answered: its answer is not this one's.
        for (let got = take(); got !== undefined; got = take()) if (got.number === number) answer = got.json;
        return answer !== undefined || stopped();
      }, LOOKUP_TIMEOUT),
    );
    if (answer !== undefined) return fits(answer.length) ? answer : noRoom(answer.length);
    if (stopped()) return failure("interrupted", "The script was interrupted");
    return failure(
      "unreachable",
      `The server did not answer within ${LOOKUP_TIMEOUT / 1_000} s`,
      "Look at it with wilco status.",
    );
  }

  return {
    host: {
      post(text) {
        const [id, method, json] = split(text, 3);
        return post(Number(id), method!, json!);
      },
      lookup(text) {
        const [method, json] = split(text, 2);
        return lookup(method!, json!);
      },
    },
    flush,
    answered: (ids) => ids.forEach((id) => calls.delete(id)),
    idle: () => calls.size === 0 && timers.count() === 0,
    close() {
      flush();
      closed = true;
      timers.close();
    },
  };
}

function noRoom(characters: number): string {
  return failure(
    "script_limit",
    `The answer has ${characters} characters, and the script's memory has no room for them`,
    "Ask for less at a time: a narrower selector.",
  );
}

/** The first words of a text, and its rest. */
function split(text: string, parts: number): string[] {
  const words: string[] = [];
  let at = 0;
  while (words.length < parts - 1) {
    const space = text.indexOf(" ", at);
    words.push(text.slice(at, space < 0 ? at : space));
    at = space < 0 ? text.length : space + 1;
  }
  return [...words, text.slice(at)];
}

function refusal(code: ErrorBody["code"], message: string, hint?: string): string {
  return JSON.stringify({ code, message, hint } satisfies ErrorBody);
}

function failure(code: ErrorBody["code"], message: string, hint?: string): string {
  return JSON.stringify({ error: { code, message, hint } satisfies ErrorBody });
}
