/** Groups of groups, types as they were written, and what discoveries found. */
import type { Migration } from "../migrate.ts";

export const inventoryAsCode: Migration = {
  number: 8,
  name: "inventory-as-code",
  statements: ({ types: t, tableSuffix }) => [
    // A group may name groups: its members are theirs and those that it lists itself, perhaps none.
    `ALTER TABLE resource_group ADD COLUMN nested text CONSTRAINT nested_means_listed CHECK (nested IS NULL OR members IS NOT NULL)`,
    // The type as its document has it, so that an export gives back what was written.
    `ALTER TABLE resource_type ADD COLUMN source text`,
    // A selector: which findings under this resource are taken without a yes.
    `ALTER TABLE resource ADD COLUMN take_found text`,
    `CREATE TABLE finding (
      id ${t.id}, found_under ${t.int} NOT NULL REFERENCES resource (id) ON DELETE CASCADE, name text NOT NULL,
      type text NOT NULL, status text NOT NULL CHECK (status IN ('new', 'taken', 'ignored', 'gone')),
      document text NOT NULL, entry ${t.int} REFERENCES entry (id) ON DELETE SET NULL,
      first_seen_at ${t.int} NOT NULL, seen_at ${t.int} NOT NULL, decided_by text, decided_at ${t.int},
      UNIQUE (found_under, name), CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
      CHECK (status <> 'new' OR decided_by IS NULL), CHECK (status NOT IN ('taken', 'ignored') OR decided_by IS NOT NULL)
    ) ${tableSuffix}`,
    `CREATE INDEX finding_status ON finding (status, id)`,
    `CREATE INDEX finding_entry ON finding (entry)`,
  ],
};
