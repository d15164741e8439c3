/** Content and where its bytes are, which entries name it, and which versions of a resource were deployed from it. */
import type { Migration } from "../migrate.ts";

export const content: Migration = {
  number: 7,
  name: "content",
  statements: ({ types: t, tableSuffix, contentChunks }) => [
    `CREATE TABLE content (
      sha256 text PRIMARY KEY CHECK (length(sha256) = 64), size ${t.int} NOT NULL CHECK (size > 0), name text NOT NULL,
      created_by text NOT NULL, created_at ${t.int} NOT NULL, place text NOT NULL
    ) ${tableSuffix}`,
    `CREATE INDEX content_created ON content (created_at, sha256)`,
    ...contentChunks,
    // What is named can't be removed: the key refuses it, whatever the code believes. `restores` is the version that a
    // roll-back brings back.
    `CREATE TABLE entry_content (
      entry ${t.int} NOT NULL REFERENCES entry (id), parameter text NOT NULL,
      content text NOT NULL REFERENCES content (sha256), restores ${t.int}, PRIMARY KEY (entry, parameter)
    ) ${tableSuffix}`,
    `CREATE INDEX entry_content_content ON entry_content (content)`,
    `CREATE TABLE deployment (
      resource ${t.int} NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
      version ${t.int} NOT NULL CHECK (version >= 1), label text,
      content text NOT NULL REFERENCES content (sha256), name text NOT NULL,
      entry ${t.int} NOT NULL UNIQUE REFERENCES entry (id), author text NOT NULL, at ${t.int} NOT NULL,
      status text NOT NULL CHECK (status IN ('current', 'former', 'rolled_back')), restores ${t.int},
      PRIMARY KEY (resource, version)
    ) ${tableSuffix}`,
    `CREATE UNIQUE INDEX deployment_current ON deployment (resource) WHERE status = 'current'`,
    `CREATE INDEX deployment_content ON deployment (content)`,
  ],
};
