/** Routes that are paused, what a worker is besides its routes (band, counters, reservation), and orders to workers. */
import type { Dialect } from "../dialect.ts";
import type { Migration } from "../migrate.ts";

export const control: Migration = {
  number: 3,
  name: "control",
  statements: (dialect) => [...pausedRoutes(dialect), ...workers(dialect), ...orders(dialect)],
};

function pausedRoutes({ types: t, tableSuffix }: Dialect): string[] {
  return [
    `CREATE TABLE paused_route (
      route text PRIMARY KEY CHECK (route LIKE '_%/_%'),
      paused_by text NOT NULL, paused_at ${t.int} NOT NULL, reason text CHECK (length(reason) BETWEEN 1 AND 1000)
    ) ${tableSuffix}`,
  ];
}

function workers({ types: t }: Dialect): string[] {
  const add = (column: string) => `ALTER TABLE worker ADD COLUMN ${column}`;
  return [
    add(`priority_min ${t.int} NOT NULL DEFAULT 0 CHECK (priority_min BETWEEN 0 AND 200)`),
    add(
      `priority_max ${t.int} NOT NULL DEFAULT 200 CHECK (priority_max BETWEEN 0 AND 200 AND priority_max >= priority_min)`,
    ),
    // The entry that this worker keeps its slots free for. No foreign key: it only means something while that is queued.
    add(`reserves ${t.int}`),
    // What its last heartbeat counted, as JSON; null until the first one.
    add("stats text"),
    `CREATE INDEX worker_reserves ON worker (reserves) WHERE reserves IS NOT NULL`,
  ];
}

function orders({ types: t, tableSuffix }: Dialect): string[] {
  return [
    `CREATE TABLE worker_order (
      id ${t.id}, request text NOT NULL, session text NOT NULL REFERENCES worker (session) ON DELETE CASCADE,
      command text NOT NULL CHECK (command IN ('ping', 'status', 'running', 'reload', 'drain', 'stop')),
      asked_by text NOT NULL, asked_at ${t.int} NOT NULL, expires_at ${t.int} NOT NULL CHECK (expires_at > asked_at),
      answered_at ${t.int}, answer text, CHECK ((answered_at IS NULL) = (answer IS NULL)), UNIQUE (request, session)
    ) ${tableSuffix}`,
    `CREATE INDEX worker_order_open ON worker_order (session, id) WHERE answered_at IS NULL`,
    `CREATE INDEX worker_order_expiry ON worker_order (expires_at)`,
  ];
}
