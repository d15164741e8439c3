/** No small disk can be had everywhere, so the calls that write fail as they do on a full one. */
import type * as NodeFs from "node:fs";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { findByEnvironment } from "../../src/resource-types/process-table.ts";
import { SPAWN_VARIABLE } from "../../src/resource-types/spawn-record.ts";
import { createWorld, temporaryDirectory } from "./world.ts";

const disk = vi.hoisted(() => ({
  /** Says whether this write finds no space. */
  fails: (_call: string, _path: string, _content: string): boolean => false,
}));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof NodeFs>();
  const full = (call: string) =>
    Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: "ENOSPC", errno: -28, syscall: call });
  return {
    ...fs,
    writeFileSync: (path: string, content: string, options: object) => {
      if (disk.fails("write", path, content)) throw full("write");
      fs.writeFileSync(path, content, options);
    },
    mkdirSync: (path: string, options: object) => {
      if (disk.fails("mkdir", path, "")) throw full("mkdir");
      return fs.mkdirSync(path, options);
    },
  };
});

const run = { operation: "run", type: "host", parameters: { command: ["sleep", "1000"] } };
const atCommands = (path: string) => path.includes("/tmp/") && /\/\d+-1(\/|$)/.test(path);

describe("a full disk of the worker", () => {
  it.each([
    ["the execution's directory", (call: string, path: string) => call === "mkdir" && atCommands(path)],
    ["the record of a command", (call: string, path: string) => call === "write" && atCommands(path)],
    [
      "the record's second writing, when the command runs already",
      (call: string, path: string, content: string) =>
        call === "write" && atCommands(path) && !content.includes('"pid":null'),
    ],
  ])("fails an execution by the system's fault at %s, and leaves nothing running", async (_what, fails) => {
    const { server, worker, stateDir } = await createWorld();
    await worker.start();
    let token: string | undefined;
    disk.fails = (call, path, content) => {
      token ??= /\.wilco-spawn-([\w-]+)\.json$/.exec(path)?.[1];
      return fails(call, path, content);
    };
    const { status, error } = await server.finished(server.submit(run));
    disk.fails = () => false;
    expect(status).toBe("failed");
    expect(error).toMatchObject({ code: "disk_full", source: "system" });
    expect(error!.message).toMatch(/^The disk of this worker is full: .* can't be written\.$/);
    expect(error!.hint).toContain("Free space");
    if (token !== undefined) expect(findByEnvironment(SPAWN_VARIABLE, token)).toEqual([]);
    expect(readdirSync(join(stateDir, "tmp"))).toEqual([]);
    // And when there is space again, all is well.
    const next = server.submit({ ...run, parameters: { command: ["true"] } });
    expect(await server.finished(next)).toMatchObject({ status: "succeeded" });
  });

  it("at its start is told as what it is", async () => {
    const { worker, stateDir } = await createWorld();
    disk.fails = (_call, path) => path.startsWith(stateDir);
    await expect(worker.start()).rejects.toMatchObject({
      code: "data_directory_unusable",
      message: expect.stringContaining("no space left on device") as string,
    });
    disk.fails = () => false;
  });
});

it("a stray file among the leftovers does not keep a worker from starting", async () => {
  const stateDir = await temporaryDirectory();
  const first = await createWorld({ stateDir });
  await first.worker.start();
  await first.worker.stop();
  writeFileSync(join(stateDir, "tmp", "note"), "?", {});
  const second = await createWorld({ stateDir });
  await second.worker.start();
  expect(readdirSync(join(stateDir, "tmp"))).toEqual([]);
});
