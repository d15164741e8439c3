/**
 * Ctrl-R: searches what was typed before while one types. Node's own search shows and runs an entry of many lines with its
 * lines in reverse order.
 */
import { cut } from "./inspector/text.ts";

export interface HistorySearchOptions {
  /** The newest first. */
  entries: () => readonly string[];
  columns: () => number;
  write: (text: string) => void;
  /** It is over: an entry to put where one types, by its index, and whether to run it; or none. */
  done: (found: { index: number; run: boolean } | undefined) => void;
}

export interface HistorySearch {
  begin(): void;
  /** Keys, while it is going on. @returns how many bytes it took: those behind the key that ended it are not its own. */
  take(bytes: Buffer): number;
}

const CLEAR = "\r\u001b[J";
const OLDER = "\u0012";
const NEWER = "\u0013";
const ESCAPE = "\u001b";
const ENTER = ["\r", "\n"];
const LEAVE = ["\u0003", "\u0007"];
const BACKSPACE = ["\u007f", "\b"];

export function createHistorySearch({ entries, columns, write, done }: HistorySearchOptions): HistorySearch {
  let active = false;
  let query = "";
  /** Of the entry shown; -1 = none. */
  let index = -1;
  let failed = false;

  function find(from: number, step: 1 | -1): void {
    const all = entries();
    const shown = all[index];
    for (let at = from; at >= 0 && at < all.length; at += step) {
      if (!all[at]!.includes(query) || (at !== index && all[at] === shown)) continue;
      index = at;
      failed = false;
      return;
    }
    failed = query !== "";
  }

  function draw(): void {
    const head = `(${failed ? "nothing like" : "search"}) ${query}`;
    const entry = query === "" ? undefined : entries()[index];
    const text = entry === undefined ? head : `${head}: ${entry.replaceAll("\n", " ⏎ ")}`;
    write(CLEAR + cut(text, columns() - 1));
  }

  function end(run: boolean | undefined): void {
    active = false;
    write(CLEAR);
    const found = run !== undefined && index >= 0 && query !== "";
    done(found ? { index, run } : undefined);
  }

  /** @returns true when what follows belongs to the key: an arrow is several bytes. */
  function press(key: string): boolean {
    if (ENTER.includes(key)) end(true);
    else if (LEAVE.includes(key)) end(undefined);
    else if (key === OLDER) find(index + 1, 1);
    else if (key === NEWER) find(index - 1, -1);
    else if (BACKSPACE.includes(key)) {
      query = [...query].slice(0, -1).join("");
      find(0, 1);
    } else if (/^[\u0000-\u001f]/.test(key)) {
      // Any other control key or arrow: on with editing what was found.
      end(false);
      return key === ESCAPE;
    } else {
      query += key;
      find(Math.max(0, index), 1);
    }
    return false;
  }

  return {
    begin() {
      active = true;
      query = "";
      index = -1;
      failed = false;
      draw();
    },
    take(bytes) {
      const text = bytes.toString("utf8");
      let taken = 0;
      for (const key of text) {
        if (!active) break;
        taken += Buffer.byteLength(key);
        if (press(key)) taken = bytes.length;
      }
      if (active) draw();
      return taken;
    },
  };
}
