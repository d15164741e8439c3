/** What an execution under test wrote, said and logged. */
import type { Log } from "../resource-types/log.ts";
import type { Ended } from "../worker/executor.ts";
import type { LogLine, ProgressLine, TestCall, TestOutcome } from "./test-call.ts";

export function createRecord({ onOutput, onProgress }: TestCall) {
  const written: Array<{ text: string; stream: "stdout" | "stderr" }> = [];
  const progress: ProgressLine[] = [];
  const lines: LogLine[] = [];
  const textOf = (stream?: "stdout" | "stderr") =>
    written.flatMap((one) => (stream === undefined || one.stream === stream ? [one.text] : [])).join("");
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  return {
    async write(data: string | Uint8Array, stream: "stdout" | "stderr") {
      const text = typeof data === "string" ? data : decoders[stream].decode(data, { stream: true });
      written.push({ text, stream });
      await onOutput?.(text, stream);
    },
    progress(line: ProgressLine) {
      progress.push(line);
      onProgress?.(line);
    },
    log: logInto(lines, {}),
    outcome(ended: Ended): TestOutcome {
      return {
        status: ended?.status ?? "lost",
        result: ended?.status === "succeeded" ? ended.result : null,
        error: ended && "error" in ended ? ended.error : null,
        output: textOf(),
        stdout: textOf("stdout"),
        stderr: textOf("stderr"),
        progress,
        log: lines,
      };
    },
  };
}

function logInto(lines: LogLine[], bound: object): Log {
  const at = (level: LogLine["level"]) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logInto(lines, { ...bound, ...fields }),
  };
}
