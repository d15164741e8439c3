/** A configuration that was applied and verified becomes the known one: the next version of its resource. */
import { isJsonObject, type Json } from "../../core/json.ts";
import type { ConfigurationDifference, ConfigurationUpdated } from "../../domain/configuration.ts";
import type { Transaction } from "../../database/database.ts";
import type { End } from "../ends.ts";

interface ChangeRow {
  entry: number;
  resource: number;
  content: string;
  changes: string;
  rollback_of: number | null;
  version: number;
}

/** @param ends of updates that succeeded; each result then names the version. */
export async function recordConfigurations(tx: Transaction, ends: readonly End[]): Promise<void> {
  if (ends.length === 0) return;
  const rows = await tx.query<ChangeRow>(
    `SELECT c.entry, c.resource, c.content, c.changes, c.rollback_of, r.configuration_version AS version
     FROM configuration_change c JOIN resource r ON r.id = c.resource
     WHERE ${tx.dialect.inIds("c.entry", "$1")} ORDER BY c.entry`,
    [JSON.stringify(ends.map(({ id }) => id))],
  );
  const versions = new Map<number, number>();
  for (const row of rows) {
    const end = ends.find(({ id }) => id === row.entry)!;
    const changes = JSON.parse(row.changes) as ConfigurationDifference[];
    const current = versions.get(row.resource) ?? row.version;
    const version = changes.length === 0 ? current : current + 1;
    versions.set(row.resource, version);
    end.result = updatedOf(version, changes, end.result ?? null) as unknown as Json;
    if (version === current) continue;
    tx.send(
      `INSERT INTO configuration_version (resource, version, content, changes, rollback_of, entry, author, note, at)
       SELECT $1, $2, $3, $4, $5, e.id, e.requested_by, e.note, $7 FROM entry e WHERE e.id = $6`,
      [row.resource, version, row.content, row.changes, row.rollback_of, row.entry, tx.now()],
    );
    tx.send("UPDATE resource SET configuration = $2, configuration_version = $3 WHERE id = $1", [
      row.resource,
      row.content,
      version,
    ]);
  }
}

/** @param told by the worker: whether it was read back, and what the handler returned. */
function updatedOf(version: number, changes: ConfigurationDifference[], told: Json): ConfigurationUpdated {
  const { verified = false, result = null } = isJsonObject(told) ? told : {};
  return { version, changes, verified: verified === true, result };
}
