/**
 * What was typed, kept between sessions: a JSON text a line, so that an entry of many lines stays one. (Node's own
 * history has one line for each line of a function.)
 */
import { appendFileSync, chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeDirectory } from "../core/make-directory.ts";

export interface HistoryFile {
  /** The newest first. */
  readonly entries: readonly string[];
  /** Not kept: what is empty, repeats the one before, or begins with a space. */
  add(entry: string): void;
}

/** Entries that are kept. */
export const HISTORY_SIZE = 1_000;
/** Longer entries (a pasted file) are for `.load`. */
const MAX_ENTRY = 20_000;

/** @param file undefined = nothing is kept beyond the session. */
export function openHistory(file: string | undefined): HistoryFile {
  const lines = file === undefined ? [] : readLines(file);
  let entries = lines.map(entryOf).filter((entry) => entry !== undefined);
  // Two sessions append to one file; it is cut when one begins, by an exchange that leaves no half of it.
  if (file !== undefined && lines.length > 2 * HISTORY_SIZE) replace(file, entries.slice(-HISTORY_SIZE));
  entries = entries.slice(-HISTORY_SIZE).toReversed();
  let writable = file;

  return {
    get entries() {
      return entries;
    },
    add(typed) {
      const entry = typed.trimEnd();
      if (entry === "" || entry.startsWith(" ") || entry === entries[0] || entry.length > MAX_ENTRY) return;
      entries = [entry, ...entries].slice(0, HISTORY_SIZE);
      if (writable === undefined) return;
      try {
        makeDirectory(dirname(writable), 0o700);
        appendFileSync(writable, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
      } catch {
        writable = undefined; // A full or read-only disk costs the history, not the session.
      }
    },
  };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return []; // The first session, or a file of somebody else's.
  }
}

function entryOf(line: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "string" ? entry : undefined;
  } catch {
    return undefined; // Cut off by a crash.
  }
}

function replace(file: string, entries: readonly string[]): void {
  const part = `${file}.${process.pid}`;
  try {
    writeFileSync(part, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { mode: 0o600 });
    chmodSync(part, 0o600);
    renameSync(part, file);
  } catch {
    // It stays long; the next session tries again.
  }
}
