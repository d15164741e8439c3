/**
 * What the engine's binding has inside and does not show: addresses of values, the allocator, the memory counter. Used by
 * engine.ts alone, and fitted to the exact version in package.json; each assumption is checked when an engine is made.
 */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";

/** Texts shorter than this always fit: room is set aside for them (engine.ts). */
const SMALL = 64 * 1024;
/** Bytes of UTF-8 that a UTF-16 code unit takes at most. */
const MAX_BYTES = 3;

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
  /** Takes bytes out of the allocator; the returned function gives them back, once. */
  setAside: (bytes: number) => () => void;
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
    setAside(bytes) {
      let pointer = emscripten._malloc(bytes);
      return () => {
        if (pointer !== 0) emscripten._free(pointer);
        pointer = 0;
      };
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
 * Tells when an allocation found no room. QuickJS's own limit (`setMemoryLimit`) is no use in this build: it counts 8
 * bytes for each allocation, whatever its size. What can be seen is the allocator asking its host for a larger memory,
 * which a memory of fixed size never gets: the one import that calls `grow`.
 * @param onFull gets how many bytes were missing, before the allocation fails.
 * @returns the imports with that function replaced.
 */
export function watchHeap(imports: WebAssembly.Imports, memory: () => number, onFull: (missing: number) => void) {
  let found = 0;
  const watched = Object.entries(imports).map(([module, functions]) => {
    const entries = Object.entries(functions).map(([name, value]): [string, unknown] => {
      if (typeof value !== "function" || !String(value).includes(".grow(")) return [name, value];
      found++;
      return [
        name,
        (wanted: number): number => {
          onFull((wanted >>> 0) - memory());
          return 0;
        },
      ];
    });
    return [module, Object.fromEntries(entries)];
  });
  if (found !== 1) throw new Error("The engine's way to ask for memory was not found.");
  return Object.fromEntries(watched) as WebAssembly.Imports;
}
