/** `discoveries`: what was found, and what becomes of it. */
import type { Command } from "commander";
import type { DiscoveriesFlags } from "../commands/discoveries.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareDiscoveries(program: Command, runner: Runner): void {
  const commands = () => import("../commands/discoveries.ts");
  const discoveries = program.command("discoveries").description("what discoveries found: take it, or ignore it");
  declare(discoveries, "list", "what was found")
    .option("--status <statuses>", "new, taken, ignored, gone; joined by commas, default all")
    .option("--under <resource>", "what was found under this resource")
    .addHelpText("after", "\nExample:\n  wilco discoveries list --status new,gone")
    .action((flags: DiscoveriesFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).listDiscoveries(context, flags)),
    );
  declare(discoveries, "show <finding>", "one finding, by name or id")
    .addHelpText("after", "\nExample:\n  wilco discoveries show site-a")
    .action((name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).showDiscovery(context, name)),
    );
  declare(discoveries, "take [findings...]", "make them resources: names, globs, ids")
    .option("--all", "all that are new")
    .option("--under <resource>", "only what was found under this resource")
    .option("--dry-run", "show what would change, value by value")
    .addHelpText(
      "after",
      "\nExamples:\n  wilco discoveries take 'site-*' --dry-run\n  wilco discoveries take --all --under web-host",
    )
    .action((names: string[], flags: DiscoveriesFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).takeDiscoveries(context, names, flags)),
    );
  declare(discoveries, "ignore [findings...]", "leave them out until they are taken: names, globs, ids")
    .option("--all", "all that wait")
    .option("--under <resource>", "only what was found under this resource")
    .addHelpText("after", "\nExample:\n  wilco discoveries ignore 'tmp-*'")
    .action((names: string[], flags: DiscoveriesFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).ignoreDiscoveries(context, names, flags)),
    );
}
