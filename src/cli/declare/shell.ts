/** `shell`: what is typed into. */
import type { Command } from "commander";
import type { ShellFlags } from "../commands/shell.ts";
import { addPollOptions } from "../poll-options.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";
import { addPermissionOptions } from "./permission-options.ts";
import { addLocalOptions, addRequireWorker } from "./work.ts";

export function declareShell(program: Command, runner: Runner): void {
  const shell = declare(program, "shell", "the interactive shell; without a terminal it runs the lines of stdin")
    .option("--no-history", "keep nothing of what is typed")
    .option("--cpu-limit <duration>", "computing time of a line, waiting not counted", "60s")
    .option("--memory-limit <megabytes>", "memory of the sandbox", "128");
  addLocalOptions(addRequireWorker(addPollOptions(addPermissionOptions(shell))));
  shell.action((flags: ShellFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) =>
      (await import("../commands/shell.ts")).shellCommand(context, flags),
    ),
  );
}
