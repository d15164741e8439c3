import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/longest-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // One real PostgreSQL for the whole run; each test gets a database of its own on it (test/support/engines.ts).
    globalSetup: ["test/support/postgres.ts"],
    // Processes, not threads: the tests start workers and child processes, send signals and load native modules.
    pool: "forks",
    // Many tests wait for processes of their own: one file at a time, which is the default on two cores, left half of the
    // machine idle.
    maxWorkers: Math.max(3, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    // Generous, for loaded two-core machines. Tests wait for signals; none of them counts on a time.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters:
      process.env["WILCO_TEST_QUIET"] === "1"
        ? ["dot", "./tools/count-reporter.ts"]
        : ["default", "./tools/count-reporter.ts"],
    restoreMocks: true,
    env: {
      // The numbers of entries are what tests ask for; those of automatic checks turn it on.
      WILCO_AUTOMATIC: "off",
      // For the processes that tests start: those of handlers run from the source and took nearly twice as much.
      NODE_COMPILE_CACHE: join(tmpdir(), "wilco-test-cache", "compiled"),
    },
  },
});
