import { describe, expect, it } from "vitest";
import { createArguments, type ArgumentKind } from "../../src/sandbox/guest/args.ts";

const SPEC = { version: "string", count: "number?", dryRun: "boolean" } as const;

describe("args", () => {
  it("are a frozen list", () => {
    const args = createArguments(["a", "--b"]);
    expect([...args]).toEqual(["a", "--b"]);
    expect(Object.isFrozen(args)).toBe(true);
    expect(Object.keys(args)).toEqual(["0", "1"]);
  });

  it.each([
    [["1.2"], { version: "1.2", count: undefined, dryRun: false }],
    [["1.2", "7"], { version: "1.2", count: 7, dryRun: false }],
    [["--version=1.2", "--count", "-3", "--dry-run"], { version: "1.2", count: -3, dryRun: true }],
    [["--dryRun", "1.2"], { version: "1.2", count: undefined, dryRun: true }],
    [["--count=2", "1.2", "--no-dry-run"], { version: "1.2", count: 2, dryRun: false }],
    [["--dry-run=yes", "--", "--odd"], { version: "--odd", count: undefined, dryRun: true }],
    [["--version="], { version: "", count: undefined, dryRun: false }],
  ])("%j are read", (values, parsed) => {
    expect(createArguments(values).parse(SPEC)).toEqual(parsed);
  });

  it.each([
    [[], "The argument version is missing", "Usage: --version=TEXT [--count=NUMBER] [--dry-run]"],
    [["a", "1", "b"], '"b" is one argument too many', "Usage:"],
    [["a", "x"], 'count: "x" is not a number', "Usage:"],
    [["a", "--count="], 'count: "" is not a number', "Usage:"],
    [["a", "--conut=1"], "The script has no argument --conut", "Did you mean --count?"],
    [["a", "--count"], "--count has no value", "Usage:"],
    [["a", "--version=b", "--version=c"], "--version is given twice", "Usage:"],
    [["a", "--dry-run=maybe"], '--dry-run: "maybe" is neither true nor false', "Usage:"],
    [["a", "--no-count"], "The script has no argument --no-count", "count"],
  ])("%j are refused with a sentence and the usage", (values, message, hint) => {
    try {
      createArguments(values).parse(SPEC);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "invalid_request", message });
      expect((error as { hint: string }).hint).toContain(hint);
    }
  });

  it("refuse a specification with an unknown kind", () => {
    expect(() => createArguments([]).parse({ a: "text" as ArgumentKind })).toThrow('a is "text"');
  });
});
