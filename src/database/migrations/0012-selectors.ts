/**
 * Indexes for selectors over a large inventory: each answers in the order of the ids, so that a page is its first rows.
 * PostgreSQL finds labels by its GIN index; SQLite has none, and keeps a row a label beside the document.
 */
import type { Migration } from "../migrate.ts";

export const selectors: Migration = {
  number: 12,
  name: "selectors",
  statements: (dialect) => [
    `DROP INDEX resource_type_zone`,
    `CREATE INDEX resource_type_zone ON resource (type, zone, id)`,
    `CREATE INDEX resource_by_type ON resource (type, id)`,
    `CREATE INDEX resource_by_zone ON resource (zone, id)`,
    `CREATE INDEX resource_by_worker ON resource (worker) WHERE worker IS NOT NULL`,
    ...(dialect.engine === "sqlite"
      ? labelRows()
      : [`CREATE INDEX resource_by_name ON resource (name COLLATE "C", id)`]),
  ],
};

/** Kept by triggers, so that no statement that writes labels can forget them. */
function labelRows(): string[] {
  const insert = `INSERT INTO resource_label (key, value, resource)
    SELECT key, value, NEW.id FROM json_each(NEW.labels)`;
  return [
    `CREATE TABLE resource_label (
      key TEXT NOT NULL, value TEXT NOT NULL, resource INTEGER NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
      PRIMARY KEY (key, value, resource)
    ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX resource_label_resource ON resource_label (resource)`,
    `INSERT INTO resource_label (key, value, resource)
       SELECT j.key, j.value, r.id FROM resource r, json_each(r.labels) AS j`,
    `CREATE TRIGGER resource_labels_added AFTER INSERT ON resource BEGIN ${insert}; END`,
    `CREATE TRIGGER resource_labels_changed AFTER UPDATE OF labels ON resource WHEN OLD.labels <> NEW.labels BEGIN
       DELETE FROM resource_label WHERE resource = NEW.id; ${insert}; END`,
  ];
}
