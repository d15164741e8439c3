/** `.record`: what was typed in this session and succeeded, as a script that `wilco run` runs. */
import { existsSync, writeFileSync } from "node:fs";
import { WilcoError } from "../core/errors.ts";
import { whyUnwritable } from "../core/file-errors.ts";
import { recordedScript, type RecordedLine } from "./recorded-script.ts";

export interface Recorder {
  /** A line that succeeded. @returns what kept it from being written, once. */
  add(line: RecordedLine): WilcoError | undefined;
  /** Writes what was typed so far, and each line from here on. @throws WilcoError `invalid_request`. */
  start(file: string): void;
  /** @returns the file, or undefined when nothing was recorded. */
  stop(): string | undefined;
  readonly file: string | undefined;
}

export function createRecorder(): Recorder {
  const lines: RecordedLine[] = [];
  let file: string | undefined;

  function write(to: string): void {
    writeFileSync(to, recordedScript(lines));
  }

  return {
    get file() {
      return file;
    },
    add(line) {
      lines.push(line);
      if (file === undefined) return undefined;
      try {
        write(file);
        return undefined;
      } catch (error) {
        const stopped = file;
        file = undefined;
        return new WilcoError({
          code: "invalid_request",
          message: `${stopped} can't be written any more: ${whyUnwritable(error)}`,
          hint: "Recording has stopped; name another file with .record FILE.",
        });
      }
    },
    start(to) {
      if (!/\.m?[jt]s$/.test(to)) {
        throw new WilcoError({
          code: "invalid_request",
          message: `${to} is no name for a script`,
          hint: "It must end in .ts or .js: .record deploy.ts",
        });
      }
      if (to !== file && existsSync(to)) {
        throw new WilcoError({
          code: "invalid_request",
          message: `${to} is there already`,
          hint: "Name a file that is not: nothing is overwritten.",
        });
      }
      try {
        write(to);
      } catch (error) {
        throw new WilcoError({
          code: "invalid_request",
          message: `${to} can't be written: ${whyUnwritable(error)}`,
          hint: "Name a file in a directory that you may write to.",
        });
      }
      file = to;
    },
    stop() {
      const stopped = file;
      file = undefined;
      return stopped;
    },
  };
}
