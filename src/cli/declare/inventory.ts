/** `resources`, `apply`: the inventory. */
import type { Command } from "commander";
import type { ApplyFlags } from "../commands/apply.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";

export function declareInventory(program: Command, runner: Runner): void {
  const resources = program.command("resources").description("what is managed");
  declare(resources, "list [selector]", 'list resources: "web-*,tier=web,zone!=eu"').action(
    (selector: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/resources.ts")).listResources(context, selector),
      ),
  );
  declare(resources, "show <resource>", "one resource and its operations").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/resources.ts")).showResource(context, name),
      ),
  );

  declare(program, "apply <file>", "apply an inventory in YAML (- for stdin); all of it or nothing")
    .option("--dry-run", "show what would change, value by value")
    .option("--prune <names>", "remove what these names and globs match and FILE does not have; repeatable", collect)
    .option("-y, --yes", "don't ask before something is removed")
    .action((file: string, flags: ApplyFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/apply.ts")).applyCommand(context, file, flags),
      ),
    );
  declare(program, "export [selector]", "write the inventory as a file for apply; YAML, or JSON with --output json")
    .addHelpText("after", "\nExamples:\n  wilco export > wilco.yaml\n  wilco export tier=web --output json")
    .action((selector: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/export.ts")).exportCommand(context, selector),
      ),
    );
}
