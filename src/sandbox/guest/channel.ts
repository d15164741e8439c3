/**
 * The guest's end of the bridge: a table of promises, and one function each way. Only JSON text crosses, never a
 * reference (that is how other sandboxes were broken).
 */
import { type ErrorBody, WilcoError } from "../../core/errors.ts";

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

/** id, whether it went well, and the value or the ErrorBody. */
type Settlement = [id: number, ok: 0 | 1, value: unknown];

export interface Channel {
  call(method: string, args: unknown[]): Promise<unknown>;
  lookup(method: string, args: unknown[]): unknown;
  /** A message without an answer. */
  tell(method: string, payload: unknown): void;
  /** Calls `done` after `ms`; the answer takes it back. */
  after(ms: number, done: () => void, onInterrupt?: (error: WilcoError) => void): () => void;
  /** @param json of a list of settlements. */
  settle(json: string): void;
  /** Rejects what is waited for (answers still on their way are dropped) and clears the timers. */
  interrupt(): void;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
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
  const pending = new Map<number, Pending>();
  let lastId = 0;

  function post(id: number, method: string, payload: unknown): WilcoError | undefined {
    const refused = host.post(`${id} ${method} ${stringify(payload) ?? "null"}`);
    return refused === undefined ? undefined : WilcoError.fromBody(parse(refused) as ErrorBody);
  }

  return {
    call(method, args) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        const refused = post(id, method, args);
        if (!refused) return;
        pending.delete(id);
        reject(refused);
      });
    },

    lookup(method, args) {
      const answer = parse(host.lookup(`${method} ${stringify(args)}`)) as { value: unknown } | { error: ErrorBody };
      if ("error" in answer) throw WilcoError.fromBody(answer.error);
      return answer.value;
    },

    tell(method, payload) {
      const refused = post(0, method, payload);
      if (refused) throw refused;
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

    settle(json) {
      for (const [id, ok, value] of parse(json) as Settlement[]) {
        const entry = pending.get(id);
        if (!entry) continue;
        pending.delete(id);
        if (ok === 1) entry.resolve(value);
        else entry.reject(WilcoError.fromBody(value as ErrorBody));
      }
    },

    interrupt() {
      const waiting = [...pending];
      pending.clear();
      for (const [id, { reject }] of waiting) {
        post(id, "clear", null);
        reject(interruptedError());
      }
    },
  };
}
