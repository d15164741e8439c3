/**
 * The order of the test files: those that take long by themselves begin first, so that none of them is the last one that
 * everything waits for. Those that share processes are the last: a process goes on to the next file only when that is
 * one of them too. Else as vitest has it (by the times of the run before, then by size).
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest first. */
const LONG = [
  "test/sandbox/hostile/corpus.test.ts",
  "test/docs/pages.test.ts",
  "test/worker/flood.test.ts",
  "test/drill/drill.test.ts",
  "test/e2e/restart.test.ts",
  "test/e2e/kill-server.test.ts",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}`));
      if (at >= 0) return at;
      return project.config.isolate ? LONG.length : LONG.length + 1;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's, not an array's
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
