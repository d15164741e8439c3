/** Runs one command line: parses it, runs the command, shows what went wrong, exits with the code of the contract. */
import { CommanderError, type Command } from "commander";
import { whyUnwritable } from "../core/file-errors.ts";
import { createContext, type Context, type GlobalFlags } from "./context.ts";
import type { Runner } from "./declare/declare.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import { sentence, showError } from "./output/error-text.ts";
import { buildProgram } from "./program.ts";

export async function main(proc: NodeJS.Process): Promise<never> {
  let context: Context | undefined;
  watchStreams(proc);
  let exit: number = EXIT.succeeded;
  let program: Command | undefined;
  try {
    const runner: Runner = {
      async run(flags, command) {
        context = await createContext(flags, proc);
        exit = await command(context);
      },
    };
    program = buildProgram(runner, proc.argv.slice(2));
    await program.parseAsync(proc.argv);
  } catch (error) {
    exit = await report(error, { program, context, proc });
  }
  await context?.output.flush();
  return proc.exit(exit);
}

/** What becomes of a command whose output nobody takes. What was asked of the server goes on in any case. */
function watchStreams(proc: NodeJS.Process): void {
  const endQuietly = (error: NodeJS.ErrnoException) => {
    // The reader has enough (`| head`): no complaint.
    if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") proc.exit(EXIT.brokenPipe);
  };
  proc.stdout.on("error", (error: NodeJS.ErrnoException) => {
    endQuietly(error);
    const place = "Choose another place for it; what was asked of the server goes on (wilco history).";
    proc.stderr.write(`error: The output can't be written: ${whyUnwritable(error)}.\n  ${place}\n`);
    proc.exit(EXIT.brokenPipe);
  });
  // Anything else there, such as a full disk below the log of a server: lines are lost, the work is not.
  proc.stderr.on("error", endQuietly);
}

interface Failing {
  program: Command | undefined;
  context: Context | undefined;
  proc: NodeJS.Process;
}

async function report(error: unknown, { program, context, proc }: Failing): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.succeeded; // --help, already written
    if (error.code !== "commander.help") proc.stderr.write(usageError(error.message, namedCommand(program, proc.argv)));
    return EXIT.wrongUse;
  }
  const { output } = context ?? (await createContext(flagsForErrors(proc.argv), proc));
  output.live.stop();
  showError(output, error);
  return exitCodeOfError(error);
}

/** commander's "error: unknown option '--foo'\n(Did you mean --for?)" as two sentences of ours. */
function usageError(message: string, command: string): string {
  const [what = "", ...more] = message.replace(/^error: /, "").split("\n");
  const hint = more
    .join(" ")
    .trim()
    .replace(/^\((.*)\)$/, "$1");
  if (hint === "" && command === "wilco exec" && what.startsWith("unknown option")) {
    return `error: ${sentence(what)}\n  What belongs to the operation stands after --: wilco exec web-1 run -- ls -l\n`;
  }
  const word = /^unknown command '(\d+)'/.exec(what)?.[1];
  if (hint === "" && command === "wilco entry" && word !== undefined) {
    return `error: ${sentence(what)}\n  Write: wilco entry show ${word}\n`;
  }
  if (command === "wilco exec" && what === "missing required argument 'operation'") {
    return `error: ${sentence("The operation is missing")}\n  "wilco resources show NAME" lists what a resource can do: wilco exec web-1 restart\n`;
  }
  return `error: ${sentence(what)}\n  ${sentence(hint === "" ? `See what there is with "${command} --help"` : hint)}\n`;
}

/** As far as the command line names one: "wilco queue pause", or "wilco" alone. */
function namedCommand(program: Command | undefined, argv: readonly string[]): string {
  const names = ["wilco"];
  let command = program;
  for (const word of argv.slice(2)) {
    const next = command?.commands.find((candidate) => candidate.name() === word);
    if (next) names.push(next.name());
    else if (!word.startsWith("-") && names.length > 1) break; // what follows are the command's arguments
    command = next ?? command;
  }
  return names.join(" ");
}

function flagsForErrors(argv: readonly string[]): GlobalFlags {
  return argv.includes("--verbose") ? { verbose: true } : {};
}
