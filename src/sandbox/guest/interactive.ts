/**
 * The guest's part of a session that is typed line by line: the API as globals, variables that outlive their line, what a
 * line's value is, and `_` and `_error`.
 */
import type { PollPolicy } from "../../domain/poll-policy.ts";
import type { Channel } from "./channel.ts";
import { describeError } from "./describe.ts";
import { describeValue } from "./describe-value.ts";
import type { ValueDescription } from "./value-description.ts";
import { describeVariables } from "./variables.ts";
import { unpackPolicy, type ScriptError, type WirePolicy } from "./wire.ts";

/** How a line ended, as the guest tells it. */
export type LineResult =
  /** `awaited`: the line's value was a promise or an execution, and this is what it gave. */
  | { kind: "value"; value: ValueDescription; awaited: boolean }
  | { kind: "error"; error: ScriptError; lastOutput: string };

/** What the host says before a line is evaluated. */
export interface LineStart {
  number: number;
  /** What it declares. */
  names: string[];
  /** Those of `names` that are constant. */
  constants: string[];
}

export interface InteractiveOptions {
  channel: Channel;
  /** Becomes global, as the shell's own names; a line may declare them anew. */
  api: Readonly<Record<string, unknown>>;
  /** Of the port. */
  setPollDefaults: (policy: Partial<PollPolicy>) => void;
}

export interface Interactive {
  /** Takes a message of the host's; false = it is none of those. */
  receive(kind: string, argument: unknown): boolean;
  /** What a timer's or microtask's callback threw, or a promise that nobody listens to was rejected with. */
  uncaught(error: unknown): void;
}

/** Characters of JSON that go in one message. */
const PIECE = 512 * 1024;

export function createInteractive({ channel, api, setPollDefaults }: InteractiveOptions): Interactive {
  // Kept from the start, as in channel.ts: a line that replaces them must still come to its end.
  const { stringify, parse } = JSON;
  const { defineProperty, getOwnPropertyDescriptor, hasOwn } = Object;
  const { deleteProperty } = Reflect;
  /** The line whose end is awaited; 0 = none. */
  let current = 0;
  let declared: LineStart | undefined;
  /** Of the current line, those that were not there before. */
  let added: string[] = [];
  let ending = false;
  let last: unknown;

  for (const [name, value] of Object.entries(api)) define(name, value);
  define("_", undefined);
  define("_error", undefined);
  const own = new Set(Object.getOwnPropertyNames(globalThis));

  function define(name: string, value: unknown): void {
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }

  /**
   * A name can be declared again and again, which a program's own `var` and a constant would not allow: it is made a
   * plain property first. A line that fails leaves the value that was there before.
   */
  function declare(start: LineStart): void {
    current = start.number;
    declared = start;
    added = start.names.filter((name) => !hasOwn(globalThis, name));
    for (const name of start.names) {
      const value = (globalThis as Record<string, unknown>)[name];
      // Deleted first: the engine does not make a constant property writable when its value stays the same. A function's
      // property can't be deleted, and may be declared anew as it is.
      if (deleteProperty(globalThis, name)) define(name, value);
      own.delete(name);
    }
  }

  function close(): void {
    const { constants = [], number = 0 } = declared ?? {};
    if (number !== current) return;
    for (const name of constants) {
      // What can't be made writable again stays a variable.
      if (getOwnPropertyDescriptor(globalThis, name)?.configurable !== true) continue;
      defineProperty(globalThis, name, { writable: false });
    }
    declared = undefined;
    current = 0;
  }

  function forgetUnset(): void {
    for (const name of added) {
      if ((globalThis as Record<string, unknown>)[name] === undefined) deleteProperty(globalThis, name);
    }
    added = [];
  }

  /** `value` is wrapped, so that a thenable one is seen before it is awaited. */
  async function finish(number: number, evaluated: PromiseLike<{ value: unknown }>): Promise<void> {
    try {
      const { value } = await evaluated;
      // An Execution, a promise, an entry handle: what people want of a line that is one is what it gives.
      const awaited = isThenable(value);
      const settled = awaited ? await value : value;
      if (number !== current) return;
      close();
      keep("_", settled);
      last = settled;
      tell(number, { kind: "value", value: describeValue(settled), awaited });
    } catch (error) {
      fail(number, error);
    }
  }

  function fail(number: number, error: unknown): void {
    if (number !== current) return;
    close();
    forgetUnset();
    keep("_error", error);
    tell(number, { kind: "error", error: describeError(error), lastOutput: lastOutputOf(error) });
  }

  /** A line that declares `_` itself keeps it. */
  function keep(name: string, value: unknown): void {
    if (value !== undefined && own.has(name)) define(name, value);
  }

  function tell(number: number, result: LineResult): void {
    try {
      channel.tell("line", { number, ...result });
    } catch {
      // More than a message takes, although everything in it is bounded.
      const value = { kind: "folded", text: "A value too large to show" } as const;
      try {
        channel.tell("line", { number, kind: "value", value, awaited: false } satisfies {
          number: number;
        } & LineResult);
      } catch {
        channel.tell("line", null); // A toJSON of the line's own throws for everything else: the host says so.
      }
    }
  }

  /** The last value as JSON, in pieces. */
  function sendLast(number: number): void {
    let json: string;
    try {
      json = stringify(last, plain) ?? "null";
    } catch (error) {
      channel.tell("last", { number, error: describeError(error).message });
      return;
    }
    for (let at = 0; at < json.length; at += PIECE) {
      channel.tell("last", { number, piece: json.slice(at, at + PIECE), done: at + PIECE >= json.length });
    }
  }

  function uncaught(error: unknown): void {
    // What Ctrl-C ended has been said already.
    if (!ending) channel.tell("background", { error: describeError(error), lastOutput: lastOutputOf(error) });
  }

  return {
    uncaught,
    receive(kind, argument) {
      switch (kind) {
        case "declare":
          declare(parse(argument as string) as LineStart);
          return true;
        case "evaluated":
          void finish(current, argument as PromiseLike<{ value: unknown }>);
          return true;
        case "uncompiled":
          close();
          forgetUnset();
          return true;
        case "rejection":
          uncaught(argument);
          return true;
        case "interrupt":
          ending = true;
          close();
          forgetUnset();
          channel.interrupt();
          return true;
        case "health":
          ending = false;
          channel.tell("healthy", null);
          return true;
        case "idle":
          if (current !== 0) fail(current, neverSettles());
          return true;
        case "poll":
          setPollDefaults(unpackPolicy(parse(argument as string) as WirePolicy));
          return true;
        case "last":
          sendLast(Number(argument));
          return true;
        case "variables": {
          // A name of the API that was imported all the same is still what it was.
          const names = Object.getOwnPropertyNames(globalThis).filter(
            (name) => !own.has(name) && api[name] !== getOwnPropertyDescriptor(globalThis, name)?.value,
          );
          channel.tell("variables", { number: Number(argument), variables: describeVariables(globalThis, names) });
          return true;
        }
        default:
          return false;
      }
    },
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function lastOutputOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return "";
    const { lastOutput } = error as { lastOutput?: unknown };
    return typeof lastOutput === "string" ? lastOutput : "";
  } catch {
    return ""; // A proxy or getter of the line's own threw: the error itself is still told.
  }
}

/** What JSON has no word for. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value];
  if (value instanceof Error) return describeError(value);
  return value;
}

function neverSettles(): Error {
  return new Error("The line awaits a promise that nothing can settle any more");
}
