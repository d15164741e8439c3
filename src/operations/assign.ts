/** Claimed rows as assignments: everything the worker needs, with the connection's secrets opened. */
import { createScriptToken } from "../access/script-tokens.ts";
import type { JsonObject } from "../core/json.ts";
import { messageOf } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { READ_CONFIGURATION, UPDATE_CONFIGURATION } from "../domain/configuration.ts";
import { SCRIPT_OPERATION, SCRIPT_TYPE } from "../domain/script.ts";
import { fillSecretTemplates } from "../domain/secret-templates.ts";
import type { Assignment } from "../domain/worker.ts";
import { openParameters } from "../inventory/parameter-secrets.ts";
import { askedChange } from "../inventory/plan-configuration.ts";
import type { OpenedTarget } from "../inventory/targets.ts";
import { parametersNow, refusedByType } from "./changed-types.ts";
import type { ClaimedRow } from "../queue/take.ts";
import { isFirstPatch } from "./configuration/first-update.ts";
import { mergedUpdates } from "./configuration/claimed-updates.ts";
import type { Context } from "./context.ts";
import { namesFor, storedSecrets, type StoredSecrets } from "./stored-secrets.ts";

export async function assignmentsOf(
  context: Context,
  tx: Transaction,
  rows: readonly ClaimedRow[],
  now: number,
  opened?: { targets: ReadonlyMap<number, OpenedTarget>; stored: StoredSecrets },
): Promise<Assignment[]> {
  if (rows.length === 0) return [];
  const ids = [...new Set(rows.flatMap((row) => row.resource ?? []))];
  const targets = opened?.targets ?? (await context.targets.open(tx, ids));
  const { values } = opened?.stored ?? (await storedSecrets(context, tx, rows, targets));
  const updates = await mergedUpdates(context, tx, rows);
  return rows.flatMap((row): Assignment[] => {
    if (row.kind === "script") return [scriptAssignment(context, tx, row, now)];
    const target = row.resource === null ? undefined : targets.get(row.resource);
    const opened = tryOpen(context, tx, row);
    // Removing a resource with unfinished entries is refused, so this can't be; if it were, the lease would lapse.
    if (!target || !opened || row.operation === null) return [];
    // The type changed after the claim whose lost answer is asked for again: given up unstarted, it is claimed anew.
    if (refusedByType(context, row, target) !== null) return [];
    const update = updates.get(row.id);
    const names = values.size === 0 ? [] : namesFor(target, row.operation);
    const used = names.flatMap((name) => values.get(name) ?? []);
    return [
      {
        entry: row.id,
        attempt: row.attempt,
        kind: row.kind,
        root: row.root ?? row.id,
        operation: row.operation,
        parameters: update
          ? { configuration: update.configuration }
          : parametersNow(context, row, target, opened.parameters),
        resource: {
          id: target.id,
          name: target.name,
          type: target.type.name,
          zone: target.zone,
          labels: target.labels,
          connection: used.length === 0 ? target.connection : fillSecretTemplates(target.connection, values),
          ...(target.known === null ? {} : { configuration: target.known }),
        },
        ...configurationWork(row.operation, target, opened.parameters),
        ...(used.length === 0 ? {} : { storedSecrets: chosen(names, values) }),
        secrets: [...new Set([...target.secrets, ...opened.secrets, ...(update?.secrets ?? []), ...used])],
        typeVersion: target.type.version,
        implementation: target.type.operations[row.operation]?.implementation ?? null,
        deadlineIn: Math.max(0, (row.deadline ?? now) - now),
        timeout: row.timeout,
        onLost: row.on_lost,
        weight: row.weight,
        outputQuota: context.settings.outputQuota,
        canceling: row.status === "canceling",
        trace: row.trace,
      },
    ];
  });
}

function chosen(names: readonly string[], values: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (values.has(name) ? [[name, values.get(name)!]] : [])));
}

function configurationWork(
  operation: string,
  target: OpenedTarget,
  parameters: JsonObject,
): Pick<Assignment, "configuration"> {
  const { type, known } = target;
  if (operation !== UPDATE_CONFIGURATION && operation !== READ_CONFIGURATION) return {};
  const read = type.operations[READ_CONFIGURATION];
  const asked = askedChange(parameters);
  return {
    configuration: {
      schema: type.configuration ?? { type: "object" },
      known,
      ...(operation === UPDATE_CONFIGURATION && isFirstPatch(target, asked) ? { patch: asked.patch! } : {}),
      read: read === undefined ? null : { implementation: read.implementation },
    },
  };
}

/** It has no resource; what stands for one holds the secret that it may speak to the server with while it runs. */
function scriptAssignment(context: Context, tx: Transaction, row: ClaimedRow, now: number): Assignment {
  const token = createScriptToken(tx, row.id, row.attempt);
  return {
    entry: row.id,
    attempt: row.attempt,
    kind: row.kind,
    root: row.root ?? row.id,
    operation: SCRIPT_OPERATION,
    parameters: JSON.parse(row.parameters) as JsonObject,
    resource: {
      id: 0,
      name: SCRIPT_TYPE,
      type: SCRIPT_TYPE,
      zone: row.zone,
      labels: {},
      connection: { token },
    },
    secrets: [token],
    typeVersion: "",
    implementation: null,
    deadlineIn: Math.max(0, (row.deadline ?? now) - now),
    timeout: row.timeout,
    onLost: row.on_lost,
    weight: row.weight,
    outputQuota: context.settings.outputQuota,
    canceling: row.status === "canceling",
    trace: row.trace,
  };
}

/** null when this server has another key than the one that filed it: the others of the answer must not suffer from it. */
function tryOpen(
  { secrets, log }: Context,
  tx: Transaction,
  row: ClaimedRow,
): ReturnType<typeof openParameters> | null {
  try {
    return openParameters(row.parameters, row.sealed, secrets.sealer);
  } catch (error) {
    const line = { entry: row.id, error: messageOf(error) };
    tx.afterCommit(() => log.error(line, "secret parameters of a running entry can't be opened"));
    return null;
  }
}
