/**
 * The engine adapter: QuickJS in WebAssembly. The only file that imports the engine, so that it can be replaced.
 *
 * Known traps of the binding, and what is done here about each:
 * - Memory growth corrupts version 0.32, and `setMemoryLimit` does not limit (see watchHeap): the wasm memory has a
 *   fixed size (initial = maximum), and the script ends when the allocator asks for more.
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
import { compileEngine } from "./engine-module.ts";
import { internalsOf, watchHeap, type Internals } from "./engine-internals.ts";
import { installRejectionTracker, withExportedTable } from "./rejections.ts";

const PAGE = 65_536;
/**
 * Set aside, and given back when the script used up the rest: the binding's own small allocations are unchecked, and a
 * text that finds no room is written to address 0.
 */
const RESERVE = 8 * 1024 * 1024;
/** A larger piece that finds no room is an error that the script can catch; a smaller one means that all is used up. */
const LARGE = 1024 * 1024;
/** Bytes of C stack: about 6,000 plain calls deep. See thread-stack.ts before raising it. */
const STACK = 1024 * 1024;
const JOBS_PER_BATCH = 500;
/** JS_EVAL_FLAG_STRICT and JS_EVAL_FLAG_ASYNC: a global program, strict as a module is, that may await. */
const INTERACTIVE = 8 | 128;

/** Text in, text (or undefined) out: one argument, because each costs as much as a small call. It must not throw. */
export type HostFunction = (text: string) => string | undefined;

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
  /** Calls the registered function with a kind and a text. @throws EngineStopped, EngineFailed, GuestFailed. */
  send(kind: string, json: string): void;
  /**
   * Runs promise jobs until there are none; `between` runs after each batch. With `stopInside`, `shouldStop` is asked only
   * while a job runs, which then ends, and not between two batches of them, after which they could go on.
   * @throws EngineStopped, EngineFailed.
   */
  drain(between: () => void, how?: { stopInside: boolean }): void;
  /**
   * Hands the reason of each promise that was rejected and has no listener to the registered function, as
   * `receive("rejection", reason)`, once. @throws EngineStopped, EngineFailed, GuestFailed.
   */
  reportRejections(): void;
  /**
   * Runs a program in the global scope. Hands the promise of its end, which gives `{ value }`, to the registered function
   * as `receive("evaluated", promise)`. @returns what keeps it from compiling, or undefined. @throws EngineStopped,
   * EngineFailed.
   */
  evaluate(source: string, file: string): Uncompiled | undefined;
  /** There is room in the VM for a text of so many characters. */
  fits(characters: number): boolean;
  /** The script used up the memory; it is being stopped. */
  exhausted(): boolean;
}

/** Why a program does not compile, and where; lines and columns from 1. */
export interface Uncompiled {
  message: string;
  line: number;
  column: number;
}

/** `shouldStop` said so, or the memory is used up. */
export class EngineStopped extends Error {}

/** The wasm code itself failed: the thread must be ended. */
export class EngineFailed extends Error {}

/**
 * The registered function threw: wilco's own code in the VM stands on built-in objects that the script has changed. It
 * did not finish what it was told, so that the VM is no good any more.
 */
export class GuestFailed extends Error {}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: options.memory / PAGE, maximum: options.memory / PAGE });
  const file = createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
  const wasm = compileEngine(withExportedTable(readFileSync(file)));
  let exports: WebAssembly.Exports = {};
  let exhausted = false;
  let giveBack = (): void => {};
  const onFull = (missing: number): void => {
    if (missing > LARGE) return;
    exhausted = true;
    giveBack();
  };
  const shouldStop = (): boolean => exhausted || options.shouldStop();
  /** What the engine was told when it last asked. */
  let stoppedInside = false;
  const module = await newQuickJSWASMModuleFromVariant(
    // The package's types describe its CommonJS build, where the default is one level deeper.
    newVariant(variant as unknown as QuickJSSyncVariant, {
      wasmMemory: memory,
      emscriptenModule: {
        instantiateWasm(imports, onSuccess) {
          const watched = watchHeap(imports, () => options.memory, onFull);
          const instance = new WebAssembly.Instance(wasm, watched);
          exports = instance.exports;
          onSuccess(instance);
          return exports;
        },
      },
    }),
  );
  const runtime = module.newRuntime();
  runtime.setMaxStackSize(STACK);
  runtime.setModuleLoader(
    (name, context) => {
      const loaded = options.loadModule(name);
      if ("error" in loaded) return { error: context.newError(loaded.error) };
      if (internals.fits(loaded.source.length)) return loaded.source;
      return { error: context.newError({ name: "InternalError", message: "out of memory" }) };
    },
    (base, specifier) => options.resolveModule(base, specifier),
  );
  const context = runtime.newContext();
  const internals = internalsOf(module, memory, context);
  installRejectionTracker({
    exports,
    memory,
    runtime: internals.runtime(runtime),
    enableInterrupts: () => runtime.setInterruptHandler(() => (stoppedInside = shouldStop())),
    listener: internals.listener,
  });
  giveBack = internals.setAside(RESERVE);
  const wasStopped = (): boolean => exhausted || stoppedInside;
  return engineOf({
    runtime,
    context,
    internals,
    shouldStop,
    wasStopped,
    host: options.host,
    exhausted: () => exhausted,
  });
}

interface EngineParts {
  runtime: QuickJSRuntime;
  context: QuickJSContext;
  internals: Internals;
  shouldStop: () => boolean;
  /** The code that ran last was told to stop. */
  wasStopped: () => boolean;
  host: EngineOptions["host"];
  exhausted: () => boolean;
}

function engineOf({ runtime, context, internals, shouldStop, wasStopped, host, exhausted }: EngineParts): Engine {
  let receive: QuickJSHandle | undefined;
  const kinds = new Map<string, QuickJSHandle>();

  /** Runs VM code and tells the three ways in which it can fail apart. */
  function guarded<T>(what: () => T): T {
    try {
      return what();
    } catch (error) {
      if (error instanceof EngineStopped || error instanceof EngineFailed || error instanceof GuestFailed) throw error;
      if (exhausted()) throw new EngineStopped();
      throw new EngineFailed(error instanceof Error ? error.message : String(error));
    }
  }

  /** An exception that left the VM: only its message is read, and only if it is a plain string. */
  function failed(error: QuickJSHandle): Error {
    return shouldStop() ? new EngineStopped() : new GuestFailed(ownText(error, "message"));
  }

  function ownText(handle: QuickJSHandle, key: string): string {
    const value = context.getProp(handle, key);
    return context.typeof(value) === "string" ? context.getString(value) : "";
  }

  function call(kind: string, argument: QuickJSHandle): void {
    if (!receive) throw new EngineFailed("The guest did not register.");
    let kindHandle = kinds.get(kind);
    if (!kindHandle) kinds.set(kind, (kindHandle = context.newString(kind)));
    const result = context.callFunction(receive, context.undefined, kindHandle, argument);
    argument.dispose();
    if (result.error) throw failed(result.error);
    result.value.dispose();
  }

  function hostFunction(name: string, fn: HostFunction): QuickJSHandle {
    return context.newFunction(name, (text) => {
      // Anything but a string would be the script's own object, with a toString of its own: it gets no further.
      if (text === undefined || context.typeof(text) !== "string") return undefined;
      const result = fn(context.getString(text));
      return result === undefined ? undefined : context.newString(result);
    });
  }

  function boot(moduleName: string): void {
    const place = context.newObject();
    for (const [name, fn] of Object.entries(host)) context.setProp(place, name, hostFunction(name, fn));
    const register = context.newFunction("register", (fn) => {
      receive ??= fn.dup();
    });
    context.setProp(place, "register", register);
    context.setProp(context.global, "__host", place);
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

  function drain(between: () => void, { stopInside } = { stopInside: false }): void {
    guarded(() => {
      for (let first = true; runtime.hasPendingJob(); first = false) {
        if (stopInside ? !first && wasStopped() : shouldStop()) throw new EngineStopped();
        const result = runtime.executePendingJobs(JOBS_PER_BATCH);
        if (result.error) throw failed(result.error);
        between();
      }
    });
  }

  function evaluate(source: string, file: string): Uncompiled | undefined {
    if (!internals.fits(source.length)) throw new EngineFailed("there is no room for a line");
    const result = context.evalCode(source, file, INTERACTIVE);
    if (!result.error) {
      call("evaluated", result.value);
      return undefined;
    }
    const name = ownText(result.error, "name");
    if (name !== "SyntaxError") throw failed(result.error);
    const place = /:(\d+):(\d+)\s*$/.exec(ownText(result.error, "stack"));
    const message = ownText(result.error, "message");
    result.error.dispose();
    return { message, line: Number(place?.[1] ?? 1), column: Number(place?.[2] ?? 1) };
  }

  return {
    boot,
    drain,
    evaluate: (source, file) => guarded(() => evaluate(source, file)),
    fits: internals.fits,
    exhausted,
    send: (kind, json) =>
      guarded(() => {
        if (!internals.fits(json.length)) throw new EngineFailed("there is no room for an answer");
        call(kind, context.newString(json));
      }),
    reportRejections: () =>
      guarded(() => {
        for (const reason of internals.takeRejections()) call("rejection", reason);
      }),
  };
}
