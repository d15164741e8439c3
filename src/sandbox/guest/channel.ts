/**
 * The guest's end of the bridge: a table of promises, and one function each way. Only JSON text crosses, never a
 * reference (that is how other sandboxes were broken).
 */
import { type ErrorBody, WilcoError } from "../../core/errors.ts";
import { unpackSettlements } from "./wire.ts";

/** What the engine puts on `globalThis.__host` before the first module runs. */
export interface HostFunctions {
  /**
   * "ID METHOD JSON": asks for something to be done; the answer comes as a settlement of the id (0: there is none).
   * Returns an ErrorBody as JSON when refused.
   */
  post(text: string): string | undefined;
  /** "METHOD JSON": blocks until answered, `{ "value": … }` or `{ "error": ErrorBody }` as JSON. */
  lookup(text: string): string;
  /** Names the function that the host calls, once. The second argument is JSON, or the reason of a rejection. */
  register(receive: (kind: string, argument: unknown) => void): void;
}

/** Whoever waits for the answer of a call. */
export interface Caller {
  /** @param text of answers that have one beside their value. */
  resolve(value: unknown, text: string): void;
  reject(error: unknown): void;
  /** Of calls whose answer comes in parts. */
  told?(value: unknown, text: string): void;
}

export interface Channel {
  call(method: string, args: unknown[]): Promise<unknown>;
  /** A call whose answer goes to `caller`, never before this returns. @returns its number. */
  begin(method: string, args: unknown[], caller: Caller): number;
  lookup(method: string, args: unknown[]): unknown;
  /** A message without an answer. */
  tell(method: string, payload: unknown): void;
  /** Calls and timers that are open. */
  readonly open: number;
  /** A message that may be refused, or lost, without harm. */
  hint(method: string, payload: unknown): void;
  /** Calls `done` after `ms`; the answer takes it back. */
  after(ms: number, done: () => void, onInterrupt?: (error: WilcoError) => void): () => void;
  /** @param packed settlements, see wire.ts. */
  settle(packed: string): void;
  /** Rejects what is waited for (answers still on their way are dropped) and clears the timers. */
  interrupt(): void;
}

export function interruptedError(): WilcoError {
  return new WilcoError({
    code: "interrupted",
    message: "The script was interrupted",
    hint: "What was submitted goes on: see wilco history.",
  });
}

export function createChannel(host: HostFunctions): Channel {
  // Kept from the start: a script that replaces JSON.stringify or Map's methods changes its own view, not this one.
  const { parse, stringify } = JSON;
  const pending = new Map<number, Caller>();
  let lastId = 0;

  function post(id: number, method: string, payload: unknown): WilcoError | undefined {
    const refused = host.post(`${id} ${method} ${stringify(payload) ?? "null"}`);
    return refused === undefined ? undefined : WilcoError.fromBody(parse(refused) as ErrorBody);
  }

  function begin(method: string, args: unknown[], caller: Caller): number {
    const id = ++lastId;
    pending.set(id, caller);
    let refused: unknown;
    try {
      refused = post(id, method, args);
    } catch (error) {
      refused = error; // A toJSON of the script's own threw.
    }
    if (refused !== undefined) {
      pending.delete(id);
      void Promise.resolve().then(() => caller.reject(refused));
    }
    return id;
  }

  return {
    begin,

    call: (method, args) => new Promise((resolve, reject) => begin(method, args, { resolve, reject })),

    lookup(method, args) {
      const answer = parse(host.lookup(`${method} ${stringify(args)}`)) as { value: unknown } | { error: ErrorBody };
      if ("error" in answer) throw WilcoError.fromBody(answer.error);
      return answer.value;
    },

    tell(method, payload) {
      const refused = post(0, method, payload);
      if (refused) throw refused;
    },

    get open() {
      return pending.size;
    },

    hint(method, payload) {
      post(0, method, payload);
    },

    after(ms, done, onInterrupt) {
      const id = ++lastId;
      pending.set(id, { resolve: done, reject: (error) => onInterrupt?.(error as WilcoError) });
      const refused = post(id, "timer", ms);
      if (refused) {
        pending.delete(id);
        throw refused;
      }
      return () => {
        if (pending.delete(id)) post(id, "clear", null);
      };
    },

    settle(packed) {
      const [settlements, nextText] = unpackSettlements(packed);
      for (const [id, how, value, characters = 0] of settlements) {
        const text = characters === 0 ? "" : nextText(characters);
        const caller = pending.get(id);
        if (!caller) continue;
        if (how === 2) {
          caller.told?.(value, text);
          continue;
        }
        pending.delete(id);
        if (how === 1) caller.resolve(value, text);
        else caller.reject(WilcoError.fromBody(value as ErrorBody));
      }
    },

    interrupt() {
      const waiting = [...pending];
      pending.clear();
      for (const [id, caller] of waiting) {
        post(id, "clear", null);
        caller.reject(interruptedError());
      }
    },
  };
}
