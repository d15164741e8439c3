import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HttpImplementation, RunImplementation } from "../../src/domain/resource-type.ts";
import { findByEnvironment, isRunning } from "../../src/resource-types/process-table.ts";
import { until } from "../resource-types/context.ts";
import { createWorld } from "./world.ts";

const LINUX = process.platform === "linux";
const run = (argv: string[], more: Partial<RunImplementation> = {}): RunImplementation => ({
  kind: "run",
  argv,
  shell: false,
  cwd: null,
  env: {},
  result: "none",
  ...more,
});
const node = (script: string, ...args: string[]) => [process.execPath, "-e", script, ...args];
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

describe("a command", () => {
  it("streams its output while it runs and ends with its exit code", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const entry = server.submit({
      operation: "deploy",
      implementation: run(node("console.log('out'); console.error('err')")),
    });
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded", result: { exitCode: 0 } });
    expect(server.text(entry, "stdout")).toBe("out\n");
    expect(server.text(entry, "stderr")).toBe("err\n");
  });

  it("that fails says its code and its last lines", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const entry = server.submit({
      operation: "deploy",
      implementation: run(node("console.log('a'); console.error('no such host'); process.exit(3)")),
    });
    const { status, error } = await server.finished(entry);
    expect(status).toBe("failed");
    expect(error).toMatchObject({
      code: "exit_code",
      source: "operation",
      details: { exitCode: 3, signal: null, lastLines: ["a", "no such host"] },
    });
    expect(error!.message).toContain("exited with code 3: no such host");
  });

  it("that dies by a signal says which", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const entry = server.submit({ operation: "x", implementation: run(node("process.kill(process.pid, 'SIGKILL')")) });
    expect((await server.finished(entry)).error).toMatchObject({
      code: "killed_by_signal",
      details: { exitCode: null, signal: "SIGKILL" },
    });
  });

  it.each([
    [run(["no-such-command-anywhere"]), "command_not_found"],
    [run(["/etc/passwd"]), "command_not_executable"],
    [run(["ls"], { cwd: "/no/such/directory" }), "bad_cwd"],
    [run(["{{parameters.none}}"]), "invalid_parameters"],
    [run(node("console.log('text')"), { result: "json" }), "invalid_result"],
  ])("that can't be run says why: %j", async (implementation, code) => {
    const { server, worker } = await createWorld();
    await worker.start();
    const { status, error } = await server.finished(server.submit({ operation: "x", implementation }));
    expect(status).toBe("failed");
    expect(error).toMatchObject({ code, source: "operation" });
  });

  it("keeps each element one argument, whatever a value holds", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const value = "a b; $(touch /tmp/x) \"'`{{parameters.other}} *";
    const entry = server.submit({
      operation: "x",
      parameters: { value, list: [1, "two"] },
      implementation: run(
        [
          ...node("console.log(JSON.stringify(process.argv.slice(1)))"),
          "{{parameters.value}}",
          "v={{parameters.list}}",
        ],
        { result: "json" },
      ),
    });
    expect((await server.finished(entry)).result).toEqual([value, 'v=[1,"two"]']);
  });

  it("of a shell gets values as arguments and environment, never as code", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const value = "$(echo hacked); echo hacked";
    const entry = server.submit({
      operation: "x",
      parameters: { value },
      implementation: run(['printf "%s|%s" "$1" "$VALUE"', "{{parameters.value}}"], {
        shell: true,
        env: { VALUE: "{{parameters.value}}" },
        result: "text",
      }),
    });
    expect((await server.finished(entry)).result).toEqual({ exitCode: 0, stdout: `${value}|${value}` });
    const spliced = server.submit({
      operation: "x",
      parameters: { value },
      implementation: run(["echo {{parameters.value}}"], { shell: true }),
    });
    expect((await server.finished(spliced)).error).toMatchObject({ code: "invalid_inventory" });
  });

  it("sees nothing of wilco's own environment", async () => {
    process.env["WILCO_TOKEN"] = "secret";
    try {
      const { server, worker } = await createWorld();
      await worker.start();
      const entry = server.submit({
        operation: "x",
        implementation: run(
          node(
            "console.log(JSON.stringify(Object.keys(process.env).filter((name) => name.startsWith('WILCO_')).sort()))",
          ),
          { result: "json" },
        ),
      });
      expect((await server.finished(entry)).result).toEqual(["WILCO_ATTEMPT", "WILCO_ENTRY", "WILCO_SPAWN"]);
    } finally {
      delete process.env["WILCO_TOKEN"];
    }
  });

  it.skipIf(process.platform !== "linux")(
    "is killed with its whole tree, also the part that ignores polite signals or has left the group",
    async () => {
      const { server, worker } = await createWorld({ timing: { heartbeat: 10 } });
      await worker.start();
      const script = `
      const { spawn } = require("node:child_process");
      const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid)";
      process.on("SIGTERM", () => {});
      spawn(process.execPath, ["-e", deaf], { stdio: "inherit" });
      spawn(process.execPath, ["-e", deaf], { stdio: "inherit", detached: true });
      console.log(process.pid);
      setInterval(() => {}, 1000);
    `;
      const entry = server.submit({
        operation: "x",
        implementation: run(["/bin/sh", "-c", '"$@"; true', "sh", ...node(script)]),
      });
      while (server.text(entry).trim().split("\n").length < 3) await server.reported(entry);
      const pids = server.text(entry).trim().split("\n").map(Number);
      expect(pids.map(alive)).toEqual([true, true, true]);
      server.cancel(entry);
      expect(await server.finished(entry)).toMatchObject({ status: "canceled" });
      expect(pids.map(alive)).toEqual([false, false, false]);
    },
  );

  it("is killed at its deadline", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    // A number that no other test uses finds the command again, whether it has got as far as printing or not.
    const entry = server.submit({
      entry: 9_000_000_001,
      operation: "nap",
      deadlineIn: 300,
      implementation: run(node("setInterval(() => {}, 1000)")),
    });
    expect(await server.finished(entry)).toMatchObject({ status: "timed_out", error: { code: "timeout" } });
    expect(findByEnvironment("WILCO_ENTRY", String(entry))).toEqual([]);
  });

  it("ends with what it left in its group", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const entry = server.submit({
      operation: "x",
      implementation: run(["sleep 1000 >/dev/null 2>&1 & echo $!"], { shell: true, result: "text" }),
    });
    const { result } = await server.finished(entry);
    expect(alive(Number((result as { stdout: string }).stdout))).toBe(false);
  });

  it("does not lose what a helper of its shell writes after its end", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const entry = server.submit({ operation: "x", implementation: run(["(sleep 0.2; echo late) &"], { shell: true }) });
    await server.finished(entry);
    expect(server.text(entry)).toBe("late\n");
  });
});

describe("output", () => {
  it("beyond the quota is counted and dropped, at the pace of the command", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const bytes = 100 * 1024 * 1024;
    const quota = 8 * 1024 * 1024;
    const entry = server.submit({
      operation: "flood",
      outputQuota: quota,
      implementation: run(["/bin/sh", "-c", `head -c ${bytes} /dev/zero | tr '\\0' 'x'`]),
    });
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded" });
    const { chunks } = server.entries.get(entry)!;
    expect(chunks.map((chunk) => chunk.number)).toEqual(chunks.map((_, index) => index + 1));
    expect(server.text(entry)).toBe("x".repeat(quota));
    expect(chunks.filter((chunk) => chunk.dropped !== undefined)).toEqual([
      { number: chunks.length, stream: "stdout", dropped: bytes - quota },
    ]);
  });

  it("is not read while 4 MB are unacknowledged", async () => {
    const { server, worker, stateDir } = await createWorld();
    const { report } = server.api;
    const open = Promise.withResolvers<void>();
    server.api.report = async (...call) => {
      await open.promise;
      return report(...call);
    };
    await worker.start();
    const counter = join(stateDir, "written");
    const script = `
      const { writeSync, writeFileSync } = require("node:fs");
      for (let n = 1; n <= 12; n++) { writeSync(1, "y".repeat(1024 * 1024 - 1) + "\\n"); writeFileSync(${JSON.stringify(counter)}, String(n)); }
    `;
    const entry = server.submit({ operation: "flood", implementation: run(node(script)) });
    // It is held once what it has written stays the same while it still has more to write.
    let written = -1;
    for (let same = 0; same < 5;) {
      const now = existsSync(counter) ? Number(readFileSync(counter, "utf8")) : 0;
      same = now > 0 && now === written ? same + 1 : 0;
      written = now;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(written).toBeLessThanOrEqual(5);
    open.resolve();
    await server.finished(entry);
    expect(server.text(entry)).toHaveLength(12 * 1024 * 1024);
  });

  it("that is not UTF-8 travels as base64, and characters are never cut", async () => {
    const { server, worker } = await createWorld({
      handlers: {
        talk: async ({ output }) => {
          const euro = Buffer.from("€");
          await output(euro.subarray(0, 1));
          await output("other", "stderr");
          await output(euro.subarray(1));
          await output(randomBytes(10).fill(0xff));
        },
      },
    });
    await worker.start();
    const entry = server.submit({ operation: "talk" });
    await server.finished(entry);
    const chunks = server.entries.get(entry)!.chunks;
    expect(server.text(entry, "stderr")).toBe("other");
    const bytes = Buffer.concat(
      chunks
        .filter((chunk) => chunk.stream === "stdout")
        .map((chunk) => (chunk.text === undefined ? Buffer.from(chunk.base64!, "base64") : Buffer.from(chunk.text))),
    );
    expect(bytes).toEqual(Buffer.concat([Buffer.from("€"), Buffer.alloc(10, 0xff)]));
  });

  it("and progress are complete before the outcome is told", async () => {
    const { server, worker } = await createWorld({
      handlers: {
        steps: async ({ progress, output }) => {
          for (let n = 1; n <= 100; n++) {
            progress(n, 100, `step ${n}`);
            await output(`${n}\n`);
          }
        },
      },
    });
    await worker.start();
    const entry = server.submit({ operation: "steps" });
    await server.finished(entry);
    const { progress, chunks } = server.entries.get(entry)!;
    expect(progress.at(-1)).toEqual({ done: 100, total: 100, text: "step 100" });
    expect(progress.length).toBeLessThan(10);
    expect(chunks.length).toBeLessThan(10);
    expect(server.text(entry).split("\n")).toHaveLength(101);
  });
});

describe("temporary directories", () => {
  it("are the execution's own and are gone afterwards", async () => {
    const seen: string[] = [];
    const { server, worker, stateDir } = await createWorld({
      handlers: {
        use: async ({ tempDir, exec }) => {
          seen.push(tempDir);
          await exec(["/bin/sh", "-c", "echo hi > file"], { cwd: tempDir });
          return readFileSync(join(tempDir, "file"), "utf8");
        },
      },
    });
    await worker.start();
    const entry = server.submit({ operation: "use" });
    expect(await server.finished(entry)).toMatchObject({ result: "hi\n" });
    expect(seen).toEqual([join(stateDir, "tmp", `${entry}-1`)]);
    await worker.drain();
    expect(readdirSync(join(stateDir, "tmp"))).toEqual([]);
  });

  it("end commands that a handler did not wait for", async () => {
    const { server, worker } = await createWorld({
      handlers: {
        careless: async ({ exec, entry }) => {
          exec(node("setInterval(() => {}, 1000)")).catch(() => {});
          await until(() => findByEnvironment("WILCO_ENTRY", String(entry)).length > 0);
        },
      },
    });
    await worker.start();
    const entry = server.submit({ entry: 9_000_000_002, operation: "careless", deadlineIn: LINUX ? 60_000 : 500 });
    await server.finished(entry);
    expect(findByEnvironment("WILCO_ENTRY", String(entry))).toEqual([]);
  });
});

describe("http operations", () => {
  it("fail when nothing answers, and a check is down instead", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const implementation: HttpImplementation = {
      kind: "http",
      method: "GET",
      url: `http://127.0.0.1:${port}/x`,
      headers: {},
      body: null,
      expect: { status: null },
      result: "json",
    };
    const { error } = await server.finished(server.submit({ operation: "ping", implementation }));
    expect(error).toMatchObject({
      code: "unreachable",
      source: "operation",
      message: expect.stringContaining(`127.0.0.1:${port}/x got no answer: the connection was refused`) as string,
    });
    const check = await server.finished(server.submit({ operation: "check", implementation }));
    expect(check).toMatchObject({ status: "succeeded", result: { availability: "down" } });
  });
});

it("process identities survive nothing: a pid with another start time is somebody else", () => {
  expect(isRunning({ pid: process.pid, startTime: "another" })).toBe(false);
});
