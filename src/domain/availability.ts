/** What a check says about its resource: the one rule for the server, for waits and for what is shown. */
import { isJsonObject } from "../core/json.ts";
import type { Entry, EntryError } from "./entry.ts";
import type { Availability } from "./resource.ts";

/** A change of a resource's availability. */
export interface AvailabilityChange {
  /** ISO 8601: the start of the check that saw it, or the end of another operation that did. */
  at: string;
  availability: Availability;
  /** Why it is so, in words; null when nobody said. */
  reason: string | null;
  /** The entry that brought it; null when it was no check, or its entry is gone. */
  entry: number | null;
}

/** The changes of a time, and how it was shared among the availabilities. */
export interface AvailabilityHistory {
  resource: string;
  availability: Availability;
  /** ISO 8601. Asked for, but not before the resource was added. */
  since: string;
  until: string;
  /** Newest first. */
  changes: AvailabilityChange[];
  /** There are more changes than are listed; the shares are of all. */
  truncated: boolean;
  /** ms in each availability. */
  times: Record<Availability, number>;
  /** 0 to 1: up of the time that it was known to be up or down; null when it was not known at all. */
  upShare: number | null;
}

/** What a check saw. Only the operation's own failure says "down": a check that wilco could not run says nothing. */
export function availabilityOf(check: Pick<Entry, "status" | "result"> & { error: EntryError | null }): Availability {
  const said = saidBy(check.result);
  if (said !== null) return said;
  if (check.status === "succeeded") return nonsenseSaid(check.result) === null ? "up" : "unknown";
  return check.status === "failed" && check.error?.source === "operation" ? "down" : "unknown";
}

/** What is wrong with a result that names an availability which is none; such a check is no sign that all is well. */
export function nonsenseSaid(result: unknown): string | null {
  if (!isJsonObject(result) || !Object.hasOwn(result, "availability") || saidBy(result) !== null) return null;
  const said = JSON.stringify(result["availability"]).slice(0, 80);
  return `the check answered with the availability ${said}, which is neither "up" nor "down"`;
}

/** The availability that a result names; null when it names none. */
export function saidBy(result: unknown): "up" | "down" | null {
  const said = isJsonObject(result) ? result["availability"] : undefined;
  return said === "up" || said === "down" ? said : null;
}
