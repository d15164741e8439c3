/**
 * The output and progress of one execution on their way to the server: cut into numbered chunks, bounded by a quota,
 * with back-pressure, kept until acknowledged.
 */
import { isUtf8 } from "node:buffer";
import type { Progress } from "../domain/entry.ts";
import type { LeaseRef, OutputChunk, ReportItem } from "../protocol/messages.ts";
import { completeLength } from "./utf8.ts";

export type StreamName = "stdout" | "stderr";

export interface OutputLog {
  readonly lease: LeaseRef;
  /** Resolves when more may come. Nothing is kept after `close` or `discard`. */
  write(data: string | Uint8Array, stream: StreamName): Promise<void>;
  progress(progress: Progress): void;
  /** No more comes: everything pending is sealed. @returns the number of the last chunk, 0 = no output. */
  close(): number;
  /** What to report now, or null. The same chunks come again until they are acknowledged. */
  next(maxBytes: number): ReportItem | null;
  /** @returns false when nothing of what was reported is acknowledged. */
  acknowledge(lastChunk: number, reported: ReportItem): boolean;
  /** Forgets everything, lets writers go. */
  discard(): void;
  /** Closed, and everything acknowledged or discarded. */
  settled(): boolean;
}

export interface OutputLogOptions {
  lease: LeaseRef;
  /** Bytes kept; the rest is counted and dropped. */
  quota: number;
  /** Something is there to report. */
  onReady: () => void;
  /** ms that small writes are collected. Default 50. */
  delay?: number;
  /** Bytes of one chunk. Default 64 KiB. */
  chunkSize?: number;
  /** Unacknowledged bytes above which writers wait. Default 4 MiB. */
  window?: number;
}

/** Chunks of one report item, as the protocol bounds them. */
const MAX_CHUNKS = 1_000;
const STREAMS: readonly StreamName[] = ["stdout", "stderr"];

interface SealedChunk {
  chunk: OutputChunk;
  bytes: number;
}

export function createOutputLog(options: OutputLogOptions): OutputLog {
  const { lease, quota, onReady, delay = 50, chunkSize = 64 * 1024, window = 4 * 1024 * 1024 } = options;
  const sealed: SealedChunk[] = [];
  const pending: Record<StreamName, Uint8Array[]> = { stdout: [], stderr: [] };
  const pendingBytes: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  let lastStream: StreamName = "stdout";
  let number = 0;
  let kept = 0;
  let dropped = 0;
  let droppedFrom: StreamName = "stdout";
  let unacknowledged = 0;
  let newestProgress: Progress | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let waiting: Array<() => void> = [];

  function seal(stream: StreamName, last: boolean): void {
    if (pendingBytes[stream] === 0) return;
    const bytes = Buffer.concat(pending[stream]);
    let at = 0;
    while (at < bytes.length) {
      const piece = bytes.subarray(at, at + chunkSize);
      const isLast = at + piece.length === bytes.length;
      const complete = completeLength(piece);
      // The missing bytes of a character come with the next write; only at the very end they never will.
      if (isLast && !last && complete < piece.length && isUtf8(piece.subarray(0, complete))) {
        if (complete > 0) push(stream, piece.subarray(0, complete));
        at += complete;
        break;
      }
      const cut = isLast || complete === 0 ? piece : piece.subarray(0, complete);
      push(stream, cut);
      at += cut.length;
    }
    const rest = bytes.subarray(at);
    pending[stream] = rest.length > 0 ? [rest] : [];
    pendingBytes[stream] = rest.length;
  }

  function push(stream: StreamName, bytes: Buffer): void {
    const content = isUtf8(bytes) ? { text: bytes.toString("utf8") } : { base64: bytes.toString("base64") };
    sealed.push({ chunk: { number: ++number, stream, ...content }, bytes: bytes.length });
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const stream of STREAMS) seal(stream, false);
    if (sealed.length > 0 || newestProgress) onReady();
  }

  function arm(): void {
    timer ??= setTimeout(flush, delay);
  }

  /** Once something is dropped, all that follows is: a log with holes would read as if it were whole. */
  function withinQuota(bytes: Buffer): Buffer {
    if (dropped > 0) return bytes.subarray(0, 0);
    const part = bytes.subarray(0, quota - kept);
    return part.length < bytes.length ? part.subarray(0, completeLength(part)) : part;
  }

  function letWritersGo(): void {
    if (unacknowledged > window) return;
    const go = waiting;
    waiting = [];
    for (const resume of go) resume();
  }

  return {
    lease,
    async write(data, stream) {
      if (closed) return;
      // A copy: what the caller does with its buffer afterwards is its own affair.
      const bytes = Buffer.from(data as string);
      const part = withinQuota(bytes);
      if (part.length < bytes.length) {
        if (dropped === 0) droppedFrom = stream;
        dropped += bytes.length - part.length;
      }
      if (part.length === 0) return;
      kept += part.length;
      unacknowledged += part.length;
      // Chunks are in the order of the writes, across both streams.
      if (stream !== lastStream) seal(lastStream, false);
      lastStream = stream;
      pending[stream].push(part);
      pendingBytes[stream] += part.length;
      if (pendingBytes[stream] >= chunkSize) flush();
      else arm();
      if (unacknowledged > window) await new Promise<void>((resume) => waiting.push(resume));
    },
    progress(progress) {
      if (closed) return;
      newestProgress = progress;
      arm();
    },
    close() {
      if (closed) return number;
      closed = true;
      clearTimeout(timer);
      seal(lastStream, true);
      for (const stream of STREAMS) seal(stream, true);
      if (dropped > 0) sealed.push({ chunk: { number: ++number, stream: droppedFrom, dropped }, bytes: 0 });
      if (sealed.length > 0 || newestProgress) onReady();
      return number;
    },
    next(maxBytes) {
      const item: ReportItem = { ...lease };
      const chunks: OutputChunk[] = [];
      let size = 0;
      for (const { chunk, bytes } of sealed) {
        if (chunks.length > 0 && (size + bytes > maxBytes || chunks.length === MAX_CHUNKS)) break;
        chunks.push(chunk);
        size += bytes;
      }
      if (chunks.length > 0) item.chunks = chunks;
      if (newestProgress) item.progress = newestProgress;
      return chunks.length > 0 || newestProgress ? item : null;
    },
    acknowledge(lastChunk, reported) {
      let moved = false;
      while (sealed.length > 0 && sealed[0]!.chunk.number <= lastChunk) {
        unacknowledged -= sealed.shift()!.bytes;
        moved = true;
      }
      // A newer progress may have come while this one was on its way.
      if (reported.progress && reported.progress === newestProgress) {
        newestProgress = null;
        moved = true;
      }
      letWritersGo();
      return moved;
    },
    discard() {
      closed = true;
      clearTimeout(timer);
      sealed.length = 0;
      unacknowledged = 0;
      newestProgress = null;
      letWritersGo();
    },
    settled: () => closed && sealed.length === 0 && newestProgress === null,
  };
}
