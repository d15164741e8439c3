/**
 * The order of the test files: those that take long by themselves begin first, so that none of them is the last one that
 * everything waits for. Else as vitest has it (by the times of the run before, then by size).
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
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? LONG.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's, not an array's
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
