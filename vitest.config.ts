import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { builtChildren } from "./tools/built-children.ts";
import { LongestFirst } from "./tools/longest-first.ts";

/**
 * Folders whose files share their processes, because they do their work in them and change nothing there. The others start
 * processes, measure their own, or put modules in the place of others.
 */
const TOGETHER = [
  "test/{access,client,content,core,database,domain,inventory,operations}/**/*.test.ts",
  "test/{resource-types,server,shell,support,telemetry,testing,typegen}/**/*.test.ts",
];

/** What both projects have, in which vitest wants it said. */
const common = {
  // Processes, not threads: the tests start workers and child processes, send signals and load native modules.
  pool: "forks",
  // Many tests wait for processes of their own: one file at a time, which is the default on two cores, left half of the
  // machine idle.
  maxWorkers: Math.max(3, availableParallelism()),
  // Generous, for loaded two-core machines. Tests wait for signals; none of them counts on a time.
  testTimeout: 30_000,
  hookTimeout: 30_000,
  restoreMocks: true,
  env: {
    // The numbers of entries are what tests ask for; those of automatic checks turn it on.
    WILCO_AUTOMATIC: "off",
    // For the processes that tests start: those of handlers run from the source and took nearly twice as much.
    NODE_COMPILE_CACHE: join(tmpdir(), "wilco-test-cache", "compiled"),
  },
} as const;

/** `npm test` builds first. */
const plugins = process.env["WILCO_TEST_CLI"] === "dist" ? [builtChildren(import.meta.dirname)] : [];

export default defineConfig({
  test: {
    projects: [
      // A new process for each of these, with all of src/ loaded anew, cost 0.4 s of computing a file.
      { plugins, test: { ...common, name: "together", include: TOGETHER, isolate: false } },
      { plugins, test: { ...common, name: "alone", include: ["test/**/*.test.ts"], exclude: TOGETHER } },
    ],
    // One real PostgreSQL for the whole run; each test gets a database of its own on it (test/support/engines.ts).
    globalSetup: ["test/support/postgres.ts"],
    sequence: { sequencer: LongestFirst },
    reporters:
      process.env["WILCO_TEST_QUIET"] === "1"
        ? ["dot", "./tools/count-reporter.ts"]
        : ["default", "./tools/count-reporter.ts"],
  },
});
