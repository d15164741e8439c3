/** Servers and workers that die, one after the other on a server of their own. */
import type { OutcomeCase } from "./case.ts";

export const FRAIL_CASES: OutcomeCase[] = [
  {
    asked: "exec job slow",
    happened: "its worker died, and the operation may not be repeated",
    exit: 6,
    entries: "lost",
    async run(world) {
      const worker = await world.frail.startWorker();
      const command = await world.begun(["job", "slow"], { env: world.frail.env });
      worker.kill("SIGKILL");
      // The same worker, started anew: what the old one ran is certainly not running any more.
      const again = await world.frail.startWorker();
      const ended = await command.ended;
      again.kill("SIGKILL");
      return ended;
    },
  },
  {
    asked: "exec job patient",
    happened: "the server was killed and started anew during the wait",
    exit: 0,
    entries: "succeeded",
    stdout: /^begun\ndone\n$/,
    async run(world) {
      const worker = await world.frail.startWorker();
      const command = await world.begun(["job", "patient"], { env: world.frail.env });
      await world.frail.restart();
      world.file("go-on", "");
      const ended = await command.ended;
      worker.kill("SIGKILL");
      return ended;
    },
  },
  {
    asked: "exec job slow",
    happened: "the server was gone for longer than WILCO_RETRY_TIME",
    exit: 7,
    entries: "unknown",
    stderr: /goes on/,
    async run(world) {
      const worker = await world.frail.startWorker();
      const env = { ...world.frail.env, WILCO_RETRY_TIME: "300ms" };
      const command = await world.begun(["job", "slow"], { env });
      await world.frail.kill();
      const ended = await command.ended;
      worker.kill("SIGKILL");
      return ended;
    },
  },
];
