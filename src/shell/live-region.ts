/** Some lines at the bottom of a terminal that are redrawn while a line of the shell waits, below what it prints. */
import type { Writable } from "node:stream";

export interface LiveRegion {
  /** Shows what `lines()` says now, and again every 150 ms until `stop`. */
  show(lines: () => readonly string[]): void;
  /** Writes text above the lines. */
  write(text: string): void;
  /** Takes the lines away for good; a line that was begun is ended. */
  stop(): void;
}

const REDRAW = 150;
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

export function createLiveRegion(output: Writable): LiveRegion {
  let timer: NodeJS.Timeout | undefined;
  let source: (() => readonly string[]) | undefined;
  let drawn = 0;
  /** What was written last did not end its line: drawing would go on in it. */
  let midLine = false;

  function clear(): void {
    if (drawn === 0) return;
    output.write(`\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ""}\u001b[J${SHOW_CURSOR}`);
    drawn = 0;
  }

  function draw(): void {
    if (!source || midLine) return;
    const lines = source();
    clear();
    if (lines.length === 0) return;
    output.write(HIDE_CURSOR + lines.join("\n"));
    drawn = lines.length;
  }

  return {
    show(lines) {
      source = lines;
      timer ??= setInterval(draw, REDRAW).unref();
    },
    write(text) {
      if (text === "") return;
      clear();
      output.write(text);
      midLine = !text.endsWith("\n");
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      source = undefined;
      clear();
      if (midLine) output.write("\n");
      midLine = false;
    },
  };
}
