/** What a submit and a claim need of the inventory: the resource as a target, and its connection opened. */
import { messageOf } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { Sql } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { parseSelector } from "../domain/selector.ts";
import { groupMembers } from "./groups.ts";
import { requireKnownNames } from "./resources.ts";
import { selectorCondition } from "./selectors.ts";
import type { Sealer } from "./sealer.ts";
import { openWithSecrets } from "./secrets.ts";

export interface Target {
  id: number;
  name: string;
  zone: string;
  /** The worker it is bound to, its own or inherited. */
  worker: string | null;
  type: ResourceTypeDescriptor;
  /** The known configuration as stored; null with version 0. */
  configuration: string | null;
  configurationVersion: number;
  /** Taken out of service: nothing but its check is to be filed. */
  disabled: boolean;
}

export interface OpenedTarget extends Target {
  labels: Record<string, string>;
  connection: JsonObject;
  /** The known configuration, opened; null when there is none. */
  known: JsonObject | null;
  /** The texts in the connection and the configuration that are secret. */
  secrets: string[];
  /** Why its secrets can't be opened, for instance because the server has another key; null when they are. */
  sealed: string | null;
}

export interface Targets {
  /** Finds resources by name or id; refs that do not exist are missing from the answer. */
  find(sql: Sql, refs: ReadonlyArray<string | number>): Promise<Map<string | number, Target>>;
  /** With secrets opened, for the worker that runs the entry. Keyed by resource id. */
  open(sql: Sql, ids: readonly number[]): Promise<Map<number, OpenedTarget>>;
  /** Whether one of the selectors selects the resource. @throws WilcoError `invalid_selector`, `unknown_group`. */
  isSelected(sql: Sql, id: number, selectors: readonly string[]): Promise<boolean>;
  /**
   * Ids of what a selector or a group names now, in the order in which they were added; a group's list as it is listed.
   * @throws WilcoError `invalid_selector`, `unknown_group`, `unknown_resource`, `unknown_type`.
   */
  select(sql: Sql, what: { selector: string } | { group: string }): Promise<number[]>;
  /** `There is no resource "web1"` with the nearest name. */
  unknown(sql: Sql, ref: string | number): Promise<Error>;
}

interface TargetRow {
  id: number;
  name: string;
  zone: string;
  worker: string | null;
  parent: number | null;
  version: string;
  labels: string;
  connection: string;
  configuration: string | null;
  configuration_version: number;
  availability: string;
  type: string;
}

/** Descriptors kept parsed, by name and version. */
const MAX_CACHED_TYPES = 2_000;

export function createTargets(options: {
  sealer: Sealer;
  unknownResource: (sql: Sql, ref: string | number) => Promise<Error>;
}): Targets {
  const types = new Map<string, ResourceTypeDescriptor>();
  const keyOf = (row: { type: string; version: string }) => `${row.type} ${row.version}`;
  const readTypes = async (sql: Sql, names: readonly string[]) => {
    const rows = await sql.query<{ type: string; version: string; descriptor: string }>(
      `SELECT name AS type, version, descriptor FROM resource_type WHERE ${sql.dialect.inTexts("name", "$1")}`,
      [JSON.stringify(names)],
    );
    if (types.size >= MAX_CACHED_TYPES) types.clear();
    for (const row of rows) types.set(keyOf(row), JSON.parse(row.descriptor) as ResourceTypeDescriptor);
  };
  const read = async (sql: Sql, ids: readonly number[], names: ReadonlyArray<string | number>) => {
    for (;;) {
      const rows = await sql.query<TargetRow>(
        `SELECT r.id, r.name, r.zone, r.worker, r.parent, r.type, t.version, r.labels, r.connection,
           r.configuration, r.configuration_version,
           r.availability
         FROM resource r JOIN resource_type t ON t.name = r.type
         WHERE ${sql.dialect.inIds("r.id", "$1")} OR ${sql.dialect.inTexts("r.name", "$2")}`,
        [JSON.stringify(ids), JSON.stringify(names)],
      );
      // Descriptors are read once a version: with each of 10,000 resources they would be megabytes of the same text.
      const missing = new Set(rows.filter((row) => !types.has(keyOf(row))).map((row) => row.type));
      if (missing.size === 0) return rows;
      // Then the resources again: a type may have changed between the two statements.
      await readTypes(sql, [...missing]);
    }
  };
  const targetOf = async (sql: Sql, row: TargetRow): Promise<Target> => ({
    id: row.id,
    name: row.name,
    zone: row.zone,
    worker: row.worker ?? (await inheritedWorker(sql, row.parent)),
    type: types.get(keyOf(row))!,
    configuration: row.configuration,
    configurationVersion: row.configuration_version,
    disabled: row.availability === "disabled",
  });
  return {
    async find(sql, refs) {
      // No resource has digits only for a name, so they are an id written as a text.
      const isId = (ref: string | number) => typeof ref === "number" || /^\d{1,15}$/.test(ref);
      const ids = refs.filter(isId).map(Number);
      const names = refs.filter((ref) => !isId(ref));
      const found = new Map<string | number, Target>();
      for (const row of await read(sql, ids, names)) {
        const target = await targetOf(sql, row);
        for (const ref of [row.id, String(row.id), row.name]) found.set(ref, target);
      }
      return found;
    },
    async open(sql, ids) {
      const found = new Map<number, OpenedTarget>();
      for (const row of await read(sql, ids, [])) {
        const target = await targetOf(sql, row);
        const labels = JSON.parse(row.labels) as Record<string, string>;
        try {
          const { connection, secrets } = openWithSecrets(row.connection, options.sealer);
          const known = row.configuration === null ? null : openWithSecrets(row.configuration, options.sealer);
          found.set(row.id, {
            ...target,
            labels,
            connection,
            known: known?.connection ?? null,
            secrets: [...secrets, ...(known?.secrets ?? [])],
            sealed: null,
          });
        } catch (error) {
          // One resource whose secrets stay shut must not keep the others of its route from being claimed.
          found.set(row.id, { ...target, labels, connection: {}, known: null, secrets: [], sealed: messageOf(error) });
        }
      }
      return found;
    },
    async isSelected(sql, id, selectors) {
      for (const selector of selectors) {
        const condition = await selectorCondition(
          sql,
          parseSelector(selector),
          1,
          (group) => groupMembers(sql, group),
          "one",
        );
        const rows = await sql.query(`SELECT r.id FROM resource r WHERE r.id = $1 AND ${condition.text}`, [
          id,
          ...condition.parameters,
        ]);
        if (rows.length > 0) return true;
      }
      return false;
    },
    async select(sql, what) {
      if ("group" in what) return groupMembers(sql, what.group);
      const selector = parseSelector(what.selector);
      await requireKnownNames(sql, selector);
      const condition = await selectorCondition(sql, selector, 0, (group) => groupMembers(sql, group));
      const rows = await sql.query<{ id: number }>(
        `SELECT r.id FROM resource r WHERE ${condition.text} ORDER BY r.id`,
        condition.parameters,
      );
      return rows.map(({ id }) => id);
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
