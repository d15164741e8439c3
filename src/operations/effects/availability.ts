/**
 * Results of checks become the resource's availability: the newest observation counts, a check's by when it began, and
 * that of another operation by when it ended.
 */
import { isJsonObject } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import { availabilityOf, nonsenseSaid, saidBy } from "../../domain/availability.ts";
import type { Availability } from "../../domain/resource.ts";
import type { End } from "../ends.ts";
import type { Locked, LockedEntry } from "../locked.ts";

const CHECK = "check";
const MAX_REASON = 500;

interface Observation {
  resource: number;
  availability: Availability;
  reason: string | null;
  /** ms: what the newest is told by. */
  at: number;
  /** ms: when the looking began, where `at` is later. */
  began?: number;
  entry: number;
}

export function recordAvailability(tx: Transaction, locked: Locked, ends: readonly End[]): void {
  const newest = new Map<number, Observation>();
  for (const end of ends) {
    const seen = observationOf(end, locked.get(end.id), tx);
    if (seen && seen.at >= (newest.get(seen.resource)?.at ?? 0)) newest.set(seen.resource, seen);
  }
  writeObservations(tx, [...newest.values()]);
}

/** What began before its resource was changed may have looked at another connection. @param seen one a resource. */
export function writeObservations(
  tx: Transaction,
  seen: ReadonlyArray<Omit<Observation, "entry"> & { entry: number | null }>,
): void {
  if (seen.length === 0) return;
  const columns = {
    resource: "int",
    availability: "text",
    reason: "text",
    at: "int",
    began: "int",
    entry: "int",
  } as const;
  const changes = (column: string, value: string) =>
    `${column} = CASE WHEN resource.availability = v.availability THEN resource.${column} ELSE ${value} END`;
  tx.send(
    `UPDATE resource SET ${changes("availability_changed", "v.at")}, ${changes("availability_entry", "v.entry")},
       availability_reason = v.reason, availability = v.availability, availability_at = v.at
     FROM ${tx.dialect.rows("v", columns, "$1")} WHERE ${tx.dialect.matches("resource.id", "v", "resource", "$1")}
       AND resource.availability <> 'disabled' AND (resource.availability_at IS NULL OR resource.availability_at <= v.at)
       AND (resource.availability_changed IS NULL OR resource.availability_changed <= v.at)
       AND (v.began IS NULL OR resource.updated_at <= v.began)`,
    [JSON.stringify(seen)],
  );
}

function observationOf(end: End, entry: LockedEntry | undefined, tx: Transaction): Observation | null {
  if (!entry || entry.resource === null) return null;
  const { resource, id } = entry;
  const result = end.result ?? null;
  if (entry.operation !== CHECK) {
    // Others may have looked as well, such as a wait for health: what it waited for came last, so checks that were made
    // while it waited say less, however late they began.
    const availability = end.status === "succeeded" ? saidBy(result) : null;
    const began = entry.started_at ?? tx.now();
    const reason = availability === "down" ? `after ${entry.operation}` : null;
    return availability && { resource, entry: id, availability, reason, at: tx.now(), began };
  }
  // Nobody looked, because somebody wanted it so.
  if (end.status === "canceled") return null;
  const availability = availabilityOf({ status: end.status, result, error: end.error ?? null });
  const said = isJsonObject(result) ? result["reason"] : undefined;
  const wrong = end.status === "succeeded" ? nonsenseSaid(result) : null;
  const reason = wrong ?? (typeof said === "string" ? said : (end.error?.message ?? null));
  return {
    resource,
    entry: id,
    availability,
    reason: reason && reason.replaceAll("\u0000", "\uFFFD").slice(0, MAX_REASON).toWellFormed(),
    at: entry.started_at ?? entry.queued_at ?? tx.now(),
  };
}
