/** What a submit and a claim need of the inventory: the resource as a target, and its connection opened. */
import type { JsonObject } from "../core/json.ts";
import type { Sql } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";

export interface Target {
  id: number;
  name: string;
  zone: string;
  /** The worker it is bound to, its own or inherited. */
  worker: string | null;
  type: ResourceTypeDescriptor;
}

export interface OpenedTarget extends Target {
  labels: Record<string, string>;
  connection: JsonObject;
}

export interface Targets {
  /** Finds resources by name or id; refs that do not exist are missing from the answer. */
  find(sql: Sql, refs: ReadonlyArray<string | number>): Promise<Map<string | number, Target>>;
  /** With secrets opened, for the worker that runs the entry. Keyed by resource id. */
  open(sql: Sql, ids: readonly number[]): Promise<Map<number, OpenedTarget>>;
  /** `There is no resource "web1"` with the nearest name. */
  unknown(sql: Sql, ref: string | number): Promise<Error>;
}

/** Opens the sealed values of a stored connection. */
export type OpenConnection = (stored: string, type: ResourceTypeDescriptor) => JsonObject;

interface TargetRow {
  id: number;
  name: string;
  zone: string;
  worker: string | null;
  parent: number | null;
  version: string;
  descriptor: string;
  labels: string;
  connection: string;
  type: string;
}

/** Descriptors kept parsed, by name and version. */
const MAX_CACHED_TYPES = 2_000;

export function createTargets(options: {
  openConnection: OpenConnection;
  unknownResource: (sql: Sql, ref: string | number) => Promise<Error>;
}): Targets {
  const types = new Map<string, ResourceTypeDescriptor>();
  const typeOf = (row: TargetRow): ResourceTypeDescriptor => {
    const key = `${row.type} ${row.version}`;
    let type = types.get(key);
    if (!type) {
      type = JSON.parse(row.descriptor) as ResourceTypeDescriptor;
      if (types.size >= MAX_CACHED_TYPES) types.clear();
      types.set(key, type);
    }
    return type;
  };
  const read = async (sql: Sql, ids: readonly number[], names: readonly string[]) =>
    sql.query<TargetRow>(
      `SELECT r.id, r.name, r.zone, r.worker, r.parent, r.type, t.version, t.descriptor, r.labels, r.connection
       FROM resource r JOIN resource_type t ON t.name = r.type
       WHERE ${sql.dialect.inIds("r.id", "$1")} OR ${sql.dialect.inTexts("r.name", "$2")}`,
      [JSON.stringify(ids), JSON.stringify(names)],
    );
  const targetOf = async (sql: Sql, row: TargetRow): Promise<Target> => ({
    id: row.id,
    name: row.name,
    zone: row.zone,
    worker: row.worker ?? (await inheritedWorker(sql, row.parent)),
    type: typeOf(row),
  });
  return {
    async find(sql, refs) {
      const ids = refs.filter((ref) => typeof ref === "number");
      const names = refs.filter((ref) => typeof ref === "string");
      const found = new Map<string | number, Target>();
      for (const row of await read(sql, ids, names)) {
        const target = await targetOf(sql, row);
        found.set(row.id, target);
        found.set(row.name, target);
      }
      return found;
    },
    async open(sql, ids) {
      const found = new Map<number, OpenedTarget>();
      for (const row of await read(sql, ids, [])) {
        const target = await targetOf(sql, row);
        found.set(row.id, {
          ...target,
          labels: JSON.parse(row.labels) as Record<string, string>,
          connection: options.openConnection(row.connection, target.type),
        });
      }
      return found;
    },
    unknown: options.unknownResource,
  };
}

/** The binding of the nearest ancestor that has one. */
async function inheritedWorker(sql: Sql, parent: number | null): Promise<string | null> {
  for (let next = parent; next !== null;) {
    const [row] = await sql.query<{ worker: string | null; parent: number | null }>(
      "SELECT worker, parent FROM resource WHERE id = $1",
      [next],
    );
    if (!row) return null;
    if (row.worker !== null) return row.worker;
    next = row.parent;
  }
  return null;
}
