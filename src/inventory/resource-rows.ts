/** The one codec between rows of `resource` and the domain's resource. */
import type { Sql } from "../database/database.ts";
import type { JsonObject, JsonSchema } from "../core/json.ts";
import { formatInterval } from "../domain/interval.ts";
import type { Availability, Resource } from "../domain/resource.ts";
import { shownConnection } from "./secrets.ts";

export interface ResourceRow {
  id: number;
  name: string;
  type: string;
  zone: string;
  /** The binding as written; `inheritedWorkers` gives the one that counts. */
  worker: string | null;
  parent: number | null;
  parent_name: string | null;
  labels: string;
  description: string | null;
  connection: string;
  availability: Availability;
  availability_at: number | null;
  availability_changed: number | null;
  availability_reason: string | null;
  /** ms; 0 = off, null = as its type says. */
  check_every: number | null;
  metrics_every: number | null;
  /** A selector: findings under it that are taken without a yes. */
  take_found: string | null;
  version: number;
  created_at: number;
  updated_at: number;
}

/** To be followed by WHERE; the resource is `r`. */
export const SELECT_RESOURCES = `SELECT r.id, r.name, r.type, r.zone, r.worker, r.parent, p.name AS parent_name, r.labels,
    r.description, r.connection, r.availability, r.availability_at, r.availability_changed,
    r.availability_reason, r.check_every, r.metrics_every, r.take_found, r.version, r.created_at, r.updated_at
  FROM resource r LEFT JOIN resource p ON p.id = r.parent`;

/** @param inherited the worker of the nearest bound ancestor. @param schema of the type's connection, for masking. */
export function resourceOf(row: ResourceRow, inherited: string | null, schema: JsonSchema | undefined): Resource {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    zone: row.zone,
    worker: row.worker ?? inherited,
    labels: JSON.parse(row.labels) as Record<string, string>,
    parent: row.parent_name,
    description: row.description,
    connection: shownConnection(row.connection, schema),
    availability: row.availability,
    availabilityAt: row.availability_at === null ? null : new Date(row.availability_at).toISOString(),
    availabilitySince: row.availability_changed === null ? null : new Date(row.availability_changed).toISOString(),
    availabilityReason: row.availability_reason,
    checkEvery: row.check_every === null ? null : formatInterval(row.check_every),
    metricsEvery: row.metrics_every === null ? null : formatInterval(row.metrics_every),
    version: row.version,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}

/** By resource id: the worker of the nearest ancestor that has one. Resources without one are missing. */
export async function inheritedWorkers(sql: Sql, rows: readonly ResourceRow[]): Promise<Map<number, string>> {
  const unbound = rows.filter((row) => row.worker === null && row.parent !== null).map(({ id }) => id);
  if (unbound.length === 0) return new Map();
  const found = await sql.query<{ start: number; worker: string }>(
    `WITH RECURSIVE up (start, worker, parent) AS (
       SELECT id, worker, parent FROM resource WHERE ${sql.dialect.inIds("id", "$1")}
       UNION SELECT up.start, a.worker, a.parent FROM up JOIN resource a ON a.id = up.parent WHERE up.worker IS NULL
     ) SELECT start, worker FROM up WHERE worker IS NOT NULL`,
    [JSON.stringify(unbound)],
  );
  return new Map(found.map(({ start, worker }) => [start, worker]));
}

/** What a resource says beside what it is: each only where it says something. */
export function settingsOf(row: ResourceRow): JsonObject {
  return {
    ...(row.check_every === null ? {} : { checkEvery: formatInterval(row.check_every) }),
    ...(row.metrics_every === null ? {} : { metricsEvery: formatInterval(row.metrics_every) }),
    ...(row.availability === "disabled" ? { enabled: false } : {}),
    ...(row.take_found === null ? {} : { discovery: { take: row.take_found } }),
  };
}
