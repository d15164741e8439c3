/** The inventory as a document, in an order that is always the same: applied again it changes nothing. */
import { WilcoError } from "../core/errors.ts";
import { canonicalJson, isJsonObject, type Json, type JsonObject, type JsonSchema } from "../core/json.ts";
import { MASK } from "../core/masking.ts";
import type { Sql } from "../database/database.ts";
import { formatInterval } from "../domain/interval.ts";
import { DEFAULT_ZONE } from "../domain/route.ts";
import { secretPaths } from "../domain/secret-paths.ts";
import { parseSelector } from "../domain/selector.ts";
import type { Group } from "../domain/resource.ts";
import type { ExportAnswer } from "../protocol/messages.ts";
import { groupMembers, listGroups } from "./groups.ts";
import { SELECT_RESOURCES, settingsOf, type ResourceRow } from "./resource-rows.ts";
import { requireKnownNames } from "./resources.ts";
import type { Sealer } from "./sealer.ts";
import { maskedPaths, openConnection, shownConnection } from "./secrets.ts";
import { selectorCondition } from "./selectors.ts";
import { hasImplementation, type Types } from "./types.ts";

/**
 * @param selector only these resources, with their types; no groups, which could name others. "" = the whole inventory.
 * @throws WilcoError `invalid_selector`, `unknown_resource`, `unknown_type`, `unknown_group`.
 */
export async function exportInventory(
  sql: Sql,
  { types, sealer }: { types: Types; sealer: Sealer },
  selector: string,
): Promise<ExportAnswer> {
  const parsed = parseSelector(selector);
  await requireKnownNames(sql, parsed);
  const condition = await selectorCondition(sql, parsed, 0, (group) => groupMembers(sql, group));
  const rows = await sql.query<ResourceRow>(`${SELECT_RESOURCES} WHERE ${condition.text}`, condition.parameters);
  const known = new Map((await types.list(sql)).map((type) => [type.name, type]));
  const secrets: string[][] = [];
  const resources: JsonObject = {};
  for (const row of rows.toSorted(byName)) {
    const schema = known.get(row.type)?.connection;
    const connection = withoutDefaults(shownConnection(row.connection, schema), schema, () =>
      opened(row.connection, sealer),
    );
    const hidden = [...maskedPaths(connection), ...(schema ? secretPaths(schema, connection) : [])];
    const distinct = new Set(hidden.map((path) => JSON.stringify(path)));
    for (const path of distinct) secrets.push(["resources", row.name, "connection", ...(JSON.parse(path) as string[])]);
    resources[row.name] = resourceDocument(row, connection);
  }

  const sources = await typeSources(sql);
  const used = selector === "" ? null : new Set(rows.map(({ type }) => type));
  const notices: string[] = [];
  const written: JsonObject = {};
  for (const type of [...known.values()].toSorted(byName)) {
    if (type.builtin || !hasImplementation(type) || used?.has(type.name) === false) continue;
    const source = sources.get(type.name);
    if (source !== undefined) written[type.name] = source;
    else notices.push(`the type ${type.name} is left out: apply the file that defines it once more, then export again`);
  }
  const groups = used ? [] : await listGroups(sql);
  return {
    document: {
      types: written,
      resources,
      groups: Object.fromEntries(groups.toSorted(byName).map((group) => [group.name, groupDocument(group)])),
    },
    secrets,
    notices,
  };
}

/** Values that the type fills in itself; `open` is asked for those that are masked. */
function withoutDefaults(
  connection: JsonObject,
  schema: JsonSchema | undefined,
  open: () => JsonObject | null,
): JsonObject {
  const properties = schema?.["properties"];
  if (!isJsonObject(properties)) return connection;
  let values: JsonObject | null | undefined;
  const isDefault = (key: string, value: Json) => {
    const property = properties[key];
    if (!isJsonObject(property) || property["default"] === undefined) return false;
    const real = value === MASK ? (values ??= open())?.[key] : value;
    return real !== undefined && canonicalJson(real) === canonicalJson(property["default"]);
  };
  return Object.fromEntries(Object.entries(connection).filter(([key, value]) => !isDefault(key, value)));
}

/** null when the key that sealed it is gone: the mask then stands for a value that nobody can read. */
function opened(stored: string, sealer: Sealer): JsonObject | null {
  try {
    return openConnection(stored, sealer);
  } catch (error) {
    if (error instanceof WilcoError) return null;
    throw error;
  }
}

/** Without what is as it would be if it were not said. */
function resourceDocument(row: ResourceRow, connection: JsonObject): JsonObject {
  const labels = JSON.parse(row.labels) as Record<string, string>;
  return {
    type: row.type,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.zone === DEFAULT_ZONE ? {} : { zone: row.zone }),
    ...(row.worker === null ? {} : { worker: row.worker }),
    ...(row.parent_name === null ? {} : { parent: row.parent_name }),
    ...(Object.keys(labels).length === 0 ? {} : { labels: sorted(labels) }),
    ...settingsOf(row),
    ...(Object.keys(connection).length === 0 ? {} : { connection }),
    ...(row.check_every === null ? {} : { checkEvery: formatInterval(row.check_every) }),
    ...(row.metrics_every === null ? {} : { metricsEvery: formatInterval(row.metrics_every) }),
    ...(row.availability === "disabled" ? { enabled: false } : {}),
  };
}

function groupDocument({ description, select, members, groups }: Group): JsonObject {
  return {
    ...(description === null ? {} : { description }),
    ...(select === null ? {} : { select }),
    // A list of groups alone has an empty list of members.
    ...(members === null || (members.length === 0 && groups!.length > 0) ? {} : { members }),
    ...(groups === null || groups.length === 0 ? {} : { groups }),
  };
}

async function typeSources(sql: Sql): Promise<Map<string, Json>> {
  const rows = await sql.query<{ name: string; source: string }>(
    "SELECT name, source FROM resource_type WHERE source IS NOT NULL",
  );
  return new Map(rows.map(({ name, source }) => [name, JSON.parse(source) as Json]));
}

function sorted(labels: Record<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** By code units, the same on every machine and engine. */
function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
