import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeDirectory } from "../../src/core/make-directory.ts";

const folder = mkdtempSync(join(tmpdir(), "wilco-make-directory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("makes a directory with all above it, once or twice", () => {
  const path = join(folder, "a", "b", "c");
  makeDirectory(path, 0o700);
  makeDirectory(path, 0o700);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

it("says so when a file is in the way", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeDirectory(join(folder, "file"), 0o700)).toThrow(/EEXIST/);
  expect(() => makeDirectory(join(folder, "file", "below"), 0o700)).toThrow(/EEXIST|ENOTDIR/);
});

it.runIf(existsSync("/proc/self"))("comes back from a place where nothing can be made", () => {
  expect(() => makeDirectory("/proc/wilco/data", 0o700)).toThrow(/ENOENT/);
});
