/** `resources`, `apply`: the inventory. */
import type { Command } from "commander";
import type { ApplyFlags } from "../commands/apply.ts";
import type { ImportFlags } from "../commands/import.ts";
import { collect, declare, flagsOf, oneWord, type Runner, wordsAfterDashes } from "./declare.ts";
import { declareGroups, declareResources } from "./resources.ts";

export function declareInventory(program: Command, runner: Runner): void {
  declareResources(program, runner);
  declareGroups(program, runner);

  declare(program, "apply <file>", "apply an inventory in YAML (- for stdin); all of it or nothing")
    .option("--dry-run", "show what would change, value by value")
    .option("--prune <names>", "remove what these names and globs match and FILE does not have; repeatable", collect)
    .option("-y, --yes", "don't ask before something is removed")
    .action((file: string, flags: ApplyFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/apply.ts")).applyCommand(context, file, flags),
      ),
    );
  declare(program, "import [file] [command...]", "take resources from another system's inventory (- for stdin)")
    .usage("[options] [file] [-- command...]")
    .option("--from <format>", "ansible, csv, ssh-config or json; default: as name and content look")
    .option("--type <type>", "of resources that the source gives none", "host")
    .option("--zone <zone>", "of resources that the source gives none")
    .option("--label <k=v>", "for each resource; repeatable", collect)
    .option("--prefix <text>", "before each name of a resource and group", "")
    .option("--vars <names>", "Ansible's variables that become labels, names and globs; repeatable", collect)
    .option("--dry-run", "show what would change, value by value")
    .addHelpText(
      "after",
      "\nExamples:\n  wilco import hosts.ini --dry-run\n  wilco import ~/.ssh/config --label team=ops\n  wilco import -- ansible-inventory --list",
    )
    .action((file: string | undefined, words: string[], flags: ImportFlags, command: Command) => {
      const after = wordsAfterDashes(program);
      const before = [file, ...words].filter((word) => word !== undefined).slice(0, -(after?.length ?? 0) || undefined);
      return runner.run(flagsOf(command), async (context) =>
        (await import("../commands/import.ts")).importCommand(context, oneWord(before), after, flags),
      );
    });
  declare(program, "export [selector]", "write the inventory as a file for apply; YAML, or JSON with --output json")
    .addHelpText("after", "\nExamples:\n  wilco export > wilco.yaml\n  wilco export tier=web --output json")
    .action((selector: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/export.ts")).exportCommand(context, selector),
      ),
    );
}
