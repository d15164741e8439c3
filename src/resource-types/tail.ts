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
  let dropped = false;
  return {
    add(data) {
      const part = data.subarray(-KEPT_BYTES);
      dropped ||= part.length < data.length;
      kept.push(part);
      size += part.length;
      if (size < 2 * KEPT_BYTES) return;
      const joined = Buffer.concat(kept).subarray(-KEPT_BYTES);
      dropped = true;
      kept = [joined];
      size = joined.length;
    },
    lines() {
      const joined = Buffer.concat(kept);
      const text = joined.subarray(-KEPT_BYTES).toString("utf8");
      // The first line of what was cut is the end of one: nothing that reads well, and perhaps a piece of a secret.
      const whole = joined.length > KEPT_BYTES || dropped ? text.slice(text.indexOf("\n") + 1) : text;
      return lastLines(whole, KEPT_LINES);
    },
  };
}

/**
 * The line that says what went wrong: the last one, but of a Node that crashed that is its version, so there it is the
 * error above the stack.
 */
export function tellingLine(lines: readonly string[]): string | undefined {
  const last = lines.at(-1);
  if (last === undefined || !/^Node\.js v\d/.test(last)) return last;
  return lines.findLast((line) => /^(Uncaught )?[\w.]*(Error|Exception)\b/.test(line)) ?? last;
}

export function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .map((line) => (line.length > 300 ? `${line.slice(0, 299)}…` : line));
}
