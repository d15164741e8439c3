/** Which key the secrets of this database are sealed with, by its id: one for all servers, or each would seal for itself. */
import type { Migration } from "../migrate.ts";

export const sealingKey: Migration = {
  number: 15,
  name: "sealing-key",
  statements: ({ types: t, tableSuffix }) => [
    `CREATE TABLE sealing_key (
      single ${t.int} PRIMARY KEY CHECK (single = 1), key_id text NOT NULL, since ${t.int} NOT NULL
    ) ${tableSuffix}`,
  ],
};
