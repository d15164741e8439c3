/** An update of a configuration when it is filed: refused with every path while nothing is done yet. */
import { WilcoError } from "../../core/errors.ts";
import type { Transaction } from "../../database/database.ts";
import { UPDATE_CONFIGURATION, patchedPaths, pathText } from "../../domain/configuration.ts";
import {
  askedChange,
  planConfiguration,
  versionsNeeded,
  type AskedChange,
} from "../../inventory/plan-configuration.ts";
import type { Target } from "../../inventory/targets.ts";
import type { Context } from "../context.ts";
import { isFirstPatch } from "./first-update.ts";

/**
 * The last word is the claim's: what runs before it may change what it is merged into.
 * @throws WilcoError `invalid_parameters`, `conflict`.
 */
export async function checkUpdate(
  context: Context,
  tx: Transaction,
  target: Target,
  parameters: Record<string, unknown> | undefined,
): Promise<void> {
  if (target.type.operations[UPDATE_CONFIGURATION] === undefined) return;
  const asked = askedChange(parameters ?? {});
  const versions = await readVersions(tx, target.id, versionsNeeded(asked));
  try {
    planConfiguration({
      resource: target.name,
      schema: target.type.configuration ?? { type: "object" },
      known: { version: target.configurationVersion, stored: target.configuration },
      asked,
      used: [],
      versions,
      schemas: context.schemas,
      sealer: context.secrets.sealer,
    });
  } catch (error) {
    if (error instanceof WilcoError && (await mayYetFit(tx, target, asked, error))) return;
    throw error;
  }
}

export async function readVersions(
  tx: Transaction,
  resource: number,
  versions: readonly number[],
): Promise<Map<number, string>> {
  if (versions.length === 0) return new Map();
  const rows = await tx.query<{ version: number; content: string }>(
    `SELECT version, content FROM configuration_version WHERE resource = $1 AND ${tx.dialect.inIds("version", "$2")}`,
    [resource, JSON.stringify(versions)],
  );
  return new Map(rows.map((row) => [row.version, row.content]));
}

/** What a patch lacks, the resource may have, or an update that runs before it may bring; what it says itself is wrong whatever comes before. */
async function mayYetFit(
  tx: Transaction,
  target: Target,
  { patch }: AskedChange,
  { code, details }: WilcoError,
): Promise<boolean> {
  if (patch === undefined || code !== "invalid_parameters") return false;
  const problems = (details as { problems?: Array<{ path: string }> } | undefined)?.problems;
  if (problems === undefined) return false;
  const own = patchedPaths(patch).map(pathText);
  if (problems.some(({ path }) => own.some((one) => path.startsWith(one)))) return false;
  if (isFirstPatch(target, { patch })) return true;
  const before = await tx.query(
    "SELECT 1 AS one FROM entry WHERE resource = $1 AND kind = 'configuration' AND finished_at IS NULL LIMIT 1",
    [target.id],
  );
  return before.length > 0;
}
