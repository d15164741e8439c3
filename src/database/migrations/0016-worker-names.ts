/** The last session of a name, and whether there is a later one, among all sessions that there have been. */
import type { Migration } from "../migrate.ts";
import { guesses } from "./0013-statistics.ts";

export const workerNames: Migration = {
  number: 16,
  name: "worker-names",
  statements: ({ engine }) => [
    "CREATE INDEX worker_name ON worker (name, started_at)",
    ...(engine === "sqlite" ? guesses([["worker", "worker_name", "1000 5 1"]]) : []),
  ],
};
