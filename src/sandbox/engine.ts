/**
 * The engine adapter: QuickJS in WebAssembly. The only file that imports the engine, so that it can be replaced.
 *
 * Known traps of the binding, and what is done here about each:
 * - Memory growth corrupts version 0.32, and `setMemoryLimit` alone let wasm reach 1.2 GB: the wasm memory has a fixed
 *   size (initial = maximum). QuickJS's own limit is lower by a reserve, because the binding's mallocs are unchecked.
 * - Disposing a runtime with live handles aborts the wasm: nothing is disposed; whoever owns the thread ends it.
 * - Strings cross as C strings, which end at NUL: only JSON text (which escapes NUL) and sources without NUL cross.
 * - `dump` and `getProp` run the script's getters unguarded: values are read as strings and numbers only, everything
 *   else is described by guest code inside the VM.
 * - Errors thrown in the normaliser lose their text: it only computes names, the loader refuses.
 * - `executePendingJobs(-1)` never returns from an endless chain of promises: jobs run in batches.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSSyncVariant } from "quickjs-emscripten-core";
import { installRejectionTracker, withExportedTable } from "./rejections.ts";

const PAGE = 65_536;
/**
 * What the VM may not use of the wasm memory: 5.1 MB are the C stack and static data, the rest is for the strings that
 * the host writes. Without it, a host string that finds no room is written to address 0.
 */
const RESERVE = 12 * 1024 * 1024;
/** Bytes of C stack: about 6,000 plain calls deep. See thread-stack.ts before raising it. */
const STACK = 1024 * 1024;
const JOBS_PER_BATCH = 500;

export type HostArgument = string | number;
/** May return text for the guest. What it throws reaches the guest as an error with that name and message. */
export type HostFunction = (...args: HostArgument[]) => string | void;

export type LoadedModule = { source: string } | { error: { name: string; message: string } };

export interface EngineOptions {
  /** Size of the wasm memory in bytes; a multiple of 64 KiB from 32 MB. */
  memory: number;
  /** Polled while code runs (about every 10,000 operations); true ends it with an error that `catch` can't see. */
  shouldStop: () => boolean;
  /** The full name of a module. Must not throw: an unusable name is refused by `loadModule`. */
  resolveModule: (base: string, specifier: string) => string;
  loadModule: (name: string) => LoadedModule;
  /** Functions that the first module finds on `globalThis.__host`. */
  host: Record<string, HostFunction>;
}

export interface Engine {
  /**
   * Evaluates the first module, which must call `__host.register(receive)`.
   * @throws Error when it does not get that far.
   */
  boot(moduleName: string): void;
  /** Calls the registered function with two texts. @throws EngineStopped, EngineFailed. */
  send(kind: string, json: string): void;
  /** Runs promise jobs until there are none; `between` runs after each batch. @throws EngineStopped, EngineFailed. */
  drain(between: () => void): void;
  /**
   * Hands the reason of each promise that was rejected and has no listener to the registered function, as
   * `receive("rejection", "", reason)`, once. @throws EngineStopped, EngineFailed.
   */
  reportRejections(): void;
}

/** `shouldStop` said so. */
export class EngineStopped extends Error {}

/** The VM is out of memory, or the wasm code itself failed: the thread must be ended. */
export class EngineFailed extends Error {
  readonly memory: boolean;
  constructor(message: string, memory: boolean) {
    super(message);
    this.memory = memory;
  }
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: options.memory / PAGE, maximum: options.memory / PAGE });
  const file = createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
  // Compiling is lazy and takes 3 ms: not worth a cache, nor handing a compiled module from thread to thread.
  const wasm = new WebAssembly.Module(withExportedTable(readFileSync(file)));
  let exports: WebAssembly.Exports = {};
  const module = await newQuickJSWASMModuleFromVariant(
    // The package's types describe its CommonJS build, where the default is one level deeper.
    newVariant(variant as unknown as QuickJSSyncVariant, {
      wasmMemory: memory,
      emscriptenModule: {
        instantiateWasm(imports, onSuccess) {
          const instance = new WebAssembly.Instance(wasm, imports);
          exports = instance.exports;
          onSuccess(instance);
          return exports;
        },
      },
    }),
  );
  const runtime = module.newRuntime();
  runtime.setMemoryLimit(options.memory - RESERVE);
  runtime.setMaxStackSize(STACK);
  runtime.setModuleLoader(
    (name, context) => {
      const loaded = options.loadModule(name);
      return "source" in loaded ? loaded.source : { error: context.newError(loaded.error) };
    },
    (base, specifier) => options.resolveModule(base, specifier),
  );
  const context = runtime.newContext();
  const pointers = rejectionPointers(module, memory, context);
  installRejectionTracker({
    exports,
    memory,
    runtime: pointers.runtime(runtime),
    enableInterrupts: () => runtime.setInterruptHandler(options.shouldStop),
    listener: pointers.listener,
  });
  return engineOf(runtime, context, pointers, options);
}

function engineOf(
  runtime: QuickJSRuntime,
  context: QuickJSContext,
  rejections: RejectionPointers,
  options: EngineOptions,
): Engine {
  let receive: QuickJSHandle | undefined;

  /** Runs VM code and tells the three ways in which it can fail apart. */
  function guarded<T>(what: () => T): T {
    try {
      return what();
    } catch (error) {
      if (error instanceof EngineStopped || error instanceof EngineFailed) throw error;
      throw new EngineFailed(error instanceof Error ? error.message : String(error), false);
    }
  }

  /** An exception that left the VM: only its message is read, and only if it is a plain string. */
  function failed(error: QuickJSHandle): Error {
    if (options.shouldStop()) return new EngineStopped();
    const message = ownText(error, "message");
    return new EngineFailed(message, message === "out of memory");
  }

  function ownText(handle: QuickJSHandle, key: string): string {
    const value = context.getProp(handle, key);
    return context.typeof(value) === "string" ? context.getString(value) : "";
  }

  function call(...args: QuickJSHandle[]): void {
    if (!receive) throw new EngineFailed("The guest did not register.", false);
    const result = context.callFunction(receive, context.undefined, args);
    for (const arg of args) arg.dispose();
    if (result.error) throw failed(result.error);
    result.value.dispose();
  }

  function hostFunction(name: string, fn: HostFunction): QuickJSHandle {
    return context.newFunction(name, (...handles) => {
      const args = handles.map((handle): HostArgument => {
        // An object here would be the script's own, with a toString of its own: it never gets that far.
        const type = context.typeof(handle);
        if (type === "number") return context.getNumber(handle);
        if (type === "string") return context.getString(handle);
        throw new TypeError("The host takes texts and numbers only.");
      });
      const result = fn(...args);
      return typeof result === "string" ? context.newString(result) : undefined;
    });
  }

  function boot(moduleName: string): void {
    const host = context.newObject();
    for (const [name, fn] of Object.entries(options.host)) context.setProp(host, name, hostFunction(name, fn));
    const register = context.newFunction("register", (fn) => {
      receive ??= fn.dup();
    });
    context.setProp(host, "register", register);
    context.setProp(context.global, "__host", host);
    const result = context.evalCode(`import ${JSON.stringify(moduleName)};`, "<boot>", { type: "module" });
    if (result.error) {
      throw new Error(
        `The sandbox could not start: ${ownText(result.error, "message")} ${ownText(result.error, "stack")}`,
      );
    }
    drain(() => {});
    const state = context.getPromiseState(result.value);
    if (state.type === "rejected") {
      throw new Error(
        `The sandbox could not start: ${ownText(state.error, "message")} ${ownText(state.error, "stack")}`,
      );
    }
    if (!receive) throw new Error("The sandbox could not start: its first module did not register.");
  }

  function drain(between: () => void): void {
    guarded(() => {
      for (;;) {
        if (options.shouldStop()) throw new EngineStopped();
        const result = runtime.executePendingJobs(JOBS_PER_BATCH);
        if (result.error) throw failed(result.error);
        between();
        if (result.value === 0) return;
      }
    });
  }

  return {
    boot,
    drain,
    send: (kind, json) => guarded(() => call(context.newString(kind), context.newString(json))),
    reportRejections: () =>
      guarded(() => {
        for (const reason of rejections.take()) call(context.newString("rejection"), context.newString(""), reason);
      }),
  };
}

interface RejectionPointers {
  runtime: (runtime: QuickJSRuntime) => number;
  listener: (promise: bigint, reason: bigint, handled: boolean) => void;
  /** Handles of the reasons that nobody listens to; the caller disposes them. */
  take: () => QuickJSHandle[];
}

/**
 * Keeps rejected promises and their reasons alive until they got a listener or were reported (without that, a freed
 * promise's address could name another). Uses two private fields of the binding: the pointers have no public name.
 */
function rejectionPointers(module: object, memory: WebAssembly.Memory, context: QuickJSContext): RejectionPointers {
  const { ffi, module: emscripten } = module as unknown as {
    ffi: {
      QTS_DupValuePointer(context: number, value: number): number;
      QTS_FreeValuePointer(context: number, value: number): void;
    };
    module: { _malloc(size: number): number };
  };
  const internals = context as unknown as {
    ctx: { value: number };
    memory: { heapValueHandle(pointer: number): QuickJSHandle };
  };
  const cell = emscripten._malloc(8);
  const open = new Map<bigint, { promise: number; reason: number }>();
  const keep = (value: bigint): number => {
    new BigInt64Array(memory.buffer, cell, 1)[0] = value;
    return ffi.QTS_DupValuePointer(internals.ctx.value, cell);
  };
  const free = (pointer: number): void => ffi.QTS_FreeValuePointer(internals.ctx.value, pointer);
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
    take() {
      const reasons = [...open.values()].map(({ promise, reason }) => {
        free(promise);
        return internals.memory.heapValueHandle(reason);
      });
      open.clear();
      return reasons;
    },
  };
}
