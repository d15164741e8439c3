import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/core/ids.ts";
import { hostType } from "../../src/resource-types/host.ts";
import { findProcess, isRunning } from "../../src/resource-types/process-table.ts";
import { callOperation, temporaryDirectory, until } from "./context.ts";
import { failure, openHost } from "./ssh-world.ts";

const node = (script: string, ...args: string[]) => [process.execPath, "-e", script, ...args];

/** A command that ignores SIGTERM and starts one process in its group and one outside of it. */
async function stubbornFamily() {
  const file = join(await temporaryDirectory(), "pids");
  const script = `
  const { spawn } = require("node:child_process");
  process.on("SIGTERM", () => {});
  const own = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const apart = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore", detached: true });
  require("node:fs").writeFileSync(${JSON.stringify(file)}, [process.pid, own.pid, apart.pid, ""].join(" "));
  setInterval(() => {}, 1000);`;
  const pids = () => (existsSync(file) ? readFileSync(file, "utf8").split(" ") : []);
  return {
    command: node(script),
    async started() {
      await until(() => pids().length === 4);
      return pids()
        .slice(0, 3)
        .map((pid) => findProcess(Number(pid))!);
    },
  };
}

describe("a command on a host over SSH", () => {
  it("runs with its input, environment and directory, and its output streams", async () => {
    const { call } = await openHost();
    const cwd = await temporaryDirectory();
    const output: string[] = [];
    const result = await call(
      "run",
      {
        command: ["/bin/sh", "-c", 'cat; echo "$GREETING"; pwd -P; echo oops >&2'],
        stdin: "in\n",
        env: { GREETING: "hello" },
        cwd,
      },
      { onOutput: (text) => output.push(text) },
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: "oops\n", truncated: false });
    expect(result["stdout"]).toMatch(/^in\nhello\n/);
    expect(result["stdout"]).toContain(cwd.split("/").at(-1));
    expect(output.join("")).toContain("hello");
  });

  it.each(["/bin/sh", "/bin/bash"])(
    "gets each argument as it is, whatever it holds, with %s as login shell",
    async (shell) => {
      const { call, server } = await openHost({ password: "x", shell });
      const nasty = [
        "",
        " ",
        "a b",
        "$(touch /tmp/wilco-pwned)",
        "`id`",
        "'",
        '"',
        "\\",
        "\\n",
        "a\nb\n",
        "!",
        "*",
        "~",
        "-n",
        "€ü",
        "; rm -rf x",
        "%s%n",
        "\t",
      ];
      const { stdout } = await call("run", {
        command: node("console.log(JSON.stringify([process.argv.slice(1), process.env.SECRET]))", "--", ...nasty),
        env: { SECRET: "s'ec$ret\n" },
      });
      expect(JSON.parse(stdout as string)).toEqual([nasty, "s'ec$ret\n"]);
      expect(existsSync("/tmp/wilco-pwned")).toBe(false);
      // Nothing of it is in what sshd sees and logs.
      expect(new Set(server.commands).size).toBe(1);
      expect(server.commands[0]).not.toContain("SECRET");
    },
  );

  it.each([
    [
      { command: node("console.log('last word'); process.exit(3)") },
      { code: "exit_code", source: "operation", details: { exitCode: 3, signal: null, lastLines: ["last word"] } },
    ],
    [
      { command: node("process.kill(process.pid, 'SIGKILL')") },
      { code: "killed_by_signal", details: { exitCode: null, signal: "SIGKILL", lastLines: [] } },
    ],
    [{ command: ["no-such-command-anywhere"] }, { code: "command_not_found" }],
    [{ command: ["/etc/passwd"] }, { code: "command_not_executable" }],
    [{ command: ["ls"], cwd: "/no/such/directory" }, { code: "bad_cwd" }],
    [{ command: ["ls"], env: { "a b": "" } }, { code: "invalid_command" }],
    [{ command: ["ls", "a\0b"] }, { code: "invalid_command" }],
    [{ command: [""] }, { code: "invalid_command" }],
  ])("that fails says why: %j", async (parameters, error) => {
    const { call } = await openHost();
    await expect(call("run", parameters)).rejects.toMatchObject(error);
  });

  it("is not disturbed by what login scripts print", async () => {
    const { call } = await openHost({ password: "x", greeting: "Welcome!\nToday is a good day\n" });
    expect(await call("run", { command: ["echo", "ok"] })).toMatchObject({ stdout: "ok\n" });
  });

  it("keeps all of a large output in order, and holds its writer while its receiver waits", async () => {
    const { call, server } = await openHost();
    let bytes = 0;
    const opened = Promise.withResolvers<void>();
    const script = "for (let i = 0; i < 300_000; i++) console.log(String(i).padStart(19, '0'))";
    const ended = call(
      "run",
      { command: node(script) },
      {
        onOutput: (text) => {
          bytes += text.length;
          return opened.promise;
        },
      },
    );
    await until(() => server.blocked());
    expect(bytes).toBeLessThan(3_000_000);
    opened.resolve();
    const result = await ended;
    expect(bytes).toBe(6_000_000);
    expect(result["truncated"]).toBe(true);
    expect((result["stdout"] as string).startsWith("0000000000000000000\n0000000000000000001\n")).toBe(true);
  });

  it("is ended with everything it started when it is aborted, and so is one that ignores SIGTERM", async () => {
    const { call } = await openHost();
    const family = await stubbornFamily();
    const controller = new AbortController();
    const ended = call("run", { command: family.command }, { signal: controller.signal });
    ended.catch(() => {});
    const running = await family.started();
    const why = new Error("canceled");
    controller.abort(why);
    await expect(ended).rejects.toBe(why);
    // SIGKILL is certain, but not instant.
    await until(() => !running.some(isRunning));
  });

  it("is ended when it is aborted before the host's word that it runs has come", async () => {
    const { call, server } = await openHost();
    const family = await stubbornFamily();
    const controller = new AbortController();
    void server.loseStart();
    const ended = call("run", { command: family.command }, { signal: controller.signal });
    ended.catch(() => {});
    const running = await family.started();
    controller.abort(new Error("canceled"));
    await expect(ended).rejects.toThrow("canceled");
    await until(() => !running.some(isRunning));
  });

  it("ends what it left in its group", async () => {
    const { call } = await openHost();
    const { stdout } = await call("run", { command: ["/bin/sh", "-c", "sleep 1000 & echo $!"] });
    expect(findProcess(Number(stdout))?.zombie ?? true).toBe(true);
  });
});

describe("a connection that breaks", () => {
  it("while a command runs fails it by the system's fault, and what ran there is ended", async () => {
    const { server, call } = await openHost();
    const ended = call(
      "run",
      { command: ["/bin/sh", "-c", "echo $$; exec sleep 1000"] },
      { onOutput: (text) => started.resolve(Number(text)) },
    );
    const started = Promise.withResolvers<number>();
    ended.catch(() => {});
    const running = findProcess(await started.promise)!;
    server.cut();
    const error = failure(await ended.catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code: "connection_lost", source: "system" });
    expect(error.message).toContain("Nothing of it runs there any more.");
    expect(isRunning(running)).toBe(false);
  });

  it("before the host's word that it runs has come does not run it twice", async () => {
    const { server, call } = await openHost();
    // The connection is one that was used before, which may be dead: such a one is tried anew when nothing was started.
    await call("check");
    const file = join(await temporaryDirectory(), "runs");
    const lost = server.loseStart();
    const ended = call("run", { command: ["/bin/sh", "-c", `echo $$ >> ${file}; exec sleep 1000`] });
    ended.catch(() => {});
    await lost;
    await until(() => existsSync(file) && readFileSync(file, "utf8") !== "");
    const running = findProcess(Number(readFileSync(file, "utf8")))!;
    server.cut();
    const error = failure(await ended.catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code: "connection_lost", source: "system" });
    expect(error.message).toContain("Nothing of it runs there any more.");
    await until(() => !isRunning(running));
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("for good says that nobody knows how far it got", async () => {
    const { server, call } = await openHost();
    const started = Promise.withResolvers<void>();
    const ended = call(
      "run",
      { command: ["/bin/sh", "-c", "echo on; exec sleep 1000"] },
      { onOutput: () => started.resolve() },
    );
    ended.catch(() => {});
    await started.promise;
    await server.stop();
    expect(failure(await ended.catch((thrown: unknown) => thrown))).toMatchObject({
      code: "connection_lost",
      source: "system",
      message: expect.stringContaining("Whether it still runs there is not known.") as string,
    });
  });

  it("while a file is written leaves the old one", async () => {
    const { server, call } = await openHost();
    const path = join(await temporaryDirectory(), "file");
    writeFileSync(path, "old");
    // Cut as soon as the new file is begun beside it.
    const cut = until(() => readdirSync(join(path, "..")).length > 1).then(() => server.cut());
    const ended = call("upload", { path, content: "x".repeat(2_500_000) }).catch((error: unknown) => error);
    await Promise.race([cut, ended]);
    const error = await ended;
    if (error instanceof Error) expect(error).toMatchObject({ code: "connection_lost", source: "system" });
    expect(["old", "x".repeat(2_500_000)]).toContain(readFileSync(path, "utf8"));
  });

  it("while nobody uses it is opened anew", async () => {
    const { server, call } = await openHost();
    await call("check");
    await call("check");
    expect(server.connections()).toBe(1);
    server.cut();
    expect(await call("check")).toMatchObject({ availability: "up" });
    expect(server.connections()).toBe(2);
  });
});

describe("becoming another user", () => {
  it.each([
    ["that sudo asks a password for", "opensesame"],
    ["that sudo asks nothing for", null],
  ])("%s", async (_what, password) => {
    const { call, server } = await openHost(
      { password: "x", sudo: { password } },
      { become: { user: "app", ...(password === null ? {} : { password }) } },
    );
    const { stdout, stderr } = await call("run", {
      command: ["/bin/sh", "-c", 'echo "$SUDO_TARGET"; cat; echo oops >&2'],
      stdin: "typed\n",
    });
    expect(stdout).toBe("app\ntyped\n");
    expect(stderr).toBe("oops\n");
    const path = join(await temporaryDirectory(), "file");
    await call("upload", { path, content: "by app" });
    expect(readFileSync(path, "utf8")).toBe("by app");
    expect(server.commands.join("")).not.toContain("opensesame");
  });

  it.each([
    [{ sudo: { password: "right" } }, { password: "wrong" }, "the password is not right"],
    [{ sudo: { password: "right" } }, {}, "it asks for a password, and the connection has none"],
    [{ sudo: { password: null } }, { user: "nobody-may" }, "unknown user nobody-may"],
  ])("is refused with why: %j %j", async (options, become, why) => {
    const { call } = await openHost({ password: "x", ...options }, { become });
    const error = failure(await call("facts").catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ code: "become_refused", source: "system" });
    expect(error.message).toContain(why);
  });

  it("ends what runs as that user, too", async () => {
    const { call } = await openHost({ password: "x", sudo: { password: "s" } }, { become: { password: "s" } });
    const controller = new AbortController();
    const started = Promise.withResolvers<number>();
    const ended = call(
      "run",
      { command: ["/bin/sh", "-c", "echo $$; exec sleep 1000"] },
      { signal: controller.signal, onOutput: (text) => started.resolve(Number(text)) },
    );
    ended.catch(() => {});
    const running = findProcess(await started.promise)!;
    controller.abort(new Error("stop"));
    await expect(ended).rejects.toThrow("stop");
    expect(isRunning(running)).toBe(false);
  });
});

describe("files and facts", () => {
  it("streams a deploy there, with mode and owner, and keeps what was there when other bytes arrive", async () => {
    const { call } = await openHost();
    const path = join(await temporaryDirectory(), "app.bin");
    const source = join(await temporaryDirectory(), "content");
    const bytes = randomBytes(2_000_000);
    writeFileSync(source, bytes);
    const content = { sha256: sha256(bytes), size: bytes.length, name: "app.bin" };
    const extra = { contents: { "app.bin": source } };
    const owner = userInfo().username;
    const deployed = await call("deploy", { content, path, mode: "0750", owner }, extra);
    expect(deployed).toMatchObject({ path, bytes: 2_000_000, sha256: content.sha256, mode: "0750", owner });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o750);
    const other = { ...content, sha256: "0".repeat(64) };
    const refusal = call("deploy", { content: other, path }, extra);
    await expect(refusal).rejects.toMatchObject({ message: expect.stringContaining("another SHA-256") as string });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(join(path, ".."))).toEqual(["app.bin"]);
  });

  it("are as on the worker's own machine", async () => {
    const { call } = await openHost();
    const path = join(await temporaryDirectory(), "it's a", "file.bin");
    const bytes = Buffer.from([0, 255, 10, 13, 10]);
    const written = await call("upload", { path, base64: bytes.toString("base64"), mode: "0640", parents: true });
    expect(written).toMatchObject({ path, bytes: 5, mode: "0640" });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(await call("download", { path })).toMatchObject({
      bytes: 5,
      mode: "0640",
      base64: bytes.toString("base64"),
      sha256: written["sha256"],
    });
    await call("upload", { path, content: "second" });
    expect(readFileSync(path, "utf8")).toBe("second");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(path, ".."))).toEqual(["file.bin"]);
    const [here, there] = [await callOperation(hostType, { operation: "metrics" }), await call("metrics")];
    expect(Object.keys(there).toSorted()).toEqual(Object.keys(here).toSorted());
    for (const key of ["diskUsed", "memoryUsed"]) {
      expect(there[key]).toBeGreaterThan(0);
      expect(there[key]).toBeLessThanOrEqual(100);
    }
    const local = await callOperation(hostType, { operation: "facts" });
    const remote = await call("facts");
    const same = ({ host, platform, release, arch, cpus }: Record<string, unknown>) => ({
      host,
      platform,
      release,
      arch,
      cpus,
    });
    expect(same(remote)).toEqual(same(local));
    expect(remote).toMatchObject({
      memory: { total: (local["memory"] as { total: number }).total },
      load: expect.any(Array) as unknown[],
    });
  });

  it.each([
    ["upload", { path: "/no/such/dir/file", content: "" }, "file_error", "can't be written"],
    ["upload", { path: "relative", content: "" }, "file_error", "is not an absolute path"],
    ["upload", { path: "/tmp", content: "" }, "file_error", "is not a file"],
    ["upload", { path: "/tmp/wilco-x" }, "invalid_content", "nothing to write"],
    ["download", { path: "/no/such/file" }, "file_error", "does not exist"],
    ["download", { path: "/tmp" }, "file_error", "is not a file"],
  ])("refuse to %s %j", async (operation, parameters, code, message) => {
    const { call } = await openHost();
    await expect(call(operation, parameters)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it("download no more than the limit", async () => {
    const { call } = await openHost();
    const path = join(await temporaryDirectory(), "large");
    writeFileSync(path, "x".repeat(101));
    await expect(call("download", { path, limit: 100 })).rejects.toMatchObject({ code: "result_too_large" });
    expect(await call("download", { path, limit: 101 })).toMatchObject({ bytes: 101 });
  });
});
