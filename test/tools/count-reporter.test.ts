import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startProcess } from "../support/processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs vitest on test files of its own, with nothing but our reporter. */
async function run(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "wilco-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [name, source] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { expect, test, beforeAll, describe } from "vitest";\n${source}`);
  }
  const reporter = join(root, "tools", "count-reporter.ts");
  const ended = await startProcess(
    process.execPath,
    [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", folder, "--reporter", reporter],
    { cwd: folder, env: { WILCO_COUNT_FILE: join(folder, "count.json"), VITEST: undefined } },
  ).ended;
  const count = JSON.parse(readFileSync(join(folder, "count.json"), "utf8")) as unknown;
  return { code: ended.code, line: ended.stdout.trimEnd().split("\n").at(-1), count };
}

test("a run that passes ends with its count", async () => {
  const result = await run({ "a.test.js": 'test("one", () => {}); test("two", () => {});' });
  expect(result).toEqual({ code: 0, line: "2 passed, 0 failed", count: { passed: 2, failed: 0, skipped: 0 } });
});

test("failed tests, files that do not load and failed hooks are counted as failed, skipped tests are named", async () => {
  const result = await run({
    "a.test.js": 'test("one", () => {}); test("two", () => expect(1).toBe(2)); test.skip("three", () => {});',
    "b.test.js": 'throw new Error("does not load");',
    "c.test.js": 'describe("group", () => { beforeAll(() => { throw new Error("hook"); }); test("four", () => {}); });',
  });
  expect(result.code).toBe(1);
  // The failed test, the file and the hook; the test behind the hook has not run.
  expect(result.line).toBe("1 passed, 3 failed, 2 skipped");
});

test("a run that finds no tests has not passed", async () => {
  const result = await run({});
  expect(result.code).toBe(1);
  expect(result.line).toBe("0 passed, 0 failed (the run did not finish)");
  expect(result.count).toMatchObject({ failed: 1 });
});
