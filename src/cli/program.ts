/** The command line as commander sees it: names, arguments, flags. Each command's module is loaded when it is chosen. */
import { Command } from "commander";
import { asksForHelp, commandWord } from "./command-word.ts";
import { declareAccess } from "./declare/access.ts";
import { declareCompletion } from "./declare/completion.ts";
import { addExamples } from "./declare/examples.ts";
import type { Runner } from "./declare/declare.ts";
import { addGlobalOptions } from "./declare/declare.ts";
import { declareContent } from "./declare/content.ts";
import { declareConfiguration } from "./declare/configuration.ts";
import { declareDiscoveries } from "./declare/discoveries.ts";
import { declareInventory } from "./declare/inventory.ts";
import { declareProfiles } from "./declare/profiles.ts";
import { declareQueue } from "./declare/queue.ts";
import { declareScripts } from "./declare/scripts.ts";
import { declareServer } from "./declare/server.ts";
import { declareShell } from "./declare/shell.ts";
import { declareTrail } from "./declare/trail.ts";
import { declareTypes } from "./declare/types.ts";
import { declareWork } from "./declare/work.ts";
import { declareWorkers } from "./declare/workers.ts";
import { readVersion } from "./version.ts";

/** What declares them, by the names of the commands, in the order of the help. */
const DECLARATIONS: ReadonlyArray<readonly [string, (program: Command, runner: Runner) => void]> = [
  ["up down status doctor server worker", declareServer],
  ["shell", declareShell],
  ["run exec", declareWork],
  ["deploy deployments content", declareContent],
  ["typegen check init", declareScripts],
  ["history entry", declareTrail],
  ["queue", declareQueue],
  ["resources groups apply import export", declareInventory],
  ["discoveries", declareDiscoveries],
  ["types", declareTypes],
  ["config", declareConfiguration],
  ["workers", declareWorkers],
  ["tokens secrets", declareAccess],
  ["login logout profiles", declareProfiles],
  ["completion complete", declareCompletion],
];
/** Answer from the whole program. */
const NEED_ALL = new Set(["completion", "complete"]);

/**
 * @param argv of the command line: commands that it can't mean are left out, because declaring all of them takes as long
 *   as starting half a Node. Default: the whole program.
 * @throws CommanderError for wrong use and for `--help`, after the help was written.
 */
export function buildProgram(runner: Runner, argv: readonly string[] = []): Command {
  const program = new Command("wilco")
    .description("Operations on fleets as awaitable methods, with a durable queue and an audit trail behind them.")
    .version(readVersion(), "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addGlobalOptions(program);
  for (const [, declare] of declarationsFor(argv)) declare(program, runner);
  addExamples(program);
  return program;
}

function declarationsFor(argv: readonly string[]): typeof DECLARATIONS {
  const word = asksForHelp(argv) ? undefined : commandWord(argv);
  if (word === undefined || NEED_ALL.has(word)) return DECLARATIONS;
  const meant = DECLARATIONS.filter(([names]) => names.split(" ").includes(word));
  // No command: then the answer names the nearest of all.
  return meant.length === 0 ? DECLARATIONS : meant;
}
