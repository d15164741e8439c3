/**
 * `npm run check`: format, lint, types, knip, package, tests, in that order. All of them run even when one fails, so
 * that one run names everything there is to mend. Ends with `N passed, N failed`, each check before the tests counted
 * as one.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closingLine, type Count } from "./count-reporter.ts";

const CHECKS = ["format:check", "lint", "types", "knip", "build", "package"];

const total: Count = { passed: 0, failed: 0, skipped: 0 };
for (const name of CHECKS) {
  const passed = npmRun(name);
  console.log(`${passed ? "ok    " : "FAILED"} npm run ${name}`);
  total[passed ? "passed" : "failed"]++;
}

const folder = mkdtempSync(join(tmpdir(), "wilco-check-"));
try {
  const countFile = join(folder, "count.json");
  const passed = npmRun("test", { WILCO_COUNT_FILE: countFile });
  const tests: Count = existsSync(countFile)
    ? (JSON.parse(readFileSync(countFile, "utf8")) as Count)
    : { passed: 0, failed: 1, skipped: 0 }; // it did not get as far as running a test
  if (!passed && tests.failed === 0) tests.failed = 1;
  for (const key of ["passed", "failed", "skipped"] as const) total[key] += tests[key];
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\nWith the ${CHECKS.length} checks before the tests:\n${closingLine(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;

function npmRun(script: string, environment: NodeJS.ProcessEnv = {}): boolean {
  const run = spawnSync("npm", ["run", "--silent", script], {
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (run.error !== undefined) throw run.error;
  return run.status === 0;
}
