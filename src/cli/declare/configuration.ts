/** `config`: the configuration of a resource. */
import type { Command } from "commander";
import type { ConfigUpdateFlags } from "../commands/config-update.ts";
import type { GetFlags } from "../commands/config-read.ts";
import { addPollOptions } from "../poll-options.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";
import { addFilingOptions } from "./filing-options.ts";
import { addIdempotency, addOnInterrupt, addReports, addRequireWorker } from "./work.ts";

export function declareConfiguration(program: Command, runner: Runner): void {
  const config = program.command("config").description("the configuration of a resource: versions, changes, drift");
  const read = () => import("../commands/config-read.ts");
  const change = () => import("../commands/config-update.ts");

  declare(config, "get <resource> [version]", "what it has at this moment, read from it; or an older version")
    .option("--known", "what was last set through wilco, without asking the resource")
    .action((name: string, version: string | undefined, flags: GetFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await read()).getConfig(context, name, version, flags)),
    );
  const update = addChangeOptions(
    declare(
      config,
      "update <resource> <changes...>",
      "change it: key=value, key:=JSON (null removes), inner.key=value, key=@FILE; @FILE for all of it",
    ).option("--replace", "what is given is the whole new one, not a patch"),
  );
  update.action((name: string, changes: string[], flags: ConfigUpdateFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await change()).updateConfig(context, name, changes, flags)),
  );
  const rollback = addChangeOptions(
    declare(config, "rollback <resource> <version>", "a new version with the content of an old one"),
  );
  rollback.action((name: string, version: string, flags: ConfigUpdateFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await change()).rollbackConfig(context, name, version, flags)),
  );
  declare(config, "history <resource>", "its versions, the newest first")
    .option("-n, --limit <count>", "at most this many", "50")
    .action((name: string, flags: { limit?: string }, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await read()).configHistory(context, name, flags)),
    );
  declare(config, "diff <resource> [from] [to]", "what differs between two versions; default: the last change").action(
    (name: string, from: string | undefined, to: string | undefined, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await read()).diffConfig(context, name, from, to)),
  );
  declare(config, "drift <resource>", "what it has against what is known; exit code 1 when they differ").action(
    (name: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await read()).driftConfig(context, name)),
  );
}

function addChangeOptions(command: Command): Command {
  const options = command.option("--base <version>", "refuse it when a newer version has changed the same keys");
  return addRequireWorker(addPollOptions(addReports(addIdempotency(addOnInterrupt(addFilingOptions(options))))));
}
