/** `typegen`, `check`, `init`: what helps to write scripts. */
import type { Command } from "commander";
import type { CheckFlags } from "../commands/check.ts";
import type { TypegenFlags } from "../commands/typegen.ts";
import { addConnectionOptions, declare, flagsOf, type Runner } from "./declare.ts";

export function declareScripts(program: Command, runner: Runner): void {
  // Without the format options that all others have: here -o names a file.
  addConnectionOptions(
    program.command("typegen").description("write the types of the server's resources, for editors and wilco check"),
  )
    .option("-o, --out <file>", "where to, - for stdout", "wilco.d.ts")
    .option("--any-name", "resource(NAME) takes names that the file does not list")
    .action((flags: TypegenFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/typegen.ts")).typegenCommand(context, flags),
      ),
    );

  declare(program, "check <file...>", "type-check scripts with your TypeScript; nothing is run")
    .option("--live", "against the server's types as they are now, not those in wilco.d.ts")
    .option("--any-name", "with --live: names that the server does not have are no mistake")
    .action((files: string[], flags: CheckFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/check.ts")).checkCommand(context, files, flags),
      ),
    );

  declare(program, "init [dir]", "make a folder for scripts: tsconfig.json, an example, the types").action(
    (dir: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/init.ts")).initCommand(context, dir ?? "."),
      ),
  );
}
