import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
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
    ["upload", { path: "/no/such/dir/file", content: "" }, "file_error", "does not exist"],
    ["upload", { path: "relative", content: "" }, "file_error", "is not an absolute path"],
    ["upload", { path: "/tmp", content: "" }, "file_error", "is not a file"],
    ["upload", { path: "/tmp/wilco-x" }, "invalid_content", "nothing to write"],
    ["upload", { path: "/tmp/wilco-x", content: "", base64: "" }, "invalid_content", "Both"],
    ["upload", { path: "/tmp/wilco-x", base64: "a?b" }, "invalid_content", "is not base64"],
    ["download", { path: "/no/such/file" }, "file_error", "does not exist"],
    ["download", { path: "/tmp" }, "file_error", "is not a file"],
  ])("refuses to %s %j", async (operation, parameters, code, message) => {
    await expect(host(operation, parameters)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
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
