/** What a worker's claims may take: its routes, within its band of priorities. It never changes in a session's life. */
import type { WorkerRow } from "../database/tables.ts";
import { isWholeBand, type PriorityBand } from "../domain/priority.ts";
import { routesOf } from "./eligibility.ts";

export interface Reach {
  routes: string[];
  band: PriorityBand;
  /** Of the worker, slots. */
  capacity: number;
}

export function reachOf(
  worker: Pick<WorkerRow, "name" | "zone" | "roles" | "priority_min" | "priority_max" | "capacity">,
): Reach {
  return {
    routes: routesOf(worker),
    band: { min: worker.priority_min, max: worker.priority_max },
    capacity: worker.capacity,
  };
}

/** Some messages of its routes are not for it: that it found nothing does not say that there is nothing. */
export function isBanded({ band }: Reach): boolean {
  return !isWholeBand(band);
}
