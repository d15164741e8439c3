/** The last lines of an output, for error messages: what it says shortly before its end is what went wrong. */

export interface Tail {
  add(data: Uint8Array): void;
  /** Not empty ones, oldest first, each cut at 300 characters. */
  lines(): string[];
}

const KEPT_BYTES = 8_192;
const KEPT_LINES = 20;

export function createTail(): Tail {
  let kept: Uint8Array[] = [];
  let size = 0;
  return {
    add(data) {
      const part = data.subarray(-KEPT_BYTES);
      kept.push(part);
      size += part.length;
      if (size < 2 * KEPT_BYTES) return;
      const joined = Buffer.concat(kept).subarray(-KEPT_BYTES);
      kept = [joined];
      size = joined.length;
    },
    lines: () => lastLines(Buffer.concat(kept).subarray(-KEPT_BYTES).toString("utf8"), KEPT_LINES),
  };
}

export function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .map((line) => (line.length > 300 ? `${line.slice(0, 299)}…` : line));
}
