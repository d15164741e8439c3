/** `entry` and `history`: the audit trail. */
import type { Command } from "commander";
import type { HistoryFlags } from "../commands/history.ts";
import type { CancelFlags, RetryFlags, TailFlags, WaitFlags } from "../commands/entry.ts";
import { addPollOptions } from "../poll-options.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareTrail(program: Command, runner: Runner): void {
  const history = declare(program, "history", "list and search audit entries, the newest first")
    .option("--status <statuses>", "one or more, joined by commas")
    .option("--resource <name>", "name or id")
    .option("--operation <name>")
    .option("--kind <kind>", "operation, configuration, deployment, discovery, script or request")
    .option("--requested-by <name>", "who asked")
    .option("--parent <id>", "the tasks of a request")
    .option("--since <time>", 'created at or after: "-2h", "18:30", "2026-11-21 18:30"')
    .option("--until <time>", "created before")
    .option("--automatic", "also the checks and metrics that wilco files by itself")
    .option("--oldest", "the oldest first")
    .option("-n, --limit <count>", "at most this many", "50");
  history.action((flags: HistoryFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) =>
      (await import("../commands/history.ts")).historyCommand(context, flags),
    ),
  );

  declare(history, "tree <id>", "the request or script that it belongs to, with everything in it")
    .addHelpText("after", "\nExample:\n  wilco history tree 17")
    .action((id: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await import("../commands/tree.ts")).treeCommand(context, id)),
    );

  const entry = program.command("entry").description("one audit entry, whatever its kind");
  const commands = () => import("../commands/entry.ts");
  declare(entry, "show <id>", "the entry with its parameters, result, error and events").action(
    (id: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).showEntry(context, id)),
  );
  declare(entry, "tail <id>", "its output, live until it ended and its log is read to the end")
    .option("--no-follow", "what there is now, then stop")
    .option("--events", "every event instead of the output only")
    .action((id: string, flags: TailFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).tailEntry(context, id, flags)),
    );
  declare(entry, "trace <id>", "put, claimed, delivered … with worker and times, of its tasks too, in one order")
    .addHelpText("after", "\nExample:\n  wilco entry trace 17")
    .action((id: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) =>
        (await import("../commands/entry-trace.ts")).traceEntry(context, id),
      ),
    );
  declare(entry, "why <id>", "why it does not run yet, or where it runs, and what would free it")
    .addHelpText("after", "\nExample:\n  wilco entry why 17")
    .action((id: string, _flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await import("../commands/entry-why.ts")).whyEntry(context, id)),
    );
  addPollOptions(declare(entry, "wait <id...>", "wait until it ended; the exit code is that of the operation")).action(
    (ids: string[], flags: WaitFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).waitForEntries(context, ids, flags)),
  );
  declare(entry, "cancel <id...>", "ask for it to be canceled")
    .option("--force", "end it without its worker's answer")
    .option("--reason <text>", "shown in the history")
    .action((ids: string[], flags: CancelFlags, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await commands()).cancelEntries(context, ids, flags)),
    );
  addPollOptions(
    declare(entry, "retry <id>", "file the same call again, as a new entry that names the old").option(
      "--no-wait",
      "file it and return",
    ),
  ).action((id: string, flags: RetryFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) => (await commands()).retryEntry(context, id, flags)),
  );
}
