import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
// @ts-expect-error plain JavaScript, because it runs on Nodes that do not read TypeScript
import { isInstalled } from "../../tools/setup.mjs";

interface Packages {
  [path: string]: { version: string; integrity?: string; optional?: boolean };
}

function project(wanted: Packages, present: Packages | undefined): string {
  const root = mkdtempSync(join(tmpdir(), "wilco-test-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "node_modules"));
  const write = (path: string, packages: Packages) => writeFileSync(join(root, path), JSON.stringify({ packages }));
  write("package-lock.json", { "": { version: "0.1.0" }, ...wanted });
  if (present !== undefined) write("node_modules/.package-lock.json", present);
  return root;
}

const a = { version: "1.0.0", integrity: "sha512-a" };
const foreign = { version: "2.0.0", integrity: "sha512-b", optional: true };

test.each([
  ["holds everything", { "node_modules/a": a }, { "node_modules/a": a }, true],
  [
    "lacks only what is for other platforms",
    { "node_modules/a": a, "node_modules/b": foreign },
    { "node_modules/a": a },
    true,
  ],
  ["was left by a broken-off install", { "node_modules/a": a }, undefined, false],
  ["lacks a package", { "node_modules/a": a }, {}, false],
  ["has another version", { "node_modules/a": a }, { "node_modules/a": { ...a, version: "1.0.1" } }, false],
  ["has other contents", { "node_modules/a": a }, { "node_modules/a": { ...a, integrity: "sha512-x" } }, false],
  ["has a package that is gone from the lock", {}, { "node_modules/a": a }, false],
])("a node_modules that %s", (_what, wanted: Packages, present: Packages | undefined, installed) => {
  expect(isInstalled(project(wanted, present))).toBe(installed);
});
