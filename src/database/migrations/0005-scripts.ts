/** Scripts that run on the server: what was uploaded, and the secrets that their runs speak to the server with. */
import type { Dialect } from "../dialect.ts";
import type { Migration } from "../migrate.ts";

export const scripts: Migration = {
  number: 5,
  name: "scripts",
  statements: ({ types: t, tableSuffix }: Dialect) => [
    `CREATE TABLE script (
      entry ${t.int} PRIMARY KEY REFERENCES entry (id), file text NOT NULL, files text NOT NULL
    ) ${tableSuffix}`,
    // A secret is good while its entry runs in that attempt: the end of the entry is the end of its secrets, in the same
    // transaction and on every server, without a write of its own.
    `CREATE TABLE script_token (
      hash text PRIMARY KEY, entry ${t.int} NOT NULL REFERENCES script (entry),
      attempt ${t.int} NOT NULL CHECK (attempt >= 1), created_at ${t.int} NOT NULL
    ) ${tableSuffix}`,
    `CREATE INDEX script_token_entry ON script_token (entry)`,
  ],
};
