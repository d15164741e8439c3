import { once } from "node:events";
import { spawn } from "node:child_process";
import { describe, expect, it, onTestFinished } from "vitest";
import { createGuard, type Watched } from "../../src/resource-types/guard.ts";
import { guardScript } from "../../src/resource-types/guard-script.ts";
import type { Log } from "../../src/resource-types/log.ts";
import { findProcess, isRunning, listProcesses } from "../../src/resource-types/process-table.ts";
import { startProcess } from "../support/processes.ts";
import { until } from "./context.ts";

const LINUX = process.platform === "linux";
const variable = "GUARD_TEST";
/** More than any system gives out. */
const NOBODY = 2 ** 30;
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

/** Its output is open for as long as anybody lives that it has started. */
async function start(script: string, token: string) {
  const started = startProcess("/bin/sh", ["-c", script], { env: { [variable]: token } });
  await started.line(/ready/);
  return { ...started, identity: findProcess(started.pid)! };
}

/** As the other end of its pipe writes it. */
function line({ pid, startTime }: { pid: number; startTime: string }, token: string, source: "proc" | "ps"): string {
  return `+ ${pid}:${token}:${source === "proc" ? startTime.split("/")[1] : startTime.replaceAll(" ", "_")}\n`;
}

/** As ps says it, on Linux too. */
async function startedAt(pid: number): Promise<string> {
  const ps = startProcess("ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } });
  return (await ps.ended).stdout.trim().split(/\s+/).join(" ");
}

describe("the guard's shell", () => {
  it.each(LINUX ? (["proc", "ps"] as const) : (["ps"] as const))(
    "ends what is listed with whoever descends from it, and nobody else (%s)",
    async (source) => {
      const [tree, stubborn, reused, forgotten, leaderless] = await Promise.all([
        // Whoever descends from a group has perhaps left it.
        start(`${LINUX ? "setsid sleep 1000 & " : ""} sleep 1000 & echo ready; wait`, "a"),
        start(`trap '' TERM; echo ready; sleep 1000 & wait`, "b"),
        start(`echo ready; exec sleep 1000`, "c"),
        start(`echo ready; exec sleep 1000`, "d"),
        start(`sleep 1000 & echo ready`, "e"),
      ]);
      await until(() => findProcess(leaderless.pid) === null);
      const member = listProcesses().find(({ group }) => group === leaderless.pid)!;
      const identity = async ({ pid, identity: { startTime } }: typeof tree) => ({
        pid,
        startTime: source === "proc" ? startTime : LINUX ? await startedAt(pid) : startTime,
      });

      const env = { ...process.env, VARIABLE: variable, TRIES: "1" };
      const shell = spawn("/bin/sh", ["-c", guardScript(source)], { stdio: ["pipe", "ignore", "ignore"], env });
      onTestFinished(() => void shell.kill("SIGKILL"));
      shell.stdin.write(line(await identity(tree), "a", source));
      shell.stdin.write(line(await identity(forgotten), "d", source));
      shell.stdin.write(line(await identity(stubborn), "b", source));
      shell.stdin.write(line({ ...(await identity(reused)), startTime: "x/1" }, "c", source));
      shell.stdin.write(line({ pid: leaderless.pid, startTime: "x/1" }, "e", source));
      shell.stdin.write(`- ${forgotten.pid}\n`);
      // Its writer died in the middle of a line.
      shell.stdin.end(line(await identity(forgotten), "d", source).trimEnd());
      await once(shell, "exit");

      expect((await tree.ended).signal).toBe("SIGTERM");
      expect((await stubborn.ended).signal).toBe("SIGKILL");
      expect([isRunning(reused.identity), isRunning(forgotten.identity)]).toEqual([true, true]);
      // Its token tells that it is ours, where environments can be read.
      expect(isRunning(member)).toBe(source === "ps");
    },
  );
});

describe("a guard", () => {
  const shells = () => listProcesses().filter(({ parent, pid, group }) => parent === process.pid && pid === group);
  const watched = ({ identity: { pid, startTime } }: Awaited<ReturnType<typeof start>>, token: string): Watched => ({
    pid,
    startTime,
    token,
  });

  it("is not there before there is something to watch, again when it was killed, and gone when it is not needed", async () => {
    const [one, other] = await Promise.all([
      start("echo ready; exec sleep 1000", "a"),
      start("echo ready; exec sleep 1000", "b"),
    ]);
    const before = new Set(shells().map(({ pid }) => pid));
    const mine = () => shells().filter(({ pid }) => !before.has(pid));
    const guard = createGuard({ variable, log });
    onTestFinished(() => guard.stop());
    expect(mine()).toEqual([]);
    guard.watch(watched(one, "a"));
    const [first] = mine();
    process.kill(first!.pid, "SIGKILL");
    await until(() => findProcess(first!.pid) === null);
    guard.watch(watched(other, "b"));
    const [second, ...more] = mine();
    expect([second!.pid === first!.pid, more]).toEqual([false, []]);
    // As at the death of this process: the pipe ends while both are listed.
    await guard.stop();
    expect([(await one.ended).signal, (await other.ended).signal]).toEqual(["SIGTERM", "SIGTERM"]);

    const third = await start("echo ready; exec sleep 1000", "c");
    guard.watch(watched(third, "c"));
    const [last] = mine().filter(({ pid }) => pid !== second!.pid && pid !== third.pid);
    // Even one that somebody has stopped keeps nobody waiting.
    process.kill(last!.pid, "SIGSTOP");
    guard.forget(third.pid);
    await guard.stop();
    expect([isRunning(last!), isRunning(third.identity)]).toEqual([false, true]);
  });

  it("that does not read is replaced, and its worker never waits for it", async () => {
    const guard = createGuard({ variable });
    onTestFinished(() => guard.stop());
    const before = new Set(shells().map(({ pid }) => pid));
    guard.watch({ pid: NOBODY, startTime: "x/1", token: "t" });
    const [hung] = shells().filter(({ pid }) => !before.has(pid));
    process.kill(hung!.pid, "SIGSTOP");
    // More than a pipe holds, and than is kept of it.
    for (let at = 1; at < 9_000; at++) {
      guard.watch({ pid: NOBODY + at, startTime: "x/1", token: "t".repeat(22) });
      guard.forget(NOBODY + at);
    }
    await until(() => findProcess(hung!.pid) === null);
    guard.watch({ pid: NOBODY + 1, startTime: "x/1", token: "t" });
    expect(shells().filter(({ pid }) => !before.has(pid))).toHaveLength(1);
  });

  it("is done without where there is no shell, and that is said once", async () => {
    const said: string[] = [];
    const told = Promise.withResolvers<void>();
    const warn = (_fields: object, message: string) => told.resolve(void said.push(message));
    const guard = createGuard({ variable, log: { warn }, path: "/nonexistent/sh" });
    for (const pid of [NOBODY, NOBODY + 1]) guard.watch({ pid, startTime: "x/1", token: "t" });
    await told.promise;
    guard.watch({ pid: NOBODY + 2, startTime: "x/1", token: "t" });
    guard.forget(NOBODY);
    await guard.stop();
    expect(said).toEqual(["no guard: what this worker runs goes on if it is killed, until its next start"]);
  });
});
