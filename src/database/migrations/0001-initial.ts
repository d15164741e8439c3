/** The first schema. The database refuses what must not be: see the CHECK constraints of `entry`. */
import { STATUSES, TERMINAL_STATUSES } from "../../domain/status.ts";
import type { Dialect } from "../dialect.ts";
import type { Migration } from "../migrate.ts";

const list = (values: readonly string[]) => values.map((value) => `'${value}'`).join(", ");
const TERMINAL = list(TERMINAL_STATUSES);

export const initial: Migration = {
  number: 1,
  name: "initial",
  statements: (dialect) => [...inventory(dialect), ...entries(dialect), ...access(dialect)],
};

function inventory({ engine, types: t, tableSuffix }: Dialect): string[] {
  return [
    `CREATE TABLE resource_type (
      name text PRIMARY KEY, version text NOT NULL, descriptor text NOT NULL,
      builtin ${t.int} NOT NULL CHECK (builtin IN (0, 1)), updated_at ${t.int} NOT NULL
    ) ${tableSuffix}`,
    `CREATE TABLE resource (
      id ${t.id}, name text NOT NULL UNIQUE, type text NOT NULL REFERENCES resource_type (name), zone text NOT NULL,
      worker text, parent ${t.int} REFERENCES resource (id), labels ${t.labels} NOT NULL, description text,
      connection text NOT NULL,
      availability text NOT NULL CHECK (availability IN ('up', 'down', 'unknown', 'disabled')),
      availability_at ${t.int}, version ${t.int} NOT NULL, created_at ${t.int} NOT NULL, updated_at ${t.int} NOT NULL,
      CHECK (parent IS NULL OR parent <> id)
    ) ${tableSuffix}`,
    `CREATE INDEX resource_parent ON resource (parent)`,
    `CREATE INDEX resource_type_zone ON resource (type, zone)`,
    ...(engine === "postgres" ? [`CREATE INDEX resource_labels ON resource USING gin (labels jsonb_path_ops)`] : []),
    `CREATE TABLE resource_group (
      name text PRIMARY KEY, description text, selector text, members text, version ${t.int} NOT NULL,
      updated_at ${t.int} NOT NULL, CHECK ((selector IS NULL) <> (members IS NULL))
    ) ${tableSuffix}`,
  ];
}

function entries({ engine, types: t, tableSuffix }: Dialect): string[] {
  const flag = (name: string) => `${name} ${t.int} NOT NULL DEFAULT 0 CHECK (${name} IN (0, 1))`;
  return [
    `CREATE TABLE entry (
      id ${t.id},
      kind text NOT NULL CHECK (kind IN ('operation', 'configuration', 'deployment', 'discovery', 'script', 'request')),
      status text NOT NULL CHECK (status IN (${list(STATUSES)})),
      resource ${t.int} REFERENCES resource (id) ON DELETE SET NULL,
      resource_name text, resource_type text, type_version text, operation text,
      parameters text NOT NULL, result text, error text,
      requested_by text NOT NULL, key text NOT NULL, request_hash text NOT NULL, note text,
      zone text NOT NULL, role text NOT NULL, bound_worker text, route text NOT NULL,
      priority ${t.int} NOT NULL CHECK (priority BETWEEN 0 AND 200),
      weight ${t.int} NOT NULL CHECK (weight >= 1),
      ${flag("exclusive")}, ${flag("head")}, ${flag("forced")}, ${flag("silent")},
      on_lost text NOT NULL CHECK (on_lost IN ('lose', 'requeue')),
      max_attempts ${t.int} NOT NULL CHECK (max_attempts >= 1),
      timeout ${t.int} NOT NULL CHECK (timeout > 0), expires_in ${t.int} NOT NULL CHECK (expires_in > 0),
      require_worker ${t.int}, deliver_at ${t.int},
      parent ${t.int} REFERENCES entry (id), root ${t.int}, retry_of ${t.int} REFERENCES entry (id),
      waits ${t.int} NOT NULL DEFAULT 0 CHECK (waits >= 0),
      attempt ${t.int} NOT NULL DEFAULT 0, tries ${t.int} NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND attempt),
      claim_id text, worker_session text, worker_name text, lease_expires ${t.int}, deadline ${t.int},
      cancel_by text, cancel_reason text,
      last_chunk ${t.int} NOT NULL DEFAULT 0, output_bytes ${t.int} NOT NULL DEFAULT 0, finish_id text,
      progress text, warning text, last_event ${t.int} NOT NULL DEFAULT 0,
      created_at ${t.int} NOT NULL, queued_at ${t.int}, expires_at ${t.int}, started_at ${t.int},
      finished_at ${t.int}, seen_at ${t.int},
      UNIQUE (requested_by, key),
      CONSTRAINT terminal_means_finished CHECK ((status IN (${TERMINAL})) = (finished_at IS NOT NULL)),
      CONSTRAINT running_means_leased CHECK (kind IN ('request', 'script') OR status NOT IN ('running', 'canceling')
        OR (worker_session IS NOT NULL AND lease_expires IS NOT NULL AND deadline IS NOT NULL AND started_at IS NOT NULL AND attempt >= 1)),
      CONSTRAINT leased_means_running CHECK (lease_expires IS NULL OR status IN ('running', 'canceling')),
      CONSTRAINT scheduled_means_due_time CHECK (status <> 'scheduled' OR deliver_at IS NOT NULL),
      CONSTRAINT blocked_means_waits CHECK (status <> 'blocked' OR waits > 0),
      CONSTRAINT queued_means_expires CHECK (status NOT IN ('queued', 'blocked') OR expires_at IS NOT NULL),
      CONSTRAINT running_exclusive_is_head CHECK (status NOT IN ('running', 'canceling') OR exclusive = 0 OR resource IS NULL OR head = 1),
      CONSTRAINT head_is_exclusive_and_live CHECK (head = 0 OR (exclusive = 1 AND resource IS NOT NULL
        AND (status IN ('queued', 'running', 'canceling') OR forced = 1))),
      CONSTRAINT error_unless_succeeded CHECK (status NOT IN (${TERMINAL}) OR (status = 'succeeded') = (error IS NULL))
    ) ${tableSuffix}`,
    `CREATE UNIQUE INDEX entry_head ON entry (resource) WHERE head = 1`,
    // The claim's order: one range scan of the first n rows a route, however long the backlog.
    `CREATE INDEX entry_claim ON entry (route, priority, id) WHERE status = 'queued' AND (exclusive = 0 OR head = 1)`,
    `CREATE INDEX entry_next_head ON entry (resource, priority, id) WHERE status = 'queued' AND exclusive = 1`,
    `CREATE INDEX entry_due ON entry (deliver_at) WHERE status = 'scheduled'`,
    `CREATE INDEX entry_expiry ON entry (expires_at) WHERE status IN ('queued', 'blocked')`,
    `CREATE INDEX entry_unserved ON entry (route, queued_at) WHERE status = 'queued' AND require_worker IS NOT NULL`,
    `CREATE INDEX entry_lease ON entry (lease_expires) WHERE lease_expires IS NOT NULL`,
    `CREATE INDEX entry_deadline ON entry (deadline) WHERE status IN ('running', 'canceling')`,
    `CREATE INDEX entry_session ON entry (worker_session) WHERE status IN ('running', 'canceling')`,
    `CREATE INDEX entry_claim_id ON entry (claim_id) WHERE status IN ('running', 'canceling')`,
    `CREATE INDEX entry_forced ON entry (worker_session) WHERE forced = 1 AND head = 1`,
    `CREATE INDEX entry_parent ON entry (parent, id) WHERE parent IS NOT NULL`,
    `CREATE INDEX entry_resource ON entry (resource, id)`,
    `CREATE INDEX entry_status ON entry (status, id)`,
    `CREATE TABLE entry_dependency (
      entry ${t.int} NOT NULL REFERENCES entry (id), needs ${t.int} NOT NULL REFERENCES entry (id),
      condition text NOT NULL CHECK (condition IN ('success', 'failure', 'any')),
      PRIMARY KEY (entry, needs), CHECK (entry <> needs)
    ) ${tableSuffix}`,
    `CREATE INDEX entry_dependency_needs ON entry_dependency (needs)`,
    `CREATE TABLE entry_event (
      entry ${t.int} NOT NULL REFERENCES entry (id), seq ${t.int} NOT NULL CHECK (seq >= 1), at ${t.int} NOT NULL,
      type text NOT NULL, attempt ${t.int} NOT NULL, data text NOT NULL, output ${t.bytes},
      PRIMARY KEY (entry, seq)
    ) ${engine === "sqlite" ? "STRICT, WITHOUT ROWID" : ""}`,
  ];
}

function access({ types: t, tableSuffix }: Dialect): string[] {
  return [
    `CREATE TABLE worker (
      session text PRIMARY KEY, name text NOT NULL, zone text NOT NULL, roles text NOT NULL,
      state text NOT NULL CHECK (state IN ('starting', 'ready', 'draining', 'stopped', 'lost')),
      capacity ${t.int} NOT NULL CHECK (capacity >= 1), host text NOT NULL, pid ${t.int} NOT NULL, version text NOT NULL,
      succession_hash text NOT NULL, token text NOT NULL, types text NOT NULL,
      started_at ${t.int} NOT NULL, seen_at ${t.int} NOT NULL
    ) ${tableSuffix}`,
    `CREATE UNIQUE INDEX worker_live_name ON worker (name) WHERE state IN ('starting', 'ready', 'draining')`,
    `CREATE TABLE token (
      id ${t.id}, name text NOT NULL, role text NOT NULL CHECK (role IN ('viewer', 'operator', 'worker', 'admin')),
      hash text NOT NULL UNIQUE, zones text, roles text, created_by text NOT NULL, created_at ${t.int} NOT NULL,
      expires_at ${t.int}, revoked_at ${t.int}, last_used_at ${t.int}
    ) ${tableSuffix}`,
    `CREATE UNIQUE INDEX token_live_name ON token (name) WHERE revoked_at IS NULL`,
    `CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL) ${tableSuffix}`,
  ];
}
