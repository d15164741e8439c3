/**
 * Tells which promises of the VM were rejected with nobody listening. QuickJS has a hook for it
 * (JS_SetHostPromiseRejectionTracker), but the binding does not export it, and nothing inside the VM can see that
 * `work()` without `await` failed: the script would end as if all had gone well.
 *
 * So the hook is set by hand. Two things make that safe enough: the wasm file only gains an export (its function table;
 * not one instruction changes), and the place of the hook in JSRuntime is found by looking, not assumed: switching the
 * interrupt handler on shows its field, the hook is two words further, before an empty job list that points to itself.
 * If any of this does not hold, `install` throws; a version that lays things out differently can't be half tracked.
 */

const TABLE_EXPORT = "table";
const SECTION_EXPORTS = 7;
const KIND_TABLE = 1;

/**
 * `(module (type (func (param i32 i64 i64 i32 i32))) (import "e" "f" (func (type 0))) (export "f" (func 0)))`: gives a
 * JavaScript function the wasm type that the hook is called with. A JSValue is 64 bits here.
 */
const TYPED_FUNCTION = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 9, 1, 0x60, 5, 0x7f, 0x7e, 0x7e, 0x7f, 0x7f, 0, 2, 7, 1, 1, 101, 1, 102, 0, 0, 7, 5,
  1, 1, 102, 0, 0,
]);

/** Words of JSRuntime that are looked at; the fields wanted are among the first 60. */
const RUNTIME_WORDS = 128;

/** @param handled false: rejected with no listener yet; true: an earlier one got a listener after all. */
export type RejectionListener = (promise: bigint, reason: bigint, handled: boolean) => void;

/** A copy of the wasm file that also exports its function table. */
export function withExportedTable(wasm: Uint8Array): Uint8Array {
  let at = 8;
  while (at < wasm.length) {
    const id = wasm[at]!;
    const size = readLeb(wasm, at + 1);
    const body = size.next;
    if (id === SECTION_EXPORTS) {
      const count = readLeb(wasm, body);
      const name = new TextEncoder().encode(TABLE_EXPORT);
      const entry = [name.length, ...name, KIND_TABLE, 0];
      const head = leb(count.value + 1);
      const bodySize = head.length + (body + size.value - count.next) + entry.length;
      return concat([
        wasm.subarray(0, at),
        Uint8Array.from([id, ...leb(bodySize), ...head]),
        wasm.subarray(count.next, body + size.value),
        Uint8Array.from(entry),
        wasm.subarray(body + size.value),
      ]);
    }
    at = body + size.value;
  }
  throw new Error("The engine's wasm file has no exports.");
}

export interface RejectionTracking {
  exports: WebAssembly.Exports;
  memory: WebAssembly.Memory;
  /** Address of the JSRuntime. */
  runtime: number;
  /** Switches the runtime's interrupt handler on (it must be off before). */
  enableInterrupts: () => void;
  listener: RejectionListener;
}

/** @throws Error when the runtime does not look as described above. */
export function installRejectionTracker({
  exports,
  memory,
  runtime,
  enableInterrupts,
  listener,
}: RejectionTracking): void {
  const words = new Uint32Array(memory.buffer, runtime, RUNTIME_WORDS);
  const before = words.slice();
  enableInterrupts();
  const changed = [...words.keys()].filter((index) => words[index] !== before[index]);
  const handler = changed[0];
  if (changed.length !== 1 || handler === undefined) throw new Error("The engine's interrupt field was not found.");
  const hook = handler + 2;
  const jobs = runtime + (hook + 2) * 4;
  if (words[hook] !== 0 || words[hook + 1] !== 0 || words[hook + 2] !== jobs || words[hook + 3] !== jobs) {
    throw new Error("The engine's rejection hook is not where it was.");
  }
  const table = exports[TABLE_EXPORT] as WebAssembly.Table;
  const call = (_context: number, promise: bigint, reason: bigint, handled: number): void => {
    listener(promise, reason, handled !== 0);
  };
  const typed = new WebAssembly.Instance(new WebAssembly.Module(TYPED_FUNCTION), { e: { f: call } });
  const index = table.grow(1);
  table.set(index, typed.exports["f"]);
  words[hook] = index;
}

function readLeb(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  let shift = 0;
  let at = start;
  for (;;) {
    const byte = bytes[at++]!;
    value |= (byte & 127) << shift;
    if (byte < 128) return { value: value >>> 0, next: at };
    shift += 7;
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 127;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 128);
  } while (rest !== 0);
  return bytes;
}

function concat(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
