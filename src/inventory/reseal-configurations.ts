/** When the schema of a type's configuration marks more as secret, what is stored follows: every version, and its changes. */
import { isJsonObject } from "../core/json.ts";
import { MASK } from "../core/masking.ts";
import type { Transaction } from "../database/database.ts";
import { pathText, type ConfigurationDifference } from "../domain/configuration.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { secretPaths } from "../domain/secret-paths.ts";
import type { Sealer } from "./sealer.ts";
import { openConnection, sealMore } from "./secrets.ts";

interface VersionRow {
  resource: number;
  version: number;
  newest: number;
  content: string;
  changes: string;
}

/** What entries kept of their parameters and results stays as it was filed. */
export async function resealConfigurations(
  tx: Transaction,
  { name, configuration }: ResourceTypeDescriptor,
  sealer: Sealer,
): Promise<void> {
  if (!isJsonObject(configuration)) return;
  const rows = await tx.query<VersionRow>(
    `SELECT v.resource, v.version, r.configuration_version AS newest, v.content, v.changes
     FROM configuration_version v JOIN resource r ON r.id = v.resource WHERE r.type = $1 ORDER BY v.resource, v.version`,
    [name],
  );
  for (const versions of Map.groupBy(rows, (row) => row.resource).values()) {
    // A version may have removed what only the one before shows to be secret.
    const secret = versions.flatMap(({ content }) => secretPaths(configuration, openConnection(content, sealer)));
    const places = [...new Set(secret.map(pathText))];
    for (const row of versions) await resealVersion(tx, row, sealMore(row.content, configuration, sealer), places);
  }
}

async function resealVersion(
  tx: Transaction,
  row: VersionRow,
  sealed: string | null,
  places: readonly string[],
): Promise<void> {
  const { resource, version, newest } = row;
  const changes = JSON.stringify(
    (JSON.parse(row.changes) as ConfigurationDifference[]).map((one) => masked(one, places)),
  );
  if (sealed === null && changes === row.changes) return;
  const content = sealed ?? row.content;
  await tx.query("UPDATE configuration_version SET content = $1, changes = $2 WHERE resource = $3 AND version = $4", [
    content,
    changes,
    resource,
    version,
  ]);
  if (version === newest) await tx.query("UPDATE resource SET configuration = $1 WHERE id = $2", [content, resource]);
}

function masked(change: ConfigurationDifference, places: readonly string[]): ConfigurationDifference {
  const { path, before, after } = change;
  const isInside = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
  if (!places.some((place) => isInside(path, place) || isInside(place, path))) return change;
  return {
    path,
    ...(before === undefined ? {} : { before: MASK }),
    ...(after === undefined ? {} : { after: MASK }),
  };
}
