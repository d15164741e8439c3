/**
 * Requests with tasks: a parent entry of the kind "request" has a row here with its window and its counters, and its
 * tasks are the entries that name it as their parent. The window is a constraint, not a habit: more open tasks than
 * `concurrency` can't be written.
 */
import type { Migration } from "../migrate.ts";

export const requests: Migration = {
  number: 2,
  name: "requests",
  statements: ({ types: t, tableSuffix }) => [
    // A task beyond the window of its request: it waits for a sibling to end.
    `ALTER TABLE entry ADD COLUMN held ${t.int} NOT NULL DEFAULT 0
       CHECK (held = 0 OR (held = 1 AND status = 'blocked' AND parent IS NOT NULL AND waits >= 1))`,
    `CREATE TABLE request (
      entry ${t.int} PRIMARY KEY REFERENCES entry (id),
      targets text NOT NULL, asked text NOT NULL,
      tasks ${t.int} NOT NULL CHECK (tasks >= 0),
      concurrency ${t.int} NOT NULL CHECK (concurrency >= 1),
      min_success ${t.int} NOT NULL CHECK (min_success BETWEEN 0 AND tasks),
      halt_on_failure ${t.int} NOT NULL CHECK (halt_on_failure IN (0, 1)),
      serial ${t.int} NOT NULL CHECK (serial IN (0, 1)),
      worker text,
      held ${t.int} NOT NULL CHECK (held >= 0),
      open ${t.int} NOT NULL CHECK (open >= 0),
      succeeded ${t.int} NOT NULL DEFAULT 0 CHECK (succeeded >= 0),
      failed ${t.int} NOT NULL DEFAULT 0 CHECK (failed >= 0),
      timed_out ${t.int} NOT NULL DEFAULT 0 CHECK (timed_out >= 0),
      canceled ${t.int} NOT NULL DEFAULT 0 CHECK (canceled >= 0),
      lost ${t.int} NOT NULL DEFAULT 0 CHECK (lost >= 0),
      CONSTRAINT every_task_counted CHECK (held + open + succeeded + failed + timed_out + canceled + lost = tasks),
      CONSTRAINT within_the_window CHECK (open <= concurrency),
      CONSTRAINT serial_means_one_at_a_time CHECK (serial = 0 OR concurrency = 1)
    ) ${tableSuffix}`,
    `CREATE INDEX entry_held ON entry (parent, id) WHERE held = 1`,
    // How many of a request's tasks are queued or running: the ended and the held ones are counters of its row.
    `CREATE INDEX entry_open_task ON entry (parent, status) WHERE parent IS NOT NULL AND held = 0 AND finished_at IS NULL`,
  ],
};
