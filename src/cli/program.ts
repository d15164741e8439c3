/** The command line as commander sees it: names, arguments, flags. Each command's module is loaded when it is chosen. */
import { Command } from "commander";
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

/** @throws CommanderError for wrong use and for `--help`, after the help was written. */
export function buildProgram(runner: Runner): Command {
  const program = new Command("wilco")
    .description("Operations on fleets as awaitable methods, with a durable queue and an audit trail behind them.")
    .version(readVersion(), "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addGlobalOptions(program);
  declareServer(program, runner);
  declareShell(program, runner);
  declareWork(program, runner);
  declareContent(program, runner);
  declareScripts(program, runner);
  declareTrail(program, runner);
  declareQueue(program, runner);
  declareInventory(program, runner);
  declareDiscoveries(program, runner);
  declareTypes(program, runner);
  declareConfiguration(program, runner);
  declareWorkers(program, runner);
  declareAccess(program, runner);
  declareProfiles(program, runner);
  declareCompletion(program, runner);
  addExamples(program);
  return program;
}
