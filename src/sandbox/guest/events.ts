/** EventTarget, AbortController and AbortSignal, which QuickJS lacks. */

export interface ScriptEvent {
  readonly type: string;
  readonly target: object | null;
}
type Listener = ((event: ScriptEvent) => void) | { handleEvent(event: ScriptEvent): void };

export class Event implements ScriptEvent {
  readonly type: string;
  target: object | null = null;

  constructor(type: unknown) {
    this.type = String(type);
  }
}

export class EventTarget {
  #listeners = new Map<string, Map<Listener, boolean>>();

  addEventListener(
    type: string,
    listener: Listener,
    options?: boolean | { once?: boolean; signal?: AbortSignal },
  ): void {
    const { once = false, signal } = typeof options === "object" ? options : {};
    if (signal?.aborted) return;
    let listeners = this.#listeners.get(type);
    if (!listeners) this.#listeners.set(type, (listeners = new Map<Listener, boolean>()));
    if (!listeners.has(listener)) listeners.set(listener, once);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener), { once: true });
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  /** What a listener throws goes on as an unhandled rejection, as it would be uncaught elsewhere; the others still run. */
  dispatchEvent(event: Event): boolean {
    event.target = this;
    // A copy: listeners may add and remove others.
    for (const [listener, once] of Array.from(this.#listeners.get(event.type) ?? [])) {
      if (once) this.removeEventListener(event.type, listener);
      try {
        if (typeof listener === "function") listener.call(this, event);
        else listener.handleEvent(event);
      } catch (error) {
        void Promise.reject(error);
      }
    }
    return true;
  }
}

function abortError(message: string, name: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

const abort = Symbol("abort");

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  onabort: ((event: ScriptEvent) => void) | null = null;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  [abort](reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? abortError("This operation was aborted", "AbortError") : reason;
    const event = new Event("abort");
    this.onabort?.(event);
    this.dispatchEvent(event);
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal();
    signal[abort](reason);
    return signal;
  }

  /** Unlike in Node, its timer keeps the script running until it fires. */
  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal();
    setTimeout(() => signal[abort](abortError("The operation was aborted due to timeout", "TimeoutError")), ms);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const all = [...signals];
    const signal = new AbortSignal();
    const first = all.find((one) => one.aborted);
    if (first) signal[abort](first.reason);
    for (const one of all) one.addEventListener("abort", () => signal[abort](one.reason), { once: true });
    return signal;
  }
}

export class AbortController {
  readonly signal = new AbortSignal();

  abort(reason?: unknown): void {
    this.signal[abort](reason);
  }
}
