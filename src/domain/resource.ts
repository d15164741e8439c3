/** A managed thing, as the API shows it. Connection secrets are never part of it. */
import type { JsonObject } from "../core/json.ts";

export const AVAILABILITIES = ["up", "down", "unknown", "disabled"] as const;
export type Availability = (typeof AVAILABILITIES)[number];

export interface Resource {
  id: number;
  name: string;
  type: string;
  zone: string;
  /** The one worker its operations run on; null = any worker of its zone and role. Inherited from the parent. */
  worker: string | null;
  labels: Record<string, string>;
  /** Name of the parent resource. */
  parent: string | null;
  description: string | null;
  /** Values of `secret: true` properties are replaced by "********". */
  connection: JsonObject;
  availability: Availability;
  /** When `availability` was last observed (start of the check, end of another operation), ISO. */
  availabilityAt: string | null;
  /** When it last changed, ISO; null = it never did. */
  availabilitySince: string | null;
  /** Why it is so, in words, as its check said. */
  availabilityReason: string | null;
  /** How often it is checked ("10s", "off"); null = as its type says. */
  checkEvery: string | null;
  /** How often its metrics are kept; null = as its type says. */
  metricsEvery: string | null;
  /** Grows with every change; the ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** `size`: how many members it has now; null when that can't be said, as of a group that names one that is gone. */
export type SizedGroup = Group & { size: number | null };

export interface Group {
  name: string;
  description: string | null;
  /** Members by query … */
  select: string | null;
  /** … or by name … */
  members: string[] | null;
  /** … and with these groups' members; null for a group by query. */
  groups: string[] | null;
}
