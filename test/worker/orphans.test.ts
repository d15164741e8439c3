import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { findProcess, isRunning } from "../../src/resource-types/process-table.ts";
import { createWorld, temporaryDirectory } from "./world.ts";

/** A real worker in a process of its own, to be killed; it prints the pid of the command it runs. */
async function startVictim(stateDir: string, mode: string) {
  const victim = spawn(process.execPath, [join(import.meta.dirname, "victim.ts"), stateDir, mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void victim.kill("SIGKILL"));
  const lines = createInterface({ input: victim.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const exited = once(victim, "exit");
  return {
    pid: Number(line),
    kill: async () => {
      victim.kill("SIGKILL");
      await exited;
    },
  };
}

describe("a worker that starts after one was killed", () => {
  it.each(["command", "group", "handler"])(
    "kills what that one left running, and its directories, before it registers (%s)",
    async (mode) => {
      const stateDir = await temporaryDirectory();
      const victim = await startVictim(stateDir, mode);
      const orphan = findProcess(victim.pid)!;
      await victim.kill();
      expect(isRunning(orphan)).toBe(true);
      // The execution's, and in "handler" the one of the process that runs it.
      expect(readdirSync(join(stateDir, "tmp"))).toHaveLength(mode === "handler" ? 2 : 1);

      const { server, worker } = await createWorld({ stateDir });
      const { register } = server.api;
      let atRegistration = { orphan: true, directories: 1 };
      server.api.register = (...call) => {
        atRegistration = { orphan: isRunning(orphan), directories: readdirSync(join(stateDir, "tmp")).length };
        return register(...call);
      };
      await worker.start();
      expect(atRegistration).toEqual({ orphan: false, directories: 0 });
    },
  );

  it.skipIf(process.platform !== "linux")("finds one that was spawned but not recorded yet", async () => {
    const stateDir = await temporaryDirectory();
    const victim = await startVictim(stateDir, "unrecorded");
    const orphan = findProcess(victim.pid)!;
    await victim.kill();
    expect(isRunning(orphan)).toBe(true);
    const { worker } = await createWorld({ stateDir });
    await worker.start();
    expect(isRunning(orphan)).toBe(false);
  });

  it("takes over the directory although the lock is still there", async () => {
    const stateDir = await temporaryDirectory();
    const victim = await startVictim(stateDir, "command");
    await victim.kill();
    expect(existsSync(join(stateDir, "worker.json"))).toBe(true);
    const { worker } = await createWorld({ stateDir });
    await worker.start();
  });
});
