/**
 * The terminal's keys on their way to node:repl, a line at a time and only while nothing is evaluated: node:repl itself
 * would hand on the second line of a paste while the first still runs. Ctrl-C gets through always.
 */
import { EventEmitter } from "node:events";

const CTRL_C = 3;
export const TAB = 9;
const LINE_FEED = 10;
export const CTRL_R = 18;
const RETURN = 13;

export interface GatedInput {
  /** For node:repl. */
  stream: NodeJS.ReadStream;
  /** From here on keys are kept. */
  hold(): void;
  /** Kept keys go on their way. */
  release(): void;
}

export interface GatedInputOptions {
  source: NodeJS.ReadStream;
  /** Ctrl-C while keys are held; what was typed ahead is dropped. */
  onInterrupt: () => void;
  /** Sees the keys before node:repl does; how many bytes at the beginning it took. Asked again at each CTRL_R. */
  first: (bytes: Buffer) => number;
}

export function createGatedInput({ source, onInterrupt, first }: GatedInputOptions): GatedInput {
  // Not a stream: a line must be taken, and be held or not, before the next byte is looked at.
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    resume: () => source.resume(),
    pause: () => source.pause(),
    setRawMode: (mode: boolean) => source.setRawMode?.(mode),
  });
  let kept: Buffer[] = [];
  let held = false;
  let giving = false;

  function give(): void {
    if (giving) return;
    giving = true;
    try {
      while (!held && kept.length > 0) {
        const bytes = kept.shift()!;
        const taken = first(bytes);
        const end = taken > 0 ? taken : pieceEnd(bytes);
        if (end < bytes.length) kept.unshift(bytes.subarray(end));
        if (taken === 0) stream.emit("data", bytes.subarray(0, end));
      }
    } finally {
      giving = false;
    }
    if (!held || !kept.some((bytes) => bytes.includes(CTRL_C))) return;
    kept = [];
    onInterrupt();
  }

  source.on("data", (chunk: Buffer | string) => {
    kept.push(Buffer.from(chunk as Buffer));
    give();
  });
  source.on("end", () => stream.emit("end"));

  return {
    stream: stream as unknown as NodeJS.ReadStream,
    hold() {
      held = true;
    },
    release() {
      held = false;
      // After the prompt is drawn, and not inside the call that ends the line before.
      setImmediate(give);
    },
  };
}

/**
 * Behind the first line break, a pair counting as one, or before the first Ctrl-R. Tabs at the end were pressed, which
 * node:repl believes of the last byte only: each goes alone.
 */
function pieceEnd(bytes: Buffer): number {
  const at = bytes.findIndex((byte, index) => byte === RETURN || byte === LINE_FEED || (byte === CTRL_R && index > 0));
  if (at < 0) {
    const text = bytes.findLastIndex((byte) => byte !== TAB) + 1;
    return text > 0 ? text : 1;
  }
  if (bytes[at] === CTRL_R) return at;
  return bytes[at] === RETURN && bytes[at + 1] === LINE_FEED ? at + 2 : at + 1;
}
