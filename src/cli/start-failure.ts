/** Why the server that `wilco up` started is not there, from how it ended and what it wrote. */
import { readFileSync } from "node:fs";
import { WilcoError, type ErrorCode } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";

export interface ServerEnd {
  /** "exit code 2" */
  how: string;
  /** null = by a signal, or it did not even start. */
  exit: number | null;
}

export interface StartLog {
  file: string;
  /** Bytes that were there before this start. */
  from: number;
}

const LINES_SHOWN = 5;

/** The server's own error where it gave one; the exit code is that of the server. */
export function serverEnded({ how, exit }: ServerEnd, log: StartLog): WilcoError {
  const lines = linesOf(log);
  const code = codeOfExit(exit);
  const at = lines.findLastIndex((line) => line.startsWith("error: "));
  if (at < 0) return withTail(code, `The local server ended with ${how}`, lines, log);
  const after = lines.slice(at + 1);
  const hintEnd = after.findIndex((line) => !line.startsWith("  "));
  const hint = after.slice(0, hintEnd < 0 ? undefined : hintEnd).map((line) => line.trim());
  return new WilcoError({
    code,
    message: `The local server did not start: ${lines[at]!.slice("error: ".length).replace(/:$/, "")}`,
    hint: hint.length > 0 ? hint.join("\n  ") : `Look at its log: ${log.file}`,
  });
}

export function notReady(log: StartLog): WilcoError {
  return withTail("unavailable", "The local server was not ready within a minute", linesOf(log), log);
}

/** A code that ends this command as the server ended. */
function codeOfExit(exit: number | null): ErrorCode {
  if (exit === EXIT.wrongUse) return "invalid_request";
  return exit === EXIT.internal ? "internal" : "unavailable";
}

function withTail(code: ErrorCode, message: string, lines: readonly string[], log: StartLog): WilcoError {
  const tail = lines.slice(-LINES_SHOWN).join("\n  ");
  return new WilcoError({
    code,
    message: tail === "" ? message : `${message}. The end of its log:\n  ${tail}\n`,
    hint: `Look at its log: ${log.file}`,
  });
}

/** Of this start only: the log goes on from earlier ones, and their errors are not the reason for this one. */
function linesOf({ file, from }: StartLog): string[] {
  try {
    const text = readFileSync(file).subarray(from).toString("utf8").trimEnd();
    return text === "" ? [] : text.split("\n");
  } catch {
    return []; // no log, nothing to show of it
  }
}
