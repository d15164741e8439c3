/** Reads configurations: what is known, its versions, and what differs between two of them. Secrets stay masked. */
import { WilcoError } from "../core/errors.ts";
import type { JsonObject, JsonSchema } from "../core/json.ts";
import { MASK } from "../core/masking.ts";
import type { Database, Sql } from "../database/database.ts";
import type { ConfigurationVersionTable } from "../database/inventory-tables.ts";
import {
  differences,
  secretPlaces,
  shownDifferences,
  type ConfigurationDifference,
  type ConfigurationVersion,
  type KnownConfiguration,
} from "../domain/configuration.ts";
import type { Page } from "../protocol/messages.ts";
import { findResourceRow, unknownResource } from "./resources.ts";
import type { ResourceRow } from "./resource-rows.ts";
import type { Sealer } from "./sealer.ts";
import { openConnection, sealedPaths, shownConnection } from "./secrets.ts";
import type { Types } from "./types.ts";

export interface Configurations {
  /** @param version default the newest. @throws WilcoError `unknown_resource`, `invalid_request` for a version that there is not. */
  known(ref: string, version?: number): Promise<KnownConfiguration>;
  /** Newest first. @param before only versions below it. Default limit 100. */
  versions(ref: string, query: { before?: number; limit?: number }): Promise<Page<ConfigurationVersion>>;
  /** From one version to another; 0 = before anything was known. */
  differences(ref: string, from: number, to: number): Promise<ConfigurationDifference[]>;
}

const DEFAULT_PAGE = 100;

export function createConfigurations(options: { database: Database; types: Types; sealer: Sealer }): Configurations {
  const { database, types, sealer } = options;

  async function find(ref: string): Promise<{ row: ResourceRow; schema: JsonSchema }> {
    const row = await findResourceRow(database, ref);
    if (!row) throw await unknownResource(database, ref);
    const type = (await types.find(database, [row.type])).get(row.type);
    return { row, schema: type?.configuration ?? { type: "object" } };
  }

  async function versionOf(row: ResourceRow, version: number): Promise<ConfigurationVersionTable> {
    const [found] = await database.query<ConfigurationVersionTable>(
      "SELECT * FROM configuration_version WHERE resource = $1 AND version = $2",
      [row.id, version],
    );
    if (found) return found;
    const newest = await newestOf(database, row.id);
    throw new WilcoError({
      code: "invalid_request",
      message: `${row.name} has no version ${version} of its configuration`,
      hint: newest === 0 ? "It has none yet." : `It has 1 to ${newest}: wilco config history ${row.name}`,
    });
  }

  async function opened(row: ResourceRow, version: number) {
    if (version === 0) return { content: {} as JsonObject, sealed: [] };
    const { content } = await versionOf(row, version);
    return { content: openConnection(content, sealer), sealed: sealedPaths(content, sealer) };
  }

  return {
    async known(ref, version) {
      const { row, schema } = await find(ref);
      const wanted = version ?? (await newestOf(database, row.id));
      if (wanted === 0) {
        return { resource: row.name, version: 0, configuration: null, author: null, at: null, entry: null };
      }
      const found = await versionOf(row, wanted);
      return {
        resource: row.name,
        version: found.version,
        configuration: shownConnection(found.content, schema),
        author: found.author,
        at: new Date(found.at).toISOString(),
        entry: found.entry,
      };
    },
    async versions(ref, { before, limit = DEFAULT_PAGE }) {
      const { row } = await find(ref);
      const rows = await database.query<ConfigurationVersionTable>(
        `SELECT * FROM configuration_version WHERE resource = $1 AND version < $2 ORDER BY version DESC LIMIT $3`,
        [row.id, before ?? Number.MAX_SAFE_INTEGER, limit + 1],
      );
      const items = rows.slice(0, limit).map(shownVersion);
      return { items, next: rows.length > limit ? String(items.at(-1)!.version) : null };
    },
    async differences(ref, from, to) {
      const { row, schema } = await find(ref);
      const [before, after] = [await opened(row, from), await opened(row, to)];
      const secret = [...before.sealed, ...after.sealed, ...secretPlaces(schema, before.content, after.content)];
      return shownDifferences(differences(before.content, after.content), secret, MASK);
    },
  };
}

async function newestOf(sql: Sql, resource: number): Promise<number> {
  const [row] = await sql.query<{ version: number }>(
    "SELECT configuration_version AS version FROM resource WHERE id = $1",
    [resource],
  );
  return row?.version ?? 0;
}

function shownVersion(row: ConfigurationVersionTable): ConfigurationVersion {
  return {
    version: row.version,
    author: row.author,
    at: new Date(row.at).toISOString(),
    entry: row.entry,
    note: row.note,
    rollbackOf: row.rollback_of,
    changes: JSON.parse(row.changes) as ConfigurationDifference[],
  };
}
