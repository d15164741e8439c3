/** `completion` and `complete`: what a Tab in bash, zsh or fish asks. */
import type { Command } from "commander";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareCompletion(program: Command, runner: Runner): void {
  const commands = () => import("../commands/completion.ts");
  declare(
    program,
    "completion <shell>",
    "a script for bash, zsh or fish that completes commands, resources, operations",
  )
    .addHelpText("after", '\nExamples:\n  eval "$(wilco completion bash)"\n  wilco completion fish | source')
    .action((shell: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).printCompletion(context, shell)),
    );
  declare(program, "complete [words...]", "what may follow these words, one a line; for the scripts of completion")
    .option("--describe", "with what each of them is, behind a tab")
    .option("--refresh", "only ask the server for its names, and keep them")
    .action((words: string[], flags: { refresh?: boolean; describe?: boolean }, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).complete(context, program, words, flags)),
    );
}
