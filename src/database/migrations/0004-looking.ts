/** What looking at the queue needs: health and types of workers, the queue behind heads, throughput, trace contexts. */
import type { Migration } from "../migrate.ts";

export const looking: Migration = {
  number: 4,
  name: "looking",
  statements: ({ types: t, tableSuffix }) => [
    // As the worker told with its last heartbeat: its clock minus the database's, ms, and bytes of its state's disk.
    `ALTER TABLE worker ADD COLUMN clock_skew ${t.int}`,
    `ALTER TABLE worker ADD COLUMN disk_free ${t.int}`,
    `ALTER TABLE worker ADD COLUMN disk_total ${t.int}`,
    // Beside `entry_claim`, so that both together are all that is queued, a route and priority at a time.
    `CREATE INDEX entry_behind ON entry (route, priority, id) WHERE status = 'queued' AND exclusive = 1 AND head = 0`,
    // A W3C traceparent: what the worker's spans of this entry are children of.
    `ALTER TABLE entry ADD COLUMN trace text`,
    // Types whose handlers are the workers' own: only a worker that brought this very version can run them.
    `ALTER TABLE resource_type ADD COLUMN by_worker ${t.int} NOT NULL DEFAULT 0 CHECK (by_worker IN (0, 1))`,
    `CREATE INDEX resource_type_by_worker ON resource_type (name, version) WHERE by_worker = 1`,
    `CREATE TABLE worker_type (
      session text NOT NULL REFERENCES worker (session) ON DELETE CASCADE, type text NOT NULL, version text NOT NULL,
      PRIMARY KEY (session, type)
    ) ${tableSuffix}`,
    // Counts of ten seconds (the column at is their beginning) by each server; kept an hour.
    `CREATE TABLE throughput (
      server text NOT NULL, at ${t.int} NOT NULL, filed ${t.int} NOT NULL, claimed ${t.int} NOT NULL,
      ended ${t.int} NOT NULL, PRIMARY KEY (at, server)
    ) ${tableSuffix}`,
  ],
};
