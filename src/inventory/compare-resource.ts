/** What differs between a resource as it is asked for and as it is stored. */
import { WilcoError } from "../core/errors.ts";
import { isSameJson, type Json, type JsonObject } from "../core/json.ts";
import { formatInterval } from "../domain/interval.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { secretPaths } from "../domain/secret-paths.ts";
import type { PlanDifference } from "../protocol/messages.ts";
import { differencesBetween } from "./differences.ts";
import type { ResourceDraft } from "./parse-document.ts";
import type { PlannedResource } from "./plan-resources.ts";
import type { ResourceRow } from "./resource-rows.ts";
import type { Sealer } from "./sealer.ts";
import { isStoredConnection, maskedPaths, openConnection, protectConnection, shownConnection } from "./secrets.ts";

/** Compares a resource as asked for with the stored one. */
export function compared(
  draft: ResourceDraft,
  row: ResourceRow | undefined,
  type: ResourceTypeDescriptor,
  worker: string | null,
  connection: JsonObject,
  sealer: Sealer,
): PlannedResource {
  const sealed = () => protectConnection(type.connection, connection, sealer);
  if (!row) return { draft, existing: row, action: "add", keys: [], differences: [], worker, connection: sealed() };
  const sameConnection = isStoredConnection(row.connection, type.connection, connection, () => opened(row, sealer));
  const labels = JSON.parse(row.labels) as Record<string, string>;
  const differs: Record<string, boolean> = {
    type: row.type !== draft.type,
    zone: row.zone !== draft.zone,
    worker: row.worker !== worker,
    labels: !isSameJson(labels, draft.labels),
    parent: row.parent_name !== draft.parent,
    description: row.description !== draft.description,
    connection: !sameConnection,
    checkEvery: row.check_every !== draft.checkEvery,
    metricsEvery: row.metrics_every !== draft.metricsEvery,
    enabled: draft.enabled !== undefined && draft.enabled === (row.availability === "disabled"),
    discovery: draft.takeFound !== undefined && draft.takeFound !== row.take_found,
  };
  const keys = Object.keys(differs).filter((key) => differs[key]);
  if (keys.length === 0)
    return { draft, existing: row, action: "same", keys, differences: [], worker, connection: row.connection };
  const differences = keys.flatMap((key) => {
    if (key === "connection") return connectionDifferences(opened(row, sealer) ?? {}, row, type, connection);
    return differencesBetween(key, ...sidesOf(key, row, draft, worker));
  });
  return { draft, existing: row, action: "change", keys, differences, worker, connection: sealed() };
}

/** What a key says now, and what it is to say, in the words of a document. */
function sidesOf(key: string, row: ResourceRow, draft: ResourceDraft, worker: string | null): [Json, Json] {
  const interval = (ms: number | null) => (ms === null ? null : formatInterval(ms));
  const take = (selector: string | null | undefined) =>
    selector === null || selector === undefined ? null : { take: selector };
  switch (key) {
    case "labels":
      return [JSON.parse(row.labels) as JsonObject, draft.labels];
    case "parent":
      return [row.parent_name, draft.parent];
    case "worker":
      return [row.worker, worker];
    case "checkEvery":
      return [interval(row.check_every), interval(draft.checkEvery)];
    case "metricsEvery":
      return [interval(row.metrics_every), interval(draft.metricsEvery)];
    case "enabled":
      return [row.availability !== "disabled", draft.enabled !== false];
    case "discovery":
      return [take(row.take_found), take(draft.takeFound)];
    default:
      return [row[key as "type" | "zone" | "description"], draft[key as "type" | "zone" | "description"]];
  }
}

function connectionDifferences(
  from: JsonObject,
  row: ResourceRow,
  type: ResourceTypeDescriptor,
  to: JsonObject,
): PlanDifference[] {
  const secret = [
    ...secretPaths(type.connection, from),
    ...secretPaths(type.connection, to),
    // What was sealed under an earlier schema is no less a secret.
    ...maskedPaths(shownConnection(row.connection, undefined)),
  ].map((path) => JSON.stringify(path));
  const known = new Set(secret);
  const found = differencesBetween("connection", from, to, (below) => known.has(JSON.stringify(below)));
  // The same values, sealed differently because the schema says so.
  return found.length > 0 ? found : [{ path: "connection", secret: true }];
}

/** null when it was sealed with a key that is gone: the way out is to set the secrets again, which must then work. */
export function opened(row: ResourceRow, sealer: Sealer): JsonObject | null {
  try {
    return openConnection(row.connection, sealer);
  } catch (error) {
    if (error instanceof WilcoError) return null;
    throw error;
  }
}
