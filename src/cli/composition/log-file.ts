/**
 * The file of a log. Each line is written before the next thing happens. A disk that is full costs lines, never the
 * process: what it does matters more than what it says about it. How many were lost is the first line afterwards.
 */
import { mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export interface LogFile {
  /** @param line with its line break. */
  write(line: string): void;
}

/**
 * Opens it for appending; its directory is made, it itself with mode 0600.
 * @param write writes a part of the bytes from a position on, and says how many.
 * @throws what the file system says.
 */
export function openLogFile(
  path: string,
  write: (file: number, bytes: Buffer, from: number) => number = writeSync,
): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "a", 0o600);
  let lost = 0;
  let torn = false;

  /** @returns whether all of it was written. */
  function append(text: string): boolean {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (written < bytes.length) written += write(file, bytes, written);
      torn = false;
      return true;
    } catch {
      // Nobody can be told where there is no room to tell; the next line that fits says how many are missing.
      torn ||= written > 0;
      return false;
    }
  }

  return {
    write(line) {
      if (lost > 0 && append(`${torn ? "\n" : ""}${lostLine(lost)}`)) lost = 0;
      if (lost > 0 || !append(line)) lost += 1;
    },
  };
}

function lostLine(lines: number): string {
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), lines, msg: "lines of this log were lost, for they could not be written" })}\n`;
}
