/** The log of the long-lived commands: JSON lines, or one readable line each on a terminal. */
import { Writable } from "node:stream";
import { pino, type Logger } from "pino";
import { WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { formatClock } from "../output/times.ts";
import type { Output } from "../output/output.ts";
import { openLogFile } from "./log-file.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Lines go to stderr: stdout is for what was asked for. */
export function createLog(output: Output, level: LogLevel): Logger {
  const stream = output.interactive ? readableLines(output) : jsonLines(output);
  return pino(optionsOf(level), stream);
}

/** The same as JSON lines at the end of a file, each written before the next thing happens; made with mode 0600. */
export function createFileLog(path: string, level: LogLevel): Logger {
  try {
    return pino(optionsOf(level), openLogFile(path));
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `The log ${path} can't be written: ${whyUnwritable(error)}`,
      hint: "Name a file that this user may write.",
    });
  }
}

function optionsOf(level: LogLevel) {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
}

function jsonLines(output: Output): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      output.writeErr(line);
      done();
    },
  });
}

function readableLines(output: Output): Writable {
  const paint = output.paintErr;
  const levels: Record<string, string> = {
    debug: paint.dim("debug"),
    info: paint.green("info "),
    warn: paint.yellow("warn "),
    error: paint.red("error"),
  };
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.entries(fields).map(
        ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
      );
      const problem = typeof err === "object" && err !== null && "stack" in err ? `\n${String(err.stack)}` : "";
      const clock = formatClock(String(time), output.utc);
      output.writeErr(
        `${paint.dim(clock)} ${levels[String(level)] ?? String(level)} ${String(msg)} ${paint.dim(rest.join(" "))}${problem}\n`,
      );
      done();
    },
  });
}
