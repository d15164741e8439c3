import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { findByEnvironment, findProcess, isRunning } from "../../src/resource-types/process-table.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { connectionSchema } from "../../src/resource-types/process/connection.ts";
import { createProcessType } from "../../src/resource-types/process/type.ts";
import { callOperation, temporaryDirectory, until } from "./context.ts";

const LINUX = process.platform === "linux";
const node = (script: string) => [process.execPath, "-e", script];
const SERVE = `
  require("node:http").createServer((q, a) => a.end("ok")).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
`;
const FOREVER = "console.log('up'); setInterval(() => {}, 1000)";
const DEAF = "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up')";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Connection {
  command: string[];
  [key: string]: unknown;
}

/** A process resource whose process is gone when the test ends. */
async function managed(connection: Connection) {
  const state = await temporaryDirectory();
  const own = { settle: "200ms", ...connection };
  const call = (
    operation: string,
    parameters: Record<string, unknown> = {},
    more: {
      type?: ReturnType<typeof createProcessType>;
      connection?: object;
      signal?: AbortSignal;
      onOutput?: (text: string) => void;
    } = {},
  ) => {
    const { type = processType, connection: changed, ...rest } = more;
    return callOperation(type, { operation, parameters, connection: { ...own, ...changed }, state, ...rest });
  };
  const processType = createProcessType();
  onTestFinished(() => call("stop", {}, { connection: { stopTimeout: "50ms" } }).then(() => {}));
  return { call, state, stateFile: join(state, "1.json"), logFile: join(state, "1.log") };
}

describe("a managed process", () => {
  it("is started once, however often it is asked to start", async () => {
    const { call } = await managed({ command: node(FOREVER) });
    const first = await call("start");
    const [second, third] = await Promise.all([call("start"), call("start")]);
    expect(first).toMatchObject({ started: true, ready: null });
    expect(second).toMatchObject({ started: false, pid: first["pid"] });
    expect(third).toMatchObject({ started: false, pid: first["pid"] });
    expect(await call("status")).toMatchObject({ state: "running", pid: first["pid"], exit: null });
    expect(await call("check")).toMatchObject({ availability: "up" });
    const used = (await call("metrics")) as Record<string, number>;
    expect(Object.keys(used).toSorted()).toEqual(["cpu", "memory", "processes", "uptime"]);
    expect(used["memory"]).toBeGreaterThan(1_000_000);
    expect(used["processes"]).toBe(1);
    await call("stop");
    expect(await call("metrics")).toEqual({ cpu: 0, memory: 0, processes: 0, uptime: 0 });
  });

  it("leads its own process group and writes to a file", async () => {
    const { call, logFile } = await managed({
      command: node("console.log('out'); console.error('err'); setInterval(() => {}, 1000)"),
    });
    const { pid } = await call("start");
    expect(findProcess(pid as number)?.group).toBe(pid);
    await until(() => readFileSync(logFile, "utf8").includes("err"));
    expect((await call("logs"))["lines"]).toEqual(["out", "err"]);
  });

  it("is stopped politely, and killed when it does not listen", async () => {
    const polite = await managed({ command: node(FOREVER) });
    await polite.call("start");
    expect(await polite.call("stop")).toMatchObject({
      wasRunning: true,
      signal: "SIGTERM",
      exit: { signal: "SIGTERM" },
    });
    expect(await polite.call("status")).toMatchObject({ state: "stopped", pid: null });
    expect(await polite.call("check")).toMatchObject({ availability: "down" });
    expect(await polite.call("stop")).toMatchObject({ wasRunning: false, signal: null, availability: "down" });

    const deaf = await managed({ command: node(DEAF), stopTimeout: "200ms" });
    await deaf.call("start");
    expect(await deaf.call("stop")).toMatchObject({ signal: "SIGKILL", exit: { signal: "SIGKILL" } });
  });

  it("is stopped with the signal its connection names", async () => {
    const { call } = await managed({
      command: node("process.on('SIGINT', () => process.exit(7)); setInterval(() => {}, 1000)"),
      stopSignal: "SIGINT",
    });
    await call("start");
    expect(await call("stop")).toMatchObject({ exit: { code: 7, signal: null } });
  });

  it("is ready when its url answers, and restarted with another pid", async () => {
    const port = await freePort();
    const { call } = await managed({
      command: node(SERVE),
      env: { PORT: String(port) },
      ready: { url: `http://127.0.0.1:${port}/` },
    });
    const first = await call("start");
    expect(first).toMatchObject({ ready: true });
    const second = await call("restart");
    expect(second).toMatchObject({ previousPid: first["pid"], stoppedBy: "SIGTERM", ready: true, availability: "up" });
    const third = await call("restart", { graceful: false });
    expect(third).toMatchObject({ previousPid: second["pid"], stoppedBy: "SIGKILL" });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("ok");
  });

  it("is ready when its port accepts", async () => {
    const port = await freePort();
    const { call } = await managed({ command: node(SERVE), env: { PORT: String(port) }, ready: { port } });
    expect(await call("start")).toMatchObject({ ready: true });
    expect(await call("status")).toMatchObject({ ready: true });
  });

  it("that dies at once makes start fail with its code and its last lines", async () => {
    // A shell and not Node, which on a loaded machine is still starting when start has seen enough.
    const { call } = await managed({ command: ["sh", "-c", "echo 'cannot bind' >&2; exit 3"] });
    await expect(call("start")).rejects.toMatchObject({
      code: "process_died",
      message: expect.stringContaining("exited with code 3 while starting: cannot bind") as string,
      details: { exitCode: 3, signal: null, lastLines: ["cannot bind"] },
    });
    expect(await call("status")).toMatchObject({ state: "exited", exit: { code: 3 } });
  });

  it("that dies before it is ready fails at once, not after readyTimeout", async () => {
    const port = await freePort();
    const { call } = await managed({ command: node("process.exit(4)"), ready: { port }, readyTimeout: "1h" });
    await expect(call("start")).rejects.toMatchObject({ code: "process_died", details: { exitCode: 4 } });
  });

  it("that does not get ready says that it runs on", async () => {
    const port = await freePort();
    const { call } = await managed({ command: node(FOREVER), ready: { port }, readyTimeout: "300ms" });
    await expect(call("start")).rejects.toMatchObject({ code: "not_ready" });
    expect(await call("status")).toMatchObject({ state: "running", ready: false });
    expect(await call("check")).toMatchObject({ availability: "down" });
  });

  it("is not started where another process has its address", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { call, stateFile } = await managed({
      command: node(FOREVER),
      ready: { port: (other.address() as AddressInfo).port },
    });
    await expect(call("start")).rejects.toMatchObject({ code: "address_in_use" });
    expect(() => readFileSync(stateFile)).toThrow();
  });

  it.each([
    [{ command: ["no-such-program-anywhere"] }, "command_not_found"],
    [{ command: node(FOREVER), cwd: "/no/such/directory" }, "bad_cwd"],
  ])("that can't be started says why: %j", async (connection, code) => {
    const { call } = await managed(connection);
    await expect(call("start")).rejects.toMatchObject({ code });
    expect(await call("status")).toMatchObject({ pid: null });
  });

  it("that was killed from outside has exited, and starts anew", async () => {
    const { call } = await managed({ command: node(FOREVER) });
    const { pid } = await call("start");
    process.kill(pid as number, "SIGKILL");
    await until(async () => (await call("status"))["exit"] !== null);
    expect(await call("status")).toMatchObject({ state: "exited", exit: { signal: "SIGKILL" } });
    expect(await call("start")).toMatchObject({ started: true });
  });

  it("is known again by the next worker", async () => {
    const { call } = await managed({ command: node(FOREVER) });
    const { pid } = await call("start");
    const type = createProcessType();
    expect(await call("start", {}, { type })).toMatchObject({ started: false, pid });
    expect(await call("stop", {}, { type })).toMatchObject({ wasRunning: true, pid });
  });

  it("is not mistaken for another one that has got its pid", async () => {
    const { call, stateFile } = await managed({ command: node(FOREVER) });
    await call("start");
    await call("stop");
    const state = JSON.parse(readFileSync(stateFile, "utf8")) as object;
    writeFileSync(stateFile, JSON.stringify({ ...state, pid: process.pid, startTime: "another boot" }));
    expect(await call("status")).toMatchObject({ state: "stopped" });
    expect(await call("stop")).toMatchObject({ wasRunning: false });
  });

  it.skipIf(!LINUX)(
    "started by a worker that died before writing down its pid is found, not started again",
    async () => {
      const { call, stateFile } = await managed({
        command: node(
          `require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]); ${FOREVER}`,
        ),
      });
      const { pid } = await call("start");
      const state = JSON.parse(readFileSync(stateFile, "utf8")) as { token: string };
      writeFileSync(stateFile, JSON.stringify({ ...state, pid: null, startTime: null }));
      expect(await call("start", {}, { type: createProcessType() })).toMatchObject({ started: false, pid });
      await call("stop", {}, { type: createProcessType() });
      expect(findByEnvironment("WILCO_PROCESS", state.token)).toEqual([]);
    },
  );

  it.skipIf(!LINUX)("whose leader was killed is started only after the rest of its group is gone", async () => {
    const child = "console.log(process.pid); setInterval(() => {}, 1000)";
    const { call, logFile } = await managed({
      command: node(
        `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "inherit" }); setInterval(() => {}, 1000)`,
      ),
    });
    const { pid } = await call("start");
    await until(() => readFileSync(logFile, "utf8").includes("\n"));
    const helper = findProcess(Number(readFileSync(logFile, "utf8")))!;
    process.kill(pid as number, "SIGKILL");
    await until(async () => (await call("status"))["state"] !== "running");
    expect(isRunning(helper)).toBe(true);
    expect(await call("start")).toMatchObject({ started: true });
    expect(isRunning(helper)).toBe(false);
  });

  it("outlives the worker that started it, even when that is killed", async () => {
    const { call, state } = await managed({ command: node(FOREVER) });
    const worker = spawn(
      process.execPath,
      [join(import.meta.dirname, "starter.ts"), state, JSON.stringify({ command: node(FOREVER) })],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(createInterface({ input: worker.stdout }), "line")) as [string];
    worker.kill("SIGKILL");
    await once(worker, "exit");
    expect(await call("start")).toMatchObject({ started: false, pid: Number(line) });
    expect(await call("stop")).toMatchObject({ wasRunning: true, pid: Number(line), exit: null });
    expect(await call("status")).toMatchObject({ state: "stopped", exit: null });
  });

  it("gets no more of wilco's environment than its own mark", async () => {
    process.env["WILCO_TOKEN"] = "secret";
    onTestFinished(() => void delete process.env["WILCO_TOKEN"]);
    const { call } = await managed({
      command: node(
        "console.log(Object.keys(process.env).filter((name) => name.startsWith('WILCO_')).join()); setInterval(() => {}, 1000)",
      ),
    });
    await call("start");
    await until(async () => ((await call("logs"))["lines"] as string[]).length > 0);
    expect((await call("logs"))["lines"]).toEqual(["WILCO_PROCESS"]);
  });

  it("shows the last lines of its log, and follows until it ends", async () => {
    const { call } = await managed({
      command: node(
        "let n = 0; console.log('zero'); process.on('SIGTERM', () => { console.log('bye'); process.exit(); }); setInterval(() => console.log(++n), 20)",
      ),
    });
    await call("start");
    await until(async () => ((await call("logs", { lines: 1 }))["lines"] as string[]).length === 1);
    let seen = "";
    const some = Promise.withResolvers<void>();
    const following = call(
      "logs",
      { lines: 0, follow: true },
      {
        onOutput: (text) => {
          seen += text;
          some.resolve();
        },
      },
    );
    await some.promise;
    await call("stop");
    await following;
    expect(seen.trimEnd().endsWith("bye")).toBe(true);
    const lines = seen.trim().split("\n").slice(0, -1).map(Number);
    expect(lines).toEqual(lines.map((_, index) => lines[0]! + index));
  });

  it("follows only until it is aborted", async () => {
    const { call } = await managed({ command: node(FOREVER) });
    await call("start");
    const abort = new AbortController();
    const following = call(
      "logs",
      { follow: true },
      { signal: abort.signal, onOutput: () => abort.abort(new Error("enough")) },
    );
    await expect(following).rejects.toThrow();
    expect(await call("status")).toMatchObject({ state: "running" });
  });
});

describe("The connection of a process", () => {
  const parse = (ready: object) =>
    createSchemaValidator().parse(connectionSchema, { command: ["true"], ready })["ready"];

  it("shows the ready check as it was written, and takes a host with a port only", () => {
    expect(parse({ url: "http://127.0.0.1:1/" })).toEqual({ url: "http://127.0.0.1:1/" });
    expect(parse({ port: 1, host: "::1" })).toEqual({ port: 1, host: "::1" });
    expect(() => parse({ url: "http://127.0.0.1:1/", host: "::1" })).toThrow(/"ready" must have property port/);
  });
});
