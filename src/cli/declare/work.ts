/** `run` and `exec`: what submits work. */
import { CommanderError, type Command } from "commander";
import type { ExecFlags } from "../commands/exec.ts";
import type { RunFlags } from "../commands/run.ts";
import { addPollOptions } from "../poll-options.ts";
import { addRequestOptions } from "../request-flags.ts";
import { collect, declare, flagsOf, type Runner } from "./declare.ts";
import { addFilingOptions } from "./filing-options.ts";
import { addPermissionOptions } from "./permission-options.ts";

export function declareWork(program: Command, runner: Runner): void {
  const run = declare(
    program,
    "run <file> [args...]",
    "run a script in the sandbox; wilco's own flags stand before FILE",
  )
    .passThroughOptions()
    .option("--on-error <wait|leave|cancel>", "what becomes of running operations when the script throws", "wait")
    .option("--grace <duration>", "time for finally blocks after an interrupt", "5s")
    .option("--root <dir>", "what the script may import from (default: its own directory)")
    .option("--cpu-limit <duration>", "computing time of the script, waiting not counted", "60s")
    .option("--memory-limit <megabytes>", "memory of the script", "128")
    .option("--check", "type-check it first, as wilco check does")
    .option("--on-server", "run it on a worker of the server, as an entry that outlives this terminal")
    .option("--no-wait", "with --on-server: file it and return")
    .option("--timeout <duration>", "with --on-server: of the whole script (default 24h)")
    .option("--at <time>", 'with --on-server: start then, "+5m", "18:30", or with an offset')
    .option("--after <id[:on]>", "with --on-server: start when this entry ended, as exec takes it; repeatable", collect)
    .option("--priority <priority>", "with --on-server: max, high, medium, normal, low, min, or 0 (first) to 200")
    .option("--note <text>", "with --on-server: shown in the history")
    .option("--zone <zone>", "with --on-server: of the worker that runs it (default: default)");
  addLocalOptions(
    addRequireWorker(addPollOptions(addReports(addIdempotency(addOnInterrupt(addPermissionOptions(run)))))),
  );
  run.action((file: string, args: string[], flags: RunFlags, command: Command) =>
    runner.run(flagsOf(command), async (context) =>
      (await import("../commands/run.ts")).runCommand(context, file, args, flags),
    ),
  );

  const exec = declare(program, "exec <selector> <operation> [argv...]", "one operation on one or many resources")
    .usage("[options] <selector> <operation> [-- argv...]")
    .option(
      "-p, --param <k=v>",
      "k=v, k:=JSON, k=@FILE, k=@- (stdin), k=@env:NAME, k=@secret:NAME; repeatable",
      collect,
    )
    .option("--params <file>", "all parameters as a JSON or YAML document, - for stdin")
    .option("-y, --yes", "don't ask before changing more than one resource")
    .option("--allow-empty", "succeed when nothing matches")
    .option("--dry-run", "check everything and show what would run where; submit nothing");
  addLocalOptions(
    addRequireWorker(
      addPollOptions(addReports(addIdempotency(addOnInterrupt(addRequestOptions(addFilingOptions(exec)))))),
    ),
  );
  exec.addHelpText(
    "after",
    [
      "\nExamples:",
      "  wilco exec tier=web restart --concurrency 25% --min-success 95% --halt-on-failure",
      "  wilco exec build-1 run --after 17 --after 18:any --zone eu -- make",
    ].join("\n"),
  );
  exec.action((selector: string, operation: string, argv: string[], flags: ExecFlags, command: Command) => {
    const given = afterDashes(program, argv);
    return runner.run(flagsOf(command), async (context) =>
      (await import("../commands/exec.ts")).execCommand(context, selector, operation, given, flags),
    );
  });
}

export function addRequireWorker(command: Command): Command {
  return command
    .option("--require-worker [duration]", "end what no live worker could take for this long (exit 8)", "30s")
    .option("--no-require-worker", "wait for a worker for as long as it takes");
}

export function addOnInterrupt(command: Command): Command {
  return command.option("--on-interrupt <leave|cancel>", "what becomes of what runs when a signal comes", "leave");
}

export function addReports(command: Command): Command {
  return command.option(
    "--report <format=file>",
    "write a report when it has ended: junit=results.xml; repeatable",
    collect,
  );
}

export function addIdempotency(command: Command): Command {
  return command
    .option("--idempotency-key <key>", "answer what succeeded under this key before; auto makes one of the CI step")
    .option("--again", "with --idempotency-key: also do again what was lost");
}

export function addLocalOptions(command: Command): Command {
  return command
    .option("--local", "start a server in this process, run, drain, stop")
    .option("--data-dir <dir>", "with --local: keep its data here; else: the local server's directory")
    .option("--inventory <file>", "with --local: the inventory to apply (default ./wilco.yaml)");
}

/** commander drops the `--`; a word that stood before it is a mistake, not an argument. null = there was none. */
function afterDashes(program: Command, argv: string[]): string[] | null {
  const raw = (program as Command & { rawArgs: string[] }).rawArgs;
  const dashes = raw.indexOf("--");
  const after = dashes < 0 ? 0 : raw.length - dashes - 1;
  if (argv.length > after) {
    const stray = argv[0]!;
    const hint = stray.includes("=")
      ? `(Write --param ${stray})`
      : "(Parameters are --param name=value; arguments stand after --)";
    throw new CommanderError(1, "commander.excessArguments", `error: unexpected argument '${stray}'\n${hint}`);
  }
  return dashes < 0 ? null : argv;
}
