/** The engine's WebAssembly, compiled for scripts that are mostly short. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 compiles a function of wasm anew, optimised, when so much of it has run. The engine's loops are huge functions, and
 * reading wilco's own modules is enough to make V8 start on them, on threads beside it: a fifth of all that a run of one
 * line costs. By this measure a script gets there after some ms of computing.
 */
const BUDGET = 200_000_000;
/** V8's own, since its version 13. */
const DEFAULT_BUDGET = 13_000_000;
const V8_MAJOR = Number.parseInt(process.versions.v8, 10);

/** Compiling is lazy and takes 3 ms: not worth a cache, nor handing a compiled module from thread to thread. */
export function compileEngine(code: Uint8Array): WebAssembly.Module {
  if (V8_MAJOR < 13) return new WebAssembly.Module(code);
  // A module keeps the budget that it was made with. The flag itself is set back at once: code that was cached under
  // other flags is not taken.
  setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
  try {
    return new WebAssembly.Module(code);
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${DEFAULT_BUDGET}`);
  }
}
