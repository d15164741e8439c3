/** One line at the bottom of a terminal that is redrawn while a command waits. */
import type { Writable } from "node:stream";

export interface LiveLine {
  /** Shows what `text()` says now, again every 100 ms until `stop`. Without a terminal it does nothing. */
  show(text: () => string): void;
  /** Takes the line away; it comes back with the next redraw. */
  clear(): void;
  /** Told of what others write: while their line is not at its end, drawing would wipe its beginning out. */
  wrote(text: string | Uint8Array): void;
  /** Takes the line away for good. */
  stop(): void;
}

export interface LiveLineOptions {
  stream: Writable;
  enabled: boolean;
  columns: () => number;
}

const LINE_FEED = 10;
const REDRAW_MS = 100;
const CLEAR_LINE = "\r\u001b[2K";

export function createLiveLine({ stream, enabled, columns }: LiveLineOptions): LiveLine {
  let timer: NodeJS.Timeout | undefined;
  let source: (() => string) | undefined;
  let shown = false;
  let midLine = false;
  const clear = () => {
    if (!shown) return;
    stream.write(CLEAR_LINE);
    shown = false;
  };
  const draw = () => {
    if (!source || midLine) return;
    // One character short of the width: a full line would wrap, and a wrapped line can't be cleared.
    const text = [...source().replaceAll("\n", " ")].slice(0, Math.max(10, columns() - 1)).join("");
    stream.write(`${CLEAR_LINE}${text}`);
    shown = true;
  };
  return {
    show(text) {
      if (!enabled) return;
      source = text;
      // Never holds the process open: the command's own work does that.
      timer ??= setInterval(draw, REDRAW_MS).unref();
    },
    clear,
    wrote(text) {
      if (text.length > 0) midLine = text.at(-1) !== (typeof text === "string" ? "\n" : LINE_FEED);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      source = undefined;
      clear();
    },
  };
}
