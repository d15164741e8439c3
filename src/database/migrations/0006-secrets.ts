/** The secret store, and what is secret in the parameters of an entry: sealed, and never in the shown columns. */
import type { Migration } from "../migrate.ts";

export const secrets: Migration = {
  number: 6,
  name: "secrets",
  statements: ({ types: t, tableSuffix }) => [
    `CREATE TABLE secret (
      name text PRIMARY KEY, sealed text NOT NULL, updated_by text NOT NULL,
      created_at ${t.int} NOT NULL, updated_at ${t.int} NOT NULL
    ) ${tableSuffix}`,
    `ALTER TABLE entry ADD COLUMN sealed text`,
  ],
};
