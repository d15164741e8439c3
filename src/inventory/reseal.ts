/** When a type's connection schema changes, the stored connections follow: newly secret values are sealed. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { resealConfigurations } from "./reseal-configurations.ts";
import type { Sealer } from "./sealer.ts";
import { openConnection, sealMore } from "./secrets.ts";

/**
 * @param except names of resources that were written with the new schema already.
 * @returns a notice for each resource whose connection no longer fits; it keeps what it has.
 */
export async function resealType(
  tx: Transaction,
  type: ResourceTypeDescriptor,
  except: ReadonlySet<string>,
  { schemas, sealer, dryRun }: { schemas: SchemaValidator; sealer: Sealer; dryRun: boolean },
): Promise<string[]> {
  const rows = await tx.query<{ id: number; name: string; connection: string }>(
    "SELECT id, name, connection FROM resource WHERE type = $1 ORDER BY id",
    [type.name],
  );
  const notices: string[] = [];
  for (const { id, name, connection } of rows) {
    if (except.has(name)) continue;
    try {
      const opened = openConnection(connection, sealer);
      const [problem] = schemas.problems(type.connection, opened);
      if (problem) notices.push(`${name} does not fit the changed type ${type.name}: connection: ${problem.message}`);
      const sealed = sealMore(connection, type.connection, sealer);
      if (sealed !== null && !dryRun) {
        await tx.query("UPDATE resource SET connection = $1, version = version + 1, updated_at = $2 WHERE id = $3", [
          sealed,
          tx.now(),
          id,
        ]);
      }
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      notices.push(`${name} keeps its connection as it is: ${error.message}`);
    }
  }
  try {
    if (!dryRun) await resealConfigurations(tx, type, sealer);
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    notices.push(`configurations of the type ${type.name} stay as they are stored: ${error.message}`);
  }
  return notices;
}
