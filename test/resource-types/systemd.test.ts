/** The systemd type against a systemctl and a journalctl of the test's own, found on the PATH as the real ones are. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemdType } from "../../src/resource-types/systemd/type.ts";
import { testResourceType, type TestCall } from "../../src/testing.ts";

/** Keeps the unit's state in a file, and its own arguments in another. */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")"
printf '%s\\n' "systemctl $*" >> calls
state=$(cat state)
case "$*" in
*show*missing*) echo LoadState=not-found; echo ActiveState=inactive; exit 0 ;;
*show*broken*) echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2; exit 1 ;;
*show*looping*) echo LoadState=loaded; echo ActiveState=$state; echo SubState=auto-restart; echo Result=exit-code ;;
*show*) echo Id=web.service; echo LoadState=loaded; echo ActiveState=$state; echo SubState=sub; echo Result=success
  echo MainPID=42; echo NRestarts=2; echo StateChangeTimestamp=Fri 2026-01-02; echo MemoryCurrent=1024
  echo CPUUsageNSec=5000000; echo 'TasksCurrent=[not set]' ;;
*start*guarded*) echo "Failed to start guarded.service: Interactive authentication required." >&2; exit 1 ;;
*start*failing*) echo failed > state; echo "Job for failing.service failed." >&2; exit 1 ;;
*start*looping*) echo activating > state ;;
*stop*) echo inactive > state ;;
*) echo active > state ;;
esac
`;
const JOURNALCTL = `#!/bin/sh
cd "$(dirname "$0")"
printf '%s\\n' "journalctl $*" >> calls
echo "first line"
echo "second line"
case "$*" in *--follow*) exec sleep 60 ;; esac
`;

let bin: string;
const path = process.env["PATH"];
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), "wilco-systemd-"));
  for (const [name, text] of [
    ["systemctl", SYSTEMCTL],
    ["journalctl", JOURNALCTL],
  ] as const) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  process.env["PATH"] = [bin, path].join(delimiter);
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(bin, { recursive: true });
});
beforeEach(() => {
  writeFileSync(join(bin, "state"), "active\n");
  writeFileSync(join(bin, "calls"), "");
});

const calls = () => readFileSync(join(bin, "calls"), "utf8").trim().split("\n");
const on = (unit: string, operation: string, more: Partial<TestCall> = {}) =>
  testResourceType(systemdType, { operation, connection: { unit }, ...more });

describe("systemd", () => {
  it("starts, stops, restarts and reloads, and says what the unit is afterwards", async () => {
    const stopped = await on("web", "stop");
    expect(stopped).toMatchObject({
      status: "succeeded",
      result: {
        unit: "web.service",
        before: "active",
        state: "inactive",
        subState: "sub",
        pid: 42,
        restarts: 2,
        availability: "down",
      },
    });
    expect(calls()[1]).toBe("systemctl --no-pager --no-ask-password stop -- web");
    expect((await on("web", "start")).result).toMatchObject({
      before: "inactive",
      state: "active",
      availability: "up",
    });
    await on("web", "restart");
    await on("web", "reload", { connection: { unit: "web@1.service", scope: "user" } });
    expect(
      calls()
        .filter((call) => !call.includes("show"))
        .slice(2),
    ).toEqual([
      "systemctl --no-pager --no-ask-password restart -- web",
      "systemctl --user --no-pager --no-ask-password reload -- web@1.service",
    ]);
  });

  it("fails with the unit's state and the end of its journal", async () => {
    const { error } = await on("failing", "start");
    expect(error).toMatchObject({
      code: "unit_failed",
      message: "systemctl start left failing failed (success): Job for failing.service failed.",
      details: {
        exitCode: 1,
        state: "failed",
        lastLines: ["Job for failing.service failed.", "first line", "second line"],
      },
    });
  });

  it("does not call a unit started that ends at once and is started again and again", async () => {
    const { status, error } = await on("looping", "start");
    expect(status).toBe("failed");
    expect(error).toMatchObject({
      code: "unit_failed",
      message: "systemctl start left looping activating (exit-code): it ends and is started again",
      details: { exitCode: 0, subState: "auto-restart", lastLines: ["first line", "second line"] },
    });
    expect((await on("looping", "stop")).status).toBe("succeeded");
  });

  it("tells a unit that is not there, a machine without systemd, and what is not allowed apart", async () => {
    expect((await on("missing", "status")).error).toMatchObject({ code: "unknown_unit", source: "operation" });
    expect((await on("broken", "check")).error).toMatchObject({ code: "no_systemd", source: "system" });
    expect((await on("guarded", "start")).error).toMatchObject({ code: "not_permitted" });
    await expect(on("--now", "start")).rejects.toMatchObject({ code: "invalid_inventory" });
    await expect(on("a b", "start")).rejects.toMatchObject({ code: "invalid_inventory" });
  });

  it("is up when it is active", async () => {
    expect((await on("web", "check")).result).toEqual({ availability: "up", state: "active", subState: "sub" });
    writeFileSync(join(bin, "state"), "failed\n");
    expect((await on("web", "check")).result).toMatchObject({ availability: "down", reason: "it is failed (sub)" });
    expect((await on("missing", "check")).result).toMatchObject({ reason: "there is no such unit" });
  });

  it("measures what systemd counts", async () => {
    expect((await on("web", "metrics")).result).toEqual({ memory: 1_024, cpuTime: 5, tasks: 0, restarts: 2 });
  });

  it("gives the journal, and follows it until the execution is canceled", async () => {
    const parameters = { lines: 5, since: "1 hour ago" };
    expect(await on("web", "logs", { parameters })).toMatchObject({
      stdout: "first line\nsecond line\n",
      result: { lines: 2 },
    });
    expect(calls()).toEqual(["journalctl --no-pager --output=short-iso --lines=5 --since=1 hour ago --unit=web"]);
    const run = on("web", "logs", {
      parameters: { follow: true },
      killGrace: 50,
      onOutput: (text) => text.includes("second") && run.abort(),
    });
    expect(await run).toMatchObject({ status: "canceled" });
  });
});
