/**
 * A document that says only a part of its resources, such as an import: what it does not say is filled in from what is
 * stored, so that labels set by hand stay. Secrets travel as masks, which mean "as it is".
 */
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Sql } from "../database/database.ts";
import type { InventoryDocument } from "../protocol/messages.ts";
import { findGroups } from "./groups.ts";
import type { Report } from "./problems.ts";
import { SELECT_RESOURCES, settingsOf, type ResourceRow } from "./resource-rows.ts";
import { shownConnection } from "./secrets.ts";

/** @param report is told of lists that would replace a group by query. */
export async function mergeWithStored(
  sql: Sql,
  document: InventoryDocument,
  report: Report,
): Promise<InventoryDocument> {
  const resources = document.resources ?? {};
  const rows = await sql.query<ResourceRow>(`${SELECT_RESOURCES} WHERE ${sql.dialect.inTexts("r.name", "$1")}`, [
    JSON.stringify(Object.keys(resources)),
  ]);
  const stored = new Map(rows.map((row) => [row.name, row]));
  const groups = document.groups ?? {};
  const known = await findGroups(sql, Object.keys(groups));
  return {
    ...document,
    resources: mapped(resources, (name, given) => {
      const row = stored.get(name);
      return row && isJsonObject(given) ? mergedResource(given, row) : given;
    }),
    groups: mapped(groups, (name, given) => {
      const group = known.get(name);
      const description = group?.description ?? null;
      if (group && group.select !== null && isJsonObject(given) && given["select"] === undefined)
        report(
          `groups.${name}`,
          `the group ${name} is there, by query (${group.select}), and would become a list`,
          "Import with --prefix, or remove that group first.",
          "conflict",
        );
      return isJsonObject(given) && description !== null ? { description, ...given } : given;
    }),
  };
}

function mergedResource(given: JsonObject, row: ResourceRow): JsonObject {
  const over = (key: "labels" | "connection", before: JsonObject) => {
    const value = given[key];
    return value === undefined || value === null ? before : isJsonObject(value) ? { ...before, ...value } : value;
  };
  // Another type has another connection: nothing of the old one means anything to it.
  const sameType = given["type"] === undefined || given["type"] === row.type;
  return {
    type: row.type,
    zone: row.zone,
    ...(row.worker === null ? {} : { worker: row.worker }),
    parent: row.parent_name,
    description: row.description,
    ...settingsOf(row),
    ...given,
    labels: over("labels", JSON.parse(row.labels) as JsonObject),
    connection: over("connection", sameType ? shownConnection(row.connection, undefined) : {}),
  };
}

/** Without a prototype to trip over: a resource may be called "__proto__" as far as this goes, and is refused later. */
function mapped(
  values: Record<string, unknown>,
  change: (name: string, value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(name, value)]));
}
