import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
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
    /** With its guard first: its records are what is left. */
    killAll: async () => {
      process.kill(guardOf(victim.pid!), "SIGKILL");
      victim.kill("SIGKILL");
      await exited;
    },
  };
}

function guardOf(worker: number): number {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  return Number(new RegExp(`^ *(\\d+) +${worker} .*wilco-guard$`, "m").exec(table)?.[1]);
}

describe("a worker that is killed", () => {
  it("leaves nothing behind: no handler that loops, no command, nobody whom that has started", async () => {
    const stateDir = await temporaryDirectory();
    const alive = new Map<string, Promise<unknown>>();
    const names = ["command", "member", "own session", "handler"];
    const begun = Promise.withResolvers<void>();
    // Each of them holds a connection, which the system closes when it dies.
    const doorbell = createServer((socket) => {
      const closed = once(socket, "close");
      socket.once("data", (name) => {
        alive.set(String(name), closed);
        if (alive.size === names.length) begun.resolve();
      });
    });
    await once(doorbell.listen(join(stateDir, "doorbell")), "listening");
    onTestFinished(() => void doorbell.close());
    const victim = await startVictim(stateDir, "all");
    await begun.promise;
    expect([...alive.keys()].toSorted()).toEqual(names.toSorted());
    await victim.kill();
    await Promise.all(alive.values());
  });
});

describe("a worker that starts after one was killed together with its guard", () => {
  it.each(["command", "group", "handler"])(
    "kills what that one left running, and its directories, before it registers (%s)",
    async (mode) => {
      const stateDir = await temporaryDirectory();
      const victim = await startVictim(stateDir, mode);
      const orphan = findProcess(victim.pid)!;
      await victim.killAll();
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
    await victim.killAll();
    expect(isRunning(orphan)).toBe(true);
    const { worker } = await createWorld({ stateDir });
    await worker.start();
    expect(isRunning(orphan)).toBe(false);
  });

  it("takes over the directory although the lock is still there", async () => {
    const stateDir = await temporaryDirectory();
    const victim = await startVictim(stateDir, "command");
    await victim.killAll();
    expect(existsSync(join(stateDir, "worker.json"))).toBe(true);
    const { worker } = await createWorld({ stateDir });
    await worker.start();
  });
});
