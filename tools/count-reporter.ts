/**
 * The closing line of a test run, `N passed, N failed`, from vitest's own results. `WILCO_COUNT_FILE` names a file that
 * gets the same numbers as JSON.
 */
import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestRunEndReason } from "vitest/node";

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts tests. What failed outside a test counts as a failure of its own: a file that does not load, a hook of a file
 * or suite, an unhandled rejection; otherwise the line could say "0 failed" of a run that ends with 1.
 */
export function countResults(modules: readonly TestModule[], unhandled: readonly unknown[]): Count {
  const count: Count = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const module of modules) {
    count.failed += module.errors().length;
    for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") count.passed++;
      else if (state === "failed") count.failed++;
      else count.skipped++;
    }
  }
  return count;
}

export function closingLine({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    const count = countResults(modules, unhandled);
    const line = closingLine(count);
    // An interrupted run, or one that found no tests, has counted nothing wrong and has still not passed.
    const complete = reason === "passed" || count.failed > 0;
    const file = process.env["WILCO_COUNT_FILE"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(complete ? count : { ...count, failed: 1 }));
    // Printed when the process ends: the other reporters' summaries come before it, whatever their order.
    process.once("exit", () => process.stdout.write(complete ? `\n${line}\n` : `\n${line} (the run did not finish)\n`));
  }
}
