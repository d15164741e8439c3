/** A full disk below stdout, stderr or a log: /dev/full is one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openLogFile } from "../../src/cli/composition/log-file.ts";
import { CLI_FILE } from "../support/cli.ts";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld("resources: { here: { type: host } }");
});
afterAll(() => world.stop());

function shell(line: string) {
  const cli = `"${process.execPath}" "${CLI_FILE}"`;
  return spawnSync("sh", ["-c", line.replaceAll("wilco", cli)], {
    env: { ...process.env, ...world.env, CI: "1" },
    encoding: "utf8",
  });
}

it("stderr on a full disk changes neither output nor exit code", () => {
  const good = shell("wilco exec here run 2>/dev/full -- echo done");
  expect([good.status, good.stdout]).toEqual([0, "done\n"]);
  expect(shell("wilco exec here nope 2>/dev/full").status).toBe(2);
});

it("stdout on a full disk is told, with the code of a reader that is gone", () => {
  const { status, stderr } = shell("wilco history --json >/dev/full");
  expect(status).toBe(141);
  expect(stderr).toMatch(/^error: The output can't be written: the disk is full\.\n {2}Choose another place/);
});

it("a log on a full disk loses lines, and says how many when there is room again", () => {
  const dir = mkdtempSync(join(tmpdir(), "wilco-log-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "made", "worker.log");
  let room = Infinity;
  const log = openLogFile(path, (file, bytes, from) => {
    if (room === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const written = writeSync(file, bytes, from, Math.min(room, bytes.length - from));
    room -= written;
    return written;
  });
  log.write("first\n");
  room = 3;
  for (const line of ["second\n", "third\n"]) log.write(line);
  room = Infinity;
  log.write("fourth\n");
  const [first, torn, told, fourth, end] = readFileSync(path, "utf8").split("\n");
  expect([first, torn, fourth, end]).toEqual(["first", "sec", "fourth", ""]);
  expect(JSON.parse(told!)).toMatchObject({ level: "warn", lines: 2 });
});
