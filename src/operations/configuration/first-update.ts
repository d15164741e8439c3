/**
 * The first update of a resource. A patch merged into nothing would be a whole configuration that lacks everything else
 * the resource has: so its worker merges it into what it reads, and tells the server what came of it.
 */
import { WilcoError } from "../../core/errors.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import { mergePatch, READ_CONFIGURATION } from "../../domain/configuration.ts";
import { openParameters } from "../../inventory/parameter-secrets.ts";
import { askedChange, planConfiguration, type AskedChange } from "../../inventory/plan-configuration.ts";
import type { Target } from "../../inventory/targets.ts";
import type { Context } from "../context.ts";
import type { End } from "../ends.ts";
import type { Locked } from "../locked.ts";

type Configurable = Pick<Target, "configurationVersion" | "type">;

/** Whether the worker is the one that merges. */
export function isFirstPatch({ configurationVersion, type }: Configurable, { patch }: AskedChange): boolean {
  return configurationVersion === 0 && patch !== undefined && type.operations[READ_CONFIGURATION] !== undefined;
}

/** Takes what workers tell out of the ends, and keeps it, sealed, as what was applied. */
export async function takeFirstUpdates(
  context: Context,
  tx: Transaction,
  locked: Locked,
  ends: readonly End[],
): Promise<void> {
  for (const end of ends) {
    const { status, result } = end;
    const entry = locked.get(end.id);
    if (status !== "succeeded" || entry?.kind !== "configuration" || !isJsonObject(result)) continue;
    const { configuration, ...told } = result;
    if (configuration === undefined) continue;
    end.result = told;
    if (entry.resource === null || !isJsonObject(configuration)) continue;
    try {
      await keep(context, tx, { id: end.id, resource: entry.resource }, configuration);
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      end.status = "failed";
      end.result = null;
      end.error = { code: "invalid_result", message: error.message, source: "operation" };
    }
  }
}

async function keep(
  context: Context,
  tx: Transaction,
  entry: { id: number; resource: number },
  configuration: JsonObject,
): Promise<void> {
  const { sealer } = context.secrets;
  const [row] = await tx.query<{ parameters: string; sealed: string | null }>(
    "SELECT parameters, sealed FROM entry WHERE id = $1",
    [entry.id],
  );
  const target = (await context.targets.find(tx, [entry.resource])).get(entry.resource);
  if (!row || !target) return;
  const { parameters, used } = openParameters(row.parameters, row.sealed, sealer);
  const asked = askedChange(parameters);
  if (!isFirstPatch(target, asked)) return;
  const planned = planConfiguration({
    resource: target.name,
    schema: target.type.configuration ?? { type: "object" },
    known: { version: 0, stored: null },
    asked: { configuration: mergePatch(configuration, asked.patch!) as JsonObject },
    used,
    versions: new Map(),
    schemas: context.schemas,
    sealer,
  });
  tx.send("UPDATE configuration_change SET content = $2, changes = $3 WHERE entry = $1", [
    entry.id,
    planned.stored,
    JSON.stringify(planned.changes),
  ]);
}
