/**
 * What the engine's binding has inside and does not show: addresses of values, the allocator, the memory counter. Used by
 * engine.ts alone, and fitted to the exact version in package.json; each assumption is checked when an engine is made.
 */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";

/** Less than this in one piece is out of memory. */
const PROBE = 1024 * 1024;
/** Texts shorter than this always fit: the reserve is there for them (engine.ts). */
const SMALL = 64 * 1024;
/** Bytes of UTF-8 that a UTF-16 code unit takes at most. */
const MAX_BYTES = 3;
/** Of its limit: the VM is full. */
const FULL = 0.9;

export interface Internals {
  runtime: (runtime: QuickJSRuntime) => number;
  listener: (promise: bigint, reason: bigint, handled: boolean) => void;
  /** Handles of the reasons that nobody listens to; the caller disposes them. */
  takeRejections: () => QuickJSHandle[];
  /**
   * There is room for a text of the host's of so many characters. The binding does not ask: without room it writes the
   * text to address 0, over the engine's own data.
   */
  fits: (characters: number) => boolean;
  /** The wasm code failed because there is no memory left (its own allocations are not all checked). */
  outOfMemory: () => boolean;
}

/**
 * Rejected promises and their reasons are kept alive until they got a listener or were reported: without that, the
 * address of a freed promise could name another.
 */
export function internalsOf(module: object, memory: WebAssembly.Memory, context: QuickJSContext): Internals {
  const { ffi, module: emscripten } = module as unknown as {
    ffi: {
      QTS_DupValuePointer(context: number, value: number): number;
      QTS_FreeValuePointer(context: number, value: number): void;
    };
    module: { _malloc(size: number): number; _free(pointer: number): void };
  };
  const values = context as unknown as {
    ctx: { value: number };
    memory: { heapValueHandle(pointer: number): QuickJSHandle };
  };
  const cell = emscripten._malloc(8);
  const open = new Map<bigint, { promise: number; reason: number }>();
  const keep = (value: bigint): number => {
    new BigInt64Array(memory.buffer, cell, 1)[0] = value;
    return ffi.QTS_DupValuePointer(values.ctx.value, cell);
  };
  const free = (pointer: number): void => ffi.QTS_FreeValuePointer(values.ctx.value, pointer);
  return {
    runtime: (runtime) => (runtime as unknown as { rt: { value: number } }).rt.value,
    listener(promise, reason, handled) {
      if (!handled) {
        open.set(promise, { promise: keep(promise), reason: keep(reason) });
        return;
      }
      const known = open.get(promise);
      if (!known) return;
      open.delete(promise);
      free(known.promise);
      free(known.reason);
    },
    fits(characters) {
      if (characters < SMALL) return true;
      const room = emscripten._malloc(characters * MAX_BYTES + 1);
      if (room !== 0) emscripten._free(room);
      return room !== 0;
    },
    outOfMemory() {
      try {
        return emscripten._malloc(PROBE) === 0;
      } catch {
        return false; // The allocator's own data is broken: that is another fault.
      }
    },
    takeRejections() {
      const reasons = [...open.values()].map(({ promise, reason }) => {
        free(promise);
        return values.memory.heapValueHandle(reason);
      });
      open.clear();
      return reasons;
    },
  };
}

/**
 * Reads what QuickJS counts as allocated: the word before its limit, at the start of JSRuntime. The binding's own ways
 * to ask allocate in the VM, or (dumpMemoryUsage) crash it.
 */
export function createMemoryGauge(memory: WebAssembly.Memory, runtime: number, limit: number) {
  const words = new Uint32Array(memory.buffer, runtime, 16);
  const index = words.indexOf(limit) - 1;
  if (index < 0) throw new Error("The engine's memory counter was not found.");
  let most = 0;
  const sample = (): void => {
    most = Math.max(most, words[index]!);
  };
  return {
    sample,
    wasFull(): boolean {
      sample();
      return most > limit * FULL;
    },
  };
}
