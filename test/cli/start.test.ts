import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { CLI_FILE } from "../support/cli.ts";
import { startProcess } from "../support/processes.ts";

const script = fileURLToPath(new URL("../../tools/start.mjs", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "wilco-start-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const start = () =>
  startProcess(process.execPath, [script, "--dir", join(dir, "demo"), "--cli", CLI_FILE], { env: { CI: undefined } });
const isAlive = (pid: string): boolean => {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
};
const pidsIn = (text: string) => [...text.matchAll(/(?:"pid":|→ |process )(\d+)/g)].map(([, pid]) => pid!);

describe("npm start", () => {
  it("restarts real servers, shows the audit trail, and leaves nothing running", async () => {
    const ended = await start().ended;
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /web-3: up again, process \d+ → \d+[^]*restart[^]*rolling restart[^]*were restarted one by one/,
      ) as string,
    });
    const pids = pidsIn(ended.stdout);
    expect(pids.length).toBeGreaterThan(5);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(ended.stderr).toContain("The local server has stopped");
  });

  it("cleans up when it is interrupted in the middle, in a second run on the same directory", async () => {
    const demo = start();
    await demo.line(/web-1: up again/);
    demo.kill("SIGINT");
    const ended = await demo.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain("The local server has stopped");
    expect(pidsIn(ended.stdout).filter(isAlive)).toEqual([]);
  });
});
