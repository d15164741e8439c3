/** `queue`: what waits, and the routes on which it does. */
import type { Command } from "commander";
import type { PauseFlags } from "../commands/queue-paused.ts";
import type { QueueListFlags } from "../commands/queue-list.ts";
import type { WatchFlags } from "../watch.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";

export function declareQueue(program: Command, runner: Runner): void {
  const queue = program.command("queue").description("what waits for workers, and on which routes");
  addWatch(declare(queue, "list", "entries that have not ended, the oldest first"))
    .option("--status <statuses>", "one or more of queued, running, canceling, blocked, scheduled; joined by commas")
    .option("--where <field=value>", "any field, FIELD=ONE,TWO for several values; repeatable", collect)
    .option("--columns <fields>", "which fields to show, joined by commas; all for every one")
    .option("-n, --limit <count>", "at most this many", "100")
    .addHelpText(
      "after",
      "\nExamples:\n  wilco queue list --status queued --where route=eu/automate --columns id,resource,priority,expiresAt\n  wilco queue list --where worker=edge-1 --watch",
    )
    .action((flags: QueueListFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/queue-list.ts")).listQueue(context, flags),
      ),
    );
  addWatch(declare(queue, "stats", "what waits and runs by route and priority, and how fast the queue moves"))
    .addHelpText("after", "\nExample:\n  wilco queue stats --watch --every 5s")
    .action((flags: WatchFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/queue-stats.ts")).showStats(context, flags),
      ),
    );
  const paused = () => import("../commands/queue-paused.ts");
  declare(queue, "paused", "list paused routes").action((_flags: unknown, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await paused()).listPaused(context)),
  );
  declare(queue, "pause <route>", "claim nothing more from a route: zone/role, or worker/NAME")
    .option("--reason <text>", "shown to whoever asks why nothing runs")
    .option("--unserved", "also a route that no worker has served yet")
    .addHelpText("after", '\nExample:\n  wilco queue pause eu/automate --reason "switch is being replaced"')
    .action((route: string, flags: PauseFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await paused()).pauseCommand(context, route, flags)),
    );
  declare(queue, "resume <route>", "let workers claim from a paused route again")
    .addHelpText("after", "\nExample:\n  wilco queue resume eu/automate")
    .action((route: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await paused()).resumeCommand(context, route)),
    );
}

function addWatch(command: Command): Command {
  return command
    .option("--watch", "again and again on the terminal, until Ctrl-C")
    .option("--every <duration>", "with --watch: how often", "2s");
}
