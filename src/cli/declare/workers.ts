/** `workers`: the processes that do the work, asked and controlled while they work. */
import type { Command } from "commander";
import type { ControlFlags } from "../commands/workers-control.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareWorkers(program: Command, runner: Runner): void {
  const workers = program.command("workers").description("the processes that do the work");
  declare(workers, "list", "list workers, live and lately gone, as they last said").action(
    (_flags: unknown, command: Command) =>
      runner.run(flagsOf(command), async (context) => (await import("../commands/workers.ts")).listWorkers(context)),
  );
  const control = () => import("../commands/workers-control.ts");
  const order = (name: string, description: string, example: string) =>
    declare(workers, `${name} [names...]`, description)
      .option("--zone <zone>", "the live workers of a zone")
      .option("--all", "all live workers")
      .option("--timeout <duration>", "how long to wait for their answers", "5s")
      .addHelpText("after", `\nExit code 1 when one did not answer in time.\n\nExample:\n  wilco workers ${example}`);
  const ask = (name: "ping" | "status" | "running", description: string, example: string) =>
    order(name, `${description}; without names, all of them`, example).action(
      (names: string[], flags: ControlFlags, command: Command) =>
        runner.run(flagsOf(command), async (context) => (await control()).askCommand(context, name, names, flags)),
    );
  ask("ping", "which live workers answer, and how fast", "ping --zone eu");
  ask("status", "what live workers have done and do, of their own accord", "status host-1 host-2");
  ask("running", "what live workers run at this moment", "running --zone eu");

  const tell = (name: "reload" | "drain" | "stop", command: Command) =>
    command.action((names: string[], flags: ControlFlags, chosen: Command) =>
      runner.run(flagsOf(chosen), async (context) => (await control()).controlCommand(context, name, names, flags)),
    );
  tell("reload", order("reload", "load the types of --types anew; what runs goes on", "reload --all"));
  tell("drain", order("drain", "claim nothing more, finish what runs, then end", "drain host-1"));
  tell(
    "stop",
    order("stop", "end at once: hand back what may be repeated, abort the rest", "stop host-1 --yes").option(
      "-y, --yes",
      "don't ask before running operations are aborted",
    ),
  );
}
