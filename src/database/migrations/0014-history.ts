/**
 * Questions about the history: by the name of a resource, which those that are there are found for by their id, and former
 * ones by this; and by a kind, of which most entries are the one that is left out. Neither costs a plain operation anything.
 */
import type { Migration } from "../migrate.ts";
import { guesses } from "./0013-statistics.ts";

export const history: Migration = {
  number: 14,
  name: "history",
  statements: ({ engine }) => [
    `CREATE INDEX entry_former_resource ON entry (resource_name, id) WHERE resource IS NULL AND resource_name IS NOT NULL`,
    `CREATE INDEX entry_kind ON entry (kind, id) WHERE kind <> 'operation'`,
    ...(engine === "sqlite"
      ? guesses([
          ["entry", "entry_former_resource", "10000 50 1"],
          ["entry", "entry_kind", "100000 20000 1"],
        ])
      : []),
  ],
};
