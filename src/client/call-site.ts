/** Where a script made a call, so that an error that comes seconds later can name the script's own line. */

export interface CallSite {
  /** "deploy.ts:12:7" of the innermost frame that is in a file, or undefined. */
  readonly location: string | undefined;
  /** The frames, innermost first, one a line, as the engine writes them. */
  readonly stack: string;
}

interface Holder {
  stack?: string | undefined;
}
type CaptureStackTrace = (holder: Holder, above: unknown) => void;

/**
 * The stack above the function `above`, which must be the direct caller of this one.
 *
 * V8 formats a stack when it is first read: capturing takes half of the 7 µs of both, so the rest is left for the
 * error that may never come. QuickJS has no captureStackTrace and always formats; there the first two frames (this
 * function and `above`) are dropped.
 */
export function captureCallSite(above: unknown): CallSite {
  const capture = (Error as { captureStackTrace?: CaptureStackTrace }).captureStackTrace;
  if (!capture) return new CapturedSite({ stack: new Error().stack }, 2);
  const holder: Holder = {};
  capture(holder, above);
  return new CapturedSite(holder, 0);
}

/** A class, and not an object with closures: every outstanding execution keeps one, and closures weigh 600 bytes more. */
class CapturedSite implements CallSite {
  readonly #holder: Holder;
  readonly #skip: number;

  constructor(holder: Holder, skip: number) {
    this.#holder = holder;
    this.#skip = skip;
  }

  get stack(): string {
    return this.#frames().join("\n");
  }

  get location(): string | undefined {
    for (const frame of this.#frames()) {
      const found = /\((.+:\d+(?::\d+)?)\)\s*$/.exec(frame) ?? /at (?:async )?(\S+:\d+(?::\d+)?)\s*$/.exec(frame);
      const place = found?.[1];
      if (place !== undefined && !place.startsWith("node:")) return place.replace(/^file:\/\//, "");
    }
    return undefined;
  }

  /** Without the header line, which V8 writes and QuickJS does not. */
  #frames(): string[] {
    const lines = (this.#holder.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
    return lines.slice(this.#skip);
  }
}
