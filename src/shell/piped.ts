/** The shell without a terminal: reads lines, prints plain results, and ends at the first error. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { ScriptError } from "../sandbox/guest/wire.ts";
import { commandIn, unknownCommand, type Command } from "./commands.ts";
import type { LineRunner, RunLine } from "./line-runner.ts";

export type PipedEnd =
  | { kind: "exit"; exitCode: number }
  | { kind: "failed"; error: ScriptError }
  | { kind: "interrupted" }
  /** The input ended in the middle of something. */
  | { kind: "unfinished"; source: string };

export interface PipedOptions {
  input: Readable;
  runner: LineRunner;
  commands: readonly Command[];
}

/** @throws WilcoError of a command that was wrong. */
export async function runPiped({ input, runner, commands }: PipedOptions): Promise<PipedEnd> {
  let source = "";
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const result = source === "" ? await begin(line) : await runner.run((source += `\n${line}`));
    if (result === undefined || result.kind === "done") source = "";
    else if (result.kind !== "unfinished") return result;
    else if (source === "") source = line;
  }
  return source === "" ? { kind: "exit", exitCode: 0 } : { kind: "unfinished", source };

  async function begin(line: string): Promise<RunLine | void> {
    if (line.trim() === "") return undefined;
    const typed = commandIn(line);
    if (!typed) return runner.run(line);
    const command = commands.find(({ name }) => name === typed.name);
    if (command) return command.run(typed.rest);
    throw unknownCommand(
      typed.name,
      commands.map(({ name }) => name),
    );
  }
}
