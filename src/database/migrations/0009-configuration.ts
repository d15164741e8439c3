/** Configurations of resources: the versions that were verified, and what a running update is to make of the last. */
import type { Migration } from "../migrate.ts";

export const configuration: Migration = {
  number: 9,
  name: "configuration",
  statements: ({ types: t, tableSuffix }) => [
    // The newest version stands with its resource: a claim reads it without another statement.
    `ALTER TABLE resource ADD COLUMN configuration text`,
    `ALTER TABLE resource ADD COLUMN configuration_version ${t.int} NOT NULL DEFAULT 0 CHECK (configuration_version >= 0)`,
    `CREATE TABLE configuration_version (
      resource ${t.int} NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
      version ${t.int} NOT NULL CHECK (version >= 1),
      content text NOT NULL, changes text NOT NULL, rollback_of ${t.int},
      entry ${t.int} UNIQUE REFERENCES entry (id) ON DELETE SET NULL,
      author text NOT NULL, note text, at ${t.int} NOT NULL,
      PRIMARY KEY (resource, version), CHECK (rollback_of IS NULL OR rollback_of < version)
    ) ${tableSuffix}`,
    // Written by the claim that merged the patch, so that a repeated answer hands out the same.
    `CREATE TABLE configuration_change (
      entry ${t.int} PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
      resource ${t.int} NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
      base ${t.int} NOT NULL, content text NOT NULL, changes text NOT NULL, rollback_of ${t.int}
    ) ${tableSuffix}`,
    `CREATE INDEX configuration_change_resource ON configuration_change (resource)`,
  ],
};
