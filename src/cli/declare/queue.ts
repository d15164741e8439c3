/** `queue`: what waits, and the routes on which it does. */
import type { Command } from "commander";
import type { PauseFlags } from "../commands/queue-paused.ts";
import { declare, flagsOf, type Runner } from "./declare.ts";

export function declareQueue(program: Command, runner: Runner): void {
  const queue = program.command("queue").description("what waits for workers, and on which routes");
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
