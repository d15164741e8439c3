import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { refuseOldNode } from "../../src/cli/node-version.ts";
import { CLI_FILE } from "../support/cli.ts";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
  engines: { node: string };
};

/** Runs the command in this Node, which says of itself that it is `version`. */
function runAs(version: string, ...args: string[]) {
  const pretend = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;
  return spawnSync(process.execPath, ["--import", pretend, CLI_FILE, ...args], { encoding: "utf8" });
}

test("what is refused is what package.json excludes", () => {
  const oldest = manifest.engines.node.replace(">=", "");
  expect(refuseOldNode(`${oldest}.0`)).toBeUndefined();
  expect(refuseOldNode("22.17.9")).toContain(`needs Node ${oldest} or later`);
  expect(refuseOldNode("20.20.2")).toContain("this is Node 20.20.2");
  expect(refuseOldNode("23.0.0")).toBeUndefined();
  expect(refuseOldNode("100.1.0")).toBeUndefined();
});

test("an old Node is told in a sentence and a hint, with the exit code of wrong use", () => {
  const { status, stdout, stderr } = runAs("20.20.2", "run", "x.ts");
  expect(stderr).toMatch(/^error: wilco needs Node 22\.18 or later, and this is Node 20\.20\.2\.\n {2}Install .*\n$/);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test("the version is told on an old Node, too", () => {
  const { status, stdout } = runAs("20.20.2", "--version");
  expect(stdout).toBe(`${manifest.version}\n`);
  expect(status).toBe(0);
});
