/** Where a script made a call, so that an error that comes seconds later can name the script's own line. */

export interface CallSite {
  /** "deploy.ts:12:7" of the innermost frame that is in a file, or undefined. */
  readonly location: string | undefined;
  /** The frames, innermost first, one a line, as the engine writes them. */
  readonly stack: string;
}

interface Holder {
  stack?: string;
}
type CaptureStackTrace = (holder: Holder, above: unknown) => void;

/**
 * The stack above the function `above`, which must be the direct caller of this one.
 *
 * V8 formats a stack when it is first read: capturing alone is 1.5 µs, formatting 15 µs more, so it is left for the
 * error that may never come. QuickJS has no captureStackTrace and always formats; there the first two frames (this
 * function and `above`) are dropped.
 */
export function captureCallSite(above: unknown): CallSite {
  const capture = (Error as { captureStackTrace?: CaptureStackTrace }).captureStackTrace;
  if (capture) {
    const holder: Holder = {};
    capture(holder, above);
    return siteOf(() => frames(holder.stack));
  }
  const text = new Error().stack;
  return siteOf(() => frames(text).slice(2));
}

function siteOf(read: () => string[]): CallSite {
  return {
    get stack() {
      return read().join("\n");
    },
    get location() {
      for (const frame of read()) {
        const found = /\((.+:\d+(?::\d+)?)\)\s*$/.exec(frame) ?? /at (?:async )?(\S+:\d+(?::\d+)?)\s*$/.exec(frame);
        const place = found?.[1];
        if (place !== undefined && !place.startsWith("node:")) return place.replace(/^file:\/\//, "");
      }
      return undefined;
    },
  };
}

/** Without the header line, which V8 writes and QuickJS does not. */
function frames(stack: string | undefined): string[] {
  return (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
}
