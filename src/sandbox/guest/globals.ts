/** What a script expects around it and the engine lacks, on globalThis. */
import type { Access } from "./access.ts";
import type { Channel } from "./channel.ts";
import { structuredClone } from "./clone.ts";
import type { ScriptConsole } from "./console.ts";
import { atob, btoa, TextDecoder, TextEncoder } from "./encoding.ts";
import { AbortController, AbortSignal, Event, EventTarget } from "./events.ts";
import { URLSearchParams } from "./url-search-params.ts";
import { URL } from "./url.ts";

export interface GlobalsOptions {
  channel: Channel;
  console: ScriptConsole;
  /** ms since the start. */
  now: () => number;
  /** Gets what a timer's or microtask's callback throws. */
  uncaught: (error: unknown) => void;
  fetch: Access["fetch"];
}

/** Longer delays overflow a timer's 32 bits and would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

export function installGlobals(target: object, { channel, console, now, uncaught, fetch }: GlobalsOptions): void {
  const globals: Record<string, unknown> = {
    console,
    performance: Object.freeze({ now }),
    ...createTimers(channel, uncaught),
    queueMicrotask: (callback: () => void) => {
      if (typeof callback !== "function") throw new TypeError("queueMicrotask takes a function");
      void Promise.resolve().then(guarded(callback, uncaught));
    },
    structuredClone,
    fetch,
    atob,
    btoa,
    AbortController,
    AbortSignal,
    Event,
    EventTarget,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
  };
  // As in browsers and Node: replaceable, and not listed by Object.keys(globalThis).
  for (const [name, value] of Object.entries(globals)) define(target, name, value);
  if (!("fromAsync" in Array)) define(Array, "fromAsync", arrayFromAsync);
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

function guarded(
  callback: (...args: unknown[]) => void,
  uncaught: (error: unknown) => void,
): (...args: unknown[]) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (error) {
      uncaught(error);
    }
  };
}

function createTimers(channel: Channel, uncaught: (error: unknown) => void) {
  const cancels = new Map<number, () => void>();
  let lastTimer = 0;

  function start(callback: unknown, delay: unknown, repeat: boolean, args: unknown[]): number {
    if (typeof callback !== "function") throw new TypeError("A timer takes a function");
    const id = ++lastTimer;
    const ms = Math.min(Math.max(Number(delay) || 0, repeat ? 1 : 0), MAX_DELAY);
    const run = guarded(callback as (...args: unknown[]) => void, uncaught);
    const forget = (): void => void cancels.delete(id);
    const arm = (): void => {
      const fire = (): void => {
        if (repeat) arm();
        else forget();
        run(...args);
      };
      cancels.set(id, channel.after(ms, fire, forget));
    };
    arm();
    return id;
  }

  const clear = (id: unknown): void => {
    cancels.get(id as number)?.();
    cancels.delete(id as number);
  };
  return {
    setTimeout: (callback: unknown, delay?: unknown, ...args: unknown[]) => start(callback, delay, false, args),
    setInterval: (callback: unknown, delay?: unknown, ...args: unknown[]) => start(callback, delay, true, args),
    setImmediate: (callback: unknown, ...args: unknown[]) => start(callback, 0, false, args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
}

async function arrayFromAsync<T, R = T>(
  this: unknown,
  items: AsyncIterable<T> | Iterable<T | PromiseLike<T>> | ArrayLike<T | PromiseLike<T>>,
  map?: (item: T, index: number) => R | PromiseLike<R>,
): Promise<R[]> {
  const list: R[] = [];
  const add = async (item: T): Promise<void> => {
    list.push(map ? await map(item, list.length) : (item as unknown as R));
  };
  if (Symbol.asyncIterator in items || Symbol.iterator in items) {
    for await (const item of items as AsyncIterable<T>) await add(item);
  } else {
    for (const item of Array.from(items)) await add(await item);
  }
  return list;
}
