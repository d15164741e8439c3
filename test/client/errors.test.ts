import { expect, test } from "vitest";
import {
  atCallSite,
  errorOfEntry,
  Interrupted,
  locationOf,
  OperationCanceled,
  OperationFailed,
  OperationLost,
  OperationTimedOut,
  TargetsFailed,
} from "../../src/client/errors.ts";
import { WilcoError } from "../../src/core/errors.ts";
import { entryOf } from "./world/fixtures.ts";

const failure = { code: "exit_code", message: "exit code 3", source: "operation" } as const;

test("a failed entry becomes OperationFailed with one sentence, the entry and its last output", () => {
  const entry = entryOf({ status: "failed", error: failure });
  const error = errorOfEntry(entry, "no space left");
  expect(error).toBeInstanceOf(OperationFailed);
  expect(error).toBeInstanceOf(WilcoError);
  expect(error.message).toBe("web-1 restart failed (entry 1042): exit code 3");
  expect(error.hint).toContain("wilco entry tail 1042");
  expect(error).toMatchObject({
    name: "OperationFailed",
    code: "operation_failed",
    entry,
    lastOutput: "no space left",
  });
  expect(error.details).toEqual({ entry: 1042, status: "failed", error: failure });
});

test("each other terminal status has its own class and sentence", () => {
  const canceled = errorOfEntry(entryOf({ status: "canceled" }));
  expect(canceled).toBeInstanceOf(OperationCanceled);
  expect(canceled.message).toBe("web-1 restart was canceled (entry 1042)");
  const timedOut = errorOfEntry(entryOf({ status: "timed_out", timeout: 30_000 }));
  expect(timedOut).toBeInstanceOf(OperationTimedOut);
  expect(timedOut.message).toBe("web-1 restart timed out (entry 1042): it did not end within 30s");
  const lost = errorOfEntry(entryOf({ status: "lost" }));
  expect(lost).toBeInstanceOf(OperationLost);
  expect(lost.message).toBe("web-1 restart was lost (entry 1042): its worker died");
  expect(lost.hint).toContain("may have run");
});

test("a failed request says on how many of its targets", () => {
  const entry = entryOf({
    kind: "request",
    resource: null,
    status: "failed",
    tasks: { succeeded: 7, failed: 2, lost: 1 },
  });
  const error = errorOfEntry(entry);
  expect(error).toBeInstanceOf(TargetsFailed);
  expect(error.message).toBe("restart did not succeed on 3 of 10 targets (entry 1042)");
});

test("the hint of the entry's own error comes first", () => {
  const entry = entryOf({ status: "failed", error: { ...failure, hint: "Free some space." } });
  expect(errorOfEntry(entry).hint).toBe("Free some space.");
});

test("an entry that did not fail is no error", () => {
  expect(() => errorOfEntry(entryOf({ status: "succeeded" }))).toThrow(/succeeded: that is no failure/);
  expect(() => errorOfEntry(entryOf({ status: "running" }))).toThrow(/running: that is no failure/);
});

test("an error that several calls share is copied for each, with that call's line", () => {
  const shared = new WilcoError({ code: "unreachable", message: "gone", hint: "Start it.", details: { url: "x" } });
  const site = (line: number) => ({ location: `deploy.ts:${line}:3`, stack: `    at deploy.ts:${line}:3` });
  const [first, second] = [atCallSite(shared, site(1)), atCallSite(shared, site(2))] as [WilcoError, WilcoError];
  expect(first).not.toBe(second);
  expect([locationOf(first), locationOf(second)]).toEqual(["deploy.ts:1:3", "deploy.ts:2:3"]);
  expect(first.stack).toBe("WilcoError: gone\n    at deploy.ts:1:3");
  expect(first).toMatchObject({ code: "unreachable", hint: "Start it.", details: { url: "x" }, cause: shared });
});

test("what is no error of wilco's stays as it is", () => {
  const thrown = new TypeError("of the script");
  expect(atCallSite(thrown, { location: "a.ts:1:1", stack: "" })).toBe(thrown);
  expect(locationOf("a text")).toBeUndefined();
});

test("Interrupted may come before there is an entry", () => {
  const error = new Interrupted({ message: "stopped", entry: undefined });
  expect(error).toMatchObject({ code: "interrupted", entry: undefined, lastOutput: "", details: undefined });
});
