import { describe, expect, it } from "vitest";
import { ERROR_STATUS, WilcoError, type ErrorCode } from "../../src/core/errors.ts";
import type { EntryError } from "../../src/domain/entry.ts";
import type { Status } from "../../src/domain/status.ts";
import { exitCodeOfError, exitCodeOfOutcomes, exitCodeOfScriptError, type Outcome } from "../../src/cli/exit-codes.ts";

const ended = (status: Status, error: Partial<EntryError> | null = null): Outcome => ({
  status,
  error: error && { code: "x", message: "x", source: "operation", ...error },
});
const unclaimed = ended("failed", { source: "system", code: "no_worker" });

describe("exit code of entries: the first rule that fits decides", () => {
  it.each([
    ["all succeeded", [ended("succeeded"), ended("succeeded")], 0],
    ["one of one failed", [ended("failed")], 1],
    ["one of one timed out", [ended("timed_out")], 1],
    ["some succeeded, one failed", [ended("succeeded"), ended("failed")], 5],
    ["some succeeded, one was lost", [ended("succeeded"), ended("lost")], 5],
    ["all were canceled", [ended("canceled"), ended("canceled")], 4],
    ["one canceled, one failed", [ended("canceled"), ended("failed")], 1],
    ["no worker took any", [unclaimed, unclaimed], 8],
    ["nobody took it before it expired", [ended("failed", { source: "system", code: "expired" })], 8],
    ["one unclaimed, one failed", [unclaimed, ended("failed")], 1],
    ["one was lost, one failed", [ended("lost"), ended("failed")], 6],
    ["one was lost, one unclaimed", [ended("lost"), unclaimed], 6],
    ["an operation's own error called expired", [ended("failed", { source: "operation", code: "expired" })], 1],
  ])("%s", (_what, outcomes, code) => {
    expect(exitCodeOfOutcomes(outcomes)).toBe(code);
  });

  it("is 0 when as many succeeded as were asked for", () => {
    expect(exitCodeOfOutcomes([ended("succeeded"), ended("failed")], 1)).toBe(0);
  });
});

describe("exit code of errors", () => {
  const codeOf = (code: ErrorCode) => exitCodeOfError(new WilcoError({ code, message: "x" }));

  it.each<[ErrorCode, number]>([
    ["invalid_parameters", 2],
    ["unknown_resource", 2],
    ["script_invalid", 2],
    ["data_directory_in_use", 2],
    ["unauthenticated", 3],
    ["forbidden", 3],
    ["operation_canceled", 4],
    ["operation_lost", 6],
    ["unreachable", 7],
    ["no_worker", 8],
    ["poll_limit_reached", 124],
    ["internal", 70],
  ])("%s gives %i", (code, exit) => {
    expect(codeOf(code)).toBe(exit);
  });

  it("is one of the contract's for every error there is", () => {
    const contract = new Set([1, 2, 3, 4, 5, 6, 7, 8, 70, 124, 130]);
    for (const code of Object.keys(ERROR_STATUS)) expect(contract).toContain(codeOf(code as ErrorCode));
  });

  it("is 70 for what nobody threw on purpose", () => {
    expect(exitCodeOfError(new TypeError("x is not a function"))).toBe(70);
    expect(exitCodeOfError(undefined)).toBe(70);
  });

  it("keeps 2 for what is refused before a script's first line", () => {
    expect(exitCodeOfScriptError("unknown_operation")).toBe(1);
    expect(exitCodeOfScriptError("no_worker")).toBe(8);
    expect(exitCodeOfScriptError("operation_canceled")).toBe(4);
    expect(exitCodeOfScriptError("not a code")).toBe(1);
  });

  it("is 5 for a script's request only when some of its tasks succeeded", () => {
    const codeOf = (tasks: object) => exitCodeOfScriptError("targets_failed", { tasks });
    expect(codeOf({ succeeded: 1, failed: 2 })).toBe(5);
    expect(codeOf({ failed: 2, canceled: 1 })).toBe(1);
    expect(codeOf({ failed: 2, lost: 1 })).toBe(6);
  });
});
