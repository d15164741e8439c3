/**
 * Resources that are watched: when they are looked at next, what was seen, and every change of availability. The change
 * is written by a trigger, so that no statement that changes the availability can forget it.
 */
import type { Dialect } from "../dialect.ts";
import type { Migration } from "../migrate.ts";

export const watching: Migration = {
  number: 10,
  name: "watching",
  statements: (dialect) => [
    ...intervals(dialect),
    ...availability(dialect),
    ...samples(dialect),
    ...automatic(dialect),
  ],
};

function intervals({ types: t }: Dialect): string[] {
  const add = (table: string, column: string) => `ALTER TABLE ${table} ADD COLUMN ${column}`;
  return ["check", "metrics"].flatMap((what) => [
    // ms; null = never.
    add("resource_type", `${what}_every ${t.int} CHECK (${what}_every >= 1000)`),
    // ms; null = as its type says, 0 = never.
    add("resource", `${what}_every ${t.int} CHECK (${what}_every = 0 OR ${what}_every >= 1000)`),
    add("resource", `${what}_due ${t.int} CHECK (${what}_due IS NULL OR availability <> 'disabled')`),
    // Nothing due is one look at this index, however many resources there are.
    `CREATE INDEX resource_${what}_due ON resource (${what}_due) WHERE ${what}_due IS NOT NULL`,
  ]);
}

function availability({ engine, types: t, tableSuffix }: Dialect): string[] {
  const insert = `INSERT INTO availability_change (resource, at, availability, reason, entry)
    VALUES (NEW.id, NEW.availability_changed, NEW.availability, NEW.availability_reason, NEW.availability_entry)`;
  return [
    `ALTER TABLE resource ADD COLUMN availability_changed ${t.int}`,
    `ALTER TABLE resource ADD COLUMN availability_reason text`,
    // Of the last change. No foreign key: `availability_change` has one, for as long as the change is kept.
    `ALTER TABLE resource ADD COLUMN availability_entry ${t.int}`,
    `CREATE TABLE availability_change (
      id ${t.id}, resource ${t.int} NOT NULL REFERENCES resource (id) ON DELETE CASCADE, at ${t.int} NOT NULL,
      availability text NOT NULL CHECK (availability IN ('up', 'down', 'unknown', 'disabled')),
      reason text, entry ${t.int} REFERENCES entry (id)
    ) ${tableSuffix}`,
    `CREATE INDEX availability_change_resource ON availability_change (resource, id)`,
    `CREATE INDEX availability_change_entry ON availability_change (entry) WHERE entry IS NOT NULL`,
    `CREATE INDEX availability_change_at ON availability_change (at)`,
    ...(engine === "sqlite"
      ? [
          `CREATE TRIGGER resource_availability AFTER UPDATE OF availability ON resource
             WHEN OLD.availability <> NEW.availability BEGIN ${insert}; END`,
        ]
      : [
          `CREATE FUNCTION keep_availability_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${insert}; RETURN NULL; END'`,
          `CREATE TRIGGER resource_availability AFTER UPDATE OF availability ON resource
             FOR EACH ROW WHEN (OLD.availability <> NEW.availability) EXECUTE FUNCTION keep_availability_change()`,
        ]),
  ];
}

function samples({ types: t, tableSuffix }: Dialect): string[] {
  return [
    `CREATE TABLE metric_sample (
      resource ${t.int} NOT NULL REFERENCES resource (id) ON DELETE CASCADE, at ${t.int} NOT NULL, numbers text NOT NULL,
      PRIMARY KEY (resource, at)
    ) ${tableSuffix}`,
    `CREATE INDEX metric_sample_at ON metric_sample (at)`,
  ];
}

function automatic({ types: t }: Dialect): string[] {
  const flag = (name: string) =>
    `ALTER TABLE entry ADD COLUMN ${name} ${t.int} NOT NULL DEFAULT 0 CHECK (${name} IN (0, 1))`;
  return [
    // Filed by wilco itself, to look at a resource.
    flag("automatic"),
    // An automatic entry that something refers to: it outlives the others.
    flag("kept"),
    // Never a second one while the first is unfinished.
    `CREATE UNIQUE INDEX entry_automatic_open ON entry (resource, operation) WHERE automatic = 1 AND finished_at IS NULL`,
    `CREATE INDEX entry_automatic_ended ON entry (finished_at) WHERE automatic = 1 AND kept = 0 AND finished_at IS NOT NULL`,
    // The history, without reading past the checks of a large fleet.
    `CREATE INDEX entry_asked ON entry (id) WHERE automatic = 0`,
    // Deleting an entry looks for whatever names it.
    `CREATE INDEX entry_retry_of ON entry (retry_of) WHERE retry_of IS NOT NULL`,
  ];
}
