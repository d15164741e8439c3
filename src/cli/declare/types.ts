/** `types`: those of the server, and one's own before any server has them. */
import type { Command } from "commander";
import type { CheckTypesFlags } from "../commands/types-check.ts";
import type { NewTypeFlags } from "../commands/types-new.ts";
import type { RemoveFlags } from "../confirm.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareTypes(program: Command, runner: Runner): void {
  const types = program.command("types").description("what resources can do");
  declare(types, "list", "list resource types").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await import("../commands/types.ts")).listTypes(context)),
  );
  declare(types, "show <type>", "one resource type: connection, operations, parameters").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await import("../commands/types.ts")).showType(context, name)),
  );
  declare(types, "remove <types...>", "remove types that no resource is of and that are not built in")
    .option("-y, --yes", "don't ask")
    .action((names: string[], flags: RemoveFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/types.ts")).removeTypes(context, names, flags),
      ),
    );

  declare(types, "new <name>", "write a small type that works, with a test")
    .option("--yaml", "in YAML: commands and HTTP calls (the default)")
    .option("--ts", "in TypeScript, for what those can't say")
    .option("--dir <dir>", "where the files go", "types")
    .action((name: string, flags: NewTypeFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/types-new.ts")).newTypeCommand(context, name, flags),
      ),
    );
  declare(types, "check <paths...>", "everything that is wrong with the types of files, directories or packages")
    .option("--timeout <duration>", "time that a file of TypeScript or JavaScript gets to load", "60s")
    .action((paths: string[], flags: CheckTypesFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/types-check.ts")).checkTypesCommand(context, paths, flags),
      ),
    );
  declare(types, "test [path]", "run the tests of types (default: those in ./types), without a server").action(
    (path: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/types-check.ts")).testTypesCommand(context, path ?? "types"),
      ),
  );
}
