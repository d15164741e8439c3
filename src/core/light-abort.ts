/**
 * What a held request needs of AbortSignal and AbortController, without their weight: the two, with their map of
 * listeners and the wrappers in it, are 0.6 KB, and a server holds thousands of requests.
 */

/** Every AbortSignal is one. */
export interface LightSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Its own signal, for one listener, which is called once. */
export class LightAbort implements LightSignal {
  aborted = false;
  #listener: (() => void) | undefined;

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#listener?.();
  }
}
