/**
 * Updates of configurations when they are claimed: a patch is merged into what is known now, so that of two updates the
 * second never drops what the first has done, whichever of them runs first.
 */
import { WilcoError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import type { EntryError } from "../../domain/entry.ts";
import { openParameters } from "../../inventory/parameter-secrets.ts";
import { askedChange, planConfiguration, versionsNeeded } from "../../inventory/plan-configuration.ts";
import { openWithSecrets } from "../../inventory/secrets.ts";
import type { Target } from "../../inventory/targets.ts";
import type { ClaimedRow } from "../../queue/take.ts";
import type { Context } from "../context.ts";
import { readVersions } from "./check-update.ts";
import { isFirstPatch } from "./first-update.ts";

/** Only one update of a resource runs at a time, so what it is merged into stays until it has ended. */
export async function mergeUpdates(
  context: Context,
  tx: Transaction,
  rows: readonly ClaimedRow[],
  targets: ReadonlyMap<number, Target>,
): Promise<Map<number, EntryError>> {
  const refused = new Map<number, EntryError>();
  for (const row of rows) {
    const target = targets.get(row.resource ?? 0);
    if (!target) continue;
    try {
      await mergeOne(context, tx, row, target);
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      refused.set(row.id, refusal(error));
    }
  }
  return refused;
}

async function mergeOne(context: Context, tx: Transaction, row: ClaimedRow, target: Target): Promise<void> {
  const { sealer } = context.secrets;
  const { parameters, used } = openParameters(row.parameters, row.sealed, sealer);
  const asked = askedChange(parameters);
  const planned = isFirstPatch(target, asked)
    ? NOTHING_YET
    : planConfiguration({
        resource: target.name,
        schema: target.type.configuration ?? { type: "object" },
        known: { version: target.configurationVersion, stored: target.configuration },
        asked,
        used,
        versions: await readVersions(tx, target.id, versionsNeeded(asked)),
        schemas: context.schemas,
        sealer,
      });
  tx.send(
    `INSERT INTO configuration_change (entry, resource, base, content, changes, rollback_of) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (entry) DO UPDATE SET base = excluded.base, content = excluded.content, changes = excluded.changes,
       rollback_of = excluded.rollback_of`,
    [
      row.id,
      target.id,
      target.configurationVersion,
      planned.stored,
      JSON.stringify(planned.changes),
      planned.rollbackOf,
    ],
  );
}

/** Its worker decides. */
const NOTHING_YET = { stored: JSON.stringify({ plain: {}, sealed: null }), changes: [], rollbackOf: null };

export interface MergedUpdate {
  configuration: JsonObject;
  /** The texts in it that are secret. */
  secrets: string[];
}

/** By entry. */
export async function mergedUpdates(
  context: Context,
  tx: Transaction,
  rows: readonly ClaimedRow[],
): Promise<Map<number, MergedUpdate>> {
  const ids = rows.flatMap(({ id, kind }) => (kind === "configuration" ? [id] : []));
  if (ids.length === 0) return new Map();
  const found = await tx.query<{ entry: number; content: string }>(
    `SELECT entry, content FROM configuration_change WHERE ${tx.dialect.inIds("entry", "$1")}`,
    [JSON.stringify(ids)],
  );
  return new Map(
    found.map(({ entry, content }) => {
      const { connection, secrets } = openWithSecrets(content, context.secrets.sealer);
      return [entry, { configuration: connection, secrets }];
    }),
  );
}

/** Nothing has run: what is wrong is what was asked for. */
function refusal({ code, message, hint, details }: WilcoError): EntryError {
  return {
    code,
    message,
    source: "operation",
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details: details as NonNullable<EntryError["details"]> }),
  };
}
