import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/core/ids.ts";
import { hostType } from "../../src/resource-types/host.ts";
import { callOperation, temporaryDirectory } from "./context.ts";

const host = (operation: string, parameters: Record<string, unknown> = {}) =>
  callOperation(hostType, { operation, parameters });

describe("a host", () => {
  it("is bound to its worker, and its run takes what follows -- on the command line", () => {
    expect(hostType.descriptor).toMatchObject({
      runsOn: "bound",
      check: "check",
      operations: { run: { argv: "command", exclusive: true, onLost: "lose" } },
    });
  });

  it("runs a command with input, environment and directory", async () => {
    const cwd = await temporaryDirectory();
    const result = await host("run", {
      command: ["/bin/sh", "-c", 'cat; echo "$GREETING"; pwd -P'],
      stdin: "in\n",
      env: { GREETING: "hello" },
      cwd,
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: "", truncated: false });
    expect(result["stdout"]).toContain("in\nhello\n");
    expect(result["stdout"]).toContain(cwd.split("/").at(-1));
  });

  it("does not mind a command that leaves its input unread", async () => {
    await expect(host("run", { command: ["true"], stdin: "x".repeat(1_000_000) })).resolves.toMatchObject({
      exitCode: 0,
    });
  });

  it("tells facts and that it is up", async () => {
    expect(await host("facts")).toMatchObject({ host: hostname(), platform: process.platform });
    expect(await host("check")).toMatchObject({ availability: "up" });
  });

  it("writes a file whole, with its mode, and reads it back", async () => {
    const path = join(await temporaryDirectory(), "a", "file.bin");
    const bytes = Buffer.from([0, 255, 10, 13]);
    const written = await host("upload", { path, base64: bytes.toString("base64"), mode: "0640", parents: true });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const read = await host("download", { path });
    expect(read).toMatchObject({ bytes: 4, mode: "0640", base64: bytes.toString("base64"), sha256: written["sha256"] });
    await host("upload", { path, content: "second" });
    expect(readFileSync(path, "utf8")).toBe("second");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(path, ".."))).toEqual(["file.bin"]);
  });

  it.each([
    ["upload", { path: "/no/such/dir/file", content: "" }, "file_error", "/no/such/dir does not exist"],
    // Node's own mkdir never comes back from there.
    ["upload", { path: "/proc/wilco/x/file", content: "", parents: true }, "file_error", "/proc/wilco/x can't be made"],
    ["upload", { path: "relative", content: "" }, "file_error", "is not an absolute path"],
    ["upload", { path: "/tmp", content: "" }, "file_error", "is not a file"],
    ["upload", { path: "/tmp/wilco-x" }, "invalid_content", "nothing to write"],
    ["upload", { path: "/tmp/wilco-x", content: "", base64: "" }, "invalid_content", "Several"],
    ["upload", { path: "/tmp/wilco-x", base64: "a?b" }, "invalid_content", "is not base64"],
    ["download", { path: "/no/such/file" }, "file_error", "does not exist"],
    ["download", { path: "/tmp" }, "file_error", "is not a file"],
  ])("refuses to %s %j", async (operation, parameters, code, message) => {
    await expect(host(operation, parameters)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it("deploys a file whole and checked, and leaves what was there when it is not what was named", async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, "app.bin");
    const source = join(await temporaryDirectory(), "content");
    const bytes = randomBytes(3_000_000);
    writeFileSync(source, bytes, { mode: 0o400 });
    const content = { sha256: sha256(bytes), size: bytes.length, name: "app.bin" };
    const deploy = (parameters: Record<string, unknown>) =>
      callOperation(hostType, { operation: "deploy", parameters, contents: { "app.bin": source } });
    const owner = userInfo().username;
    expect(await deploy({ content, path, mode: "0750", owner })).toEqual({
      path,
      bytes: 3_000_000,
      sha256: content.sha256,
      mode: "0750",
      owner,
    });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o750);
    const other = { ...content, sha256: "0".repeat(64) };
    await expect(deploy({ content: other, path })).rejects.toMatchObject({ code: "file_error" });
    await expect(deploy({ content, path, owner: "no-such-user-here" })).rejects.toMatchObject({ code: "exit_code" });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(directory)).toEqual(["app.bin"]);
    const parameters = { path, content: "text", file: content };
    await expect(host("upload", parameters)).rejects.toMatchObject({ code: "invalid_content" });
  });

  it("downloads no more than the limit", async () => {
    const path = join(await temporaryDirectory(), "large");
    writeFileSync(path, "x".repeat(101));
    await expect(host("download", { path, limit: 100 })).rejects.toMatchObject({ code: "result_too_large" });
    await expect(host("download", { path, limit: 101 })).resolves.toMatchObject({ bytes: 101 });
  });

  it.skipIf(process.platform !== "linux")("downloads files that do not tell their size", async () => {
    const { bytes, base64 } = await host("download", { path: "/proc/version" });
    expect(bytes).toBeGreaterThan(10);
    expect(Buffer.from(base64 as string, "base64").toString()).toContain("Linux");
  });
});
