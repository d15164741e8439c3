/** What looking at the queue needs: the health of workers, the queue behind heads, throughput, trace contexts. */
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
    // Counts of ten seconds (the column at is their beginning) by each server; kept an hour.
    `CREATE TABLE throughput (
      server text NOT NULL, at ${t.int} NOT NULL, filed ${t.int} NOT NULL, claimed ${t.int} NOT NULL,
      ended ${t.int} NOT NULL, PRIMARY KEY (at, server)
    ) ${tableSuffix}`,
  ],
};
