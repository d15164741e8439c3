import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { lastLines, tellingLine } from "../../src/resource-types/tail.ts";

test("the last line of an output says what went wrong", () => {
  expect(tellingLine(lastLines("Traceback\n  File x\nKeyError: 'a'\n\n", 20))).toBe("KeyError: 'a'");
  expect(tellingLine([])).toBeUndefined();
  expect(tellingLine(["something", "Node.js v24.1.0"])).toBe("Node.js v24.1.0");
});

test.each([
  ["a module that is not there", ["/no/such/module.mjs"], /^Error: Cannot find module '\/no\/such\/module\.mjs'$/],
  [
    "an error with a cause",
    ["-e", "throw new TypeError('outer', { cause: new Error('inner') })"],
    /^TypeError: outer$/,
  ],
  ["an error of a system call", ["-e", "require('fs').readFileSync('/no/such')"], /^Error: ENOENT: /],
])("of a Node that crashed it is the error: %s", (_what, args, expected) => {
  const { stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(lastLines(stderr, 20).at(-1)).toMatch(/^Node\.js v/);
  expect(tellingLine(lastLines(stderr, 20))).toMatch(expected);
});
