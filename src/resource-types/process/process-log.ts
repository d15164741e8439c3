/** The log of a managed process: a file it writes by itself, so that it never depends on a worker reading a pipe. */
import { renameSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A log larger than this is set aside when the process is started next; one older generation is kept. */
const ROTATE_ABOVE = 10 * 1024 * 1024;
const BLOCK = 64 * 1024;
/** The most that a tail reads back, however long its lines are. */
const TAIL_LIMIT = 2 * 1024 * 1024;
const FOLLOW_DELAY = 100;

/** @returns the size of the log, where the next start's lines begin. */
export function rotateLog(file: string): number {
  const size = logSize(file);
  if (size <= ROTATE_ABOVE) return size;
  renameSync(file, `${file}.1`);
  return 0;
}

export function logSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

export interface LogTail {
  lines: string[];
  /** Where the tail ends. */
  end: number;
}

/** The last `count` lines, from `from` on. An unfinished last line counts. */
export async function tailLog(file: string, count: number, from = 0): Promise<LogTail> {
  const end = logSize(file);
  const log = await openLog(file);
  if (log === null) return { lines: [], end: 0 };
  try {
    const parts: Buffer[] = [];
    let newlines = 0;
    let at = end;
    while (at > from && newlines <= count && end - at < TAIL_LIMIT) {
      const size = Math.min(BLOCK, at - from);
      const { buffer, bytesRead } = await log.read(Buffer.alloc(size), 0, size, at - size);
      const part = buffer.subarray(0, bytesRead);
      for (const byte of part) if (byte === 10) newlines++;
      parts.unshift(part);
      at -= size;
    }
    const lines = Buffer.concat(parts).toString("utf8").split("\n");
    if (lines.at(-1) === "") lines.pop();
    return { lines: count === 0 ? [] : lines.slice(-count), end };
  } finally {
    await log.close();
  }
}

/**
 * Hands on what is written from `from` on, until the process has ended and all is read.
 * Polls: file watchers are silent on network file systems and in some containers.
 */
export async function followLog(
  file: string,
  from: number,
  options: { running: () => boolean; output: (data: Uint8Array) => Promise<void>; signal: AbortSignal },
): Promise<void> {
  let at = from;
  for (;;) {
    // In this order: what it wrote before its end is then read after its end was seen.
    const running = options.running();
    const size = logSize(file);
    if (size < at) at = 0;
    at = await copy(file, at, size, options.output);
    if (!running && at >= logSize(file)) return;
    await sleep(FOLLOW_DELAY, undefined, { signal: options.signal });
  }
}

async function copy(
  file: string,
  from: number,
  to: number,
  output: (data: Uint8Array) => Promise<void>,
): Promise<number> {
  const log = from < to ? await openLog(file) : null;
  if (log === null) return from;
  try {
    let at = from;
    while (at < to) {
      const size = Math.min(BLOCK, to - at);
      const { buffer, bytesRead } = await log.read(Buffer.alloc(size), 0, size, at);
      if (bytesRead === 0) break;
      await output(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return at;
  } finally {
    await log.close();
  }
}

async function openLog(file: string) {
  return open(file, "r").catch((error: NodeJS.ErrnoException) => {
    // It was never started.
    if (error.code === "ENOENT") return null;
    throw error;
  });
}
