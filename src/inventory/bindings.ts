/**
 * Where an operation runs decides whether it is right: a resource of a `bound` type belongs to one worker. One live
 * worker of its route is taken for it; several are refused, because a guess would work on the wrong machine.
 */
import { nearest } from "../core/suggest.ts";
import type { Sql } from "../database/database.ts";
import { zoneRoute } from "../domain/route.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";

export interface LiveWorker {
  name: string;
  zone: string;
  roles: string[];
}

/** Workers that take messages now or are about to; one that drains will be gone. */
export async function liveWorkers(sql: Sql): Promise<LiveWorker[]> {
  const rows = await sql.query<{ name: string; zone: string; roles: string }>(
    "SELECT name, zone, roles FROM worker WHERE state IN ('starting', 'ready') ORDER BY name",
  );
  return rows.map((row) => ({ ...row, roles: JSON.parse(row.roles) as string[] }));
}

export type Binding =
  | { worker: string | null; notice?: string }
  /** More than one worker could be meant. */
  | { ambiguous: string[]; route: string };

/**
 * @param own the binding asked for, or the one kept; null = none.
 * @param inherited the parent's.
 */
export function bind(
  resource: { name: string; zone: string; own: string | null; inherited: string | null; runsOn: "any" | "bound" },
  type: ResourceTypeDescriptor,
  workers: readonly LiveWorker[],
): Binding {
  const { name, zone, own, inherited, runsOn } = resource;
  if (own !== null) {
    if (workers.some((worker) => worker.name === own)) return { worker: own };
    const near = nearest(
      own,
      workers.map((worker) => worker.name),
    );
    const hint = near === undefined ? "" : ` (did you mean "${near}"?)`;
    return { worker: own, notice: `${name} is bound to the worker ${own}, which is not running${hint}` };
  }
  if (inherited !== null || runsOn !== "bound") return { worker: null };
  const serving = workers.filter((worker) => worker.zone === zone && worker.roles.includes(type.role));
  const [first] = serving;
  const route = zoneRoute(zone, type.role);
  if (!first) {
    return {
      worker: null,
      notice: `${name} runs on one worker, and none serves ${route} yet: apply again when its worker runs, or set worker`,
    };
  }
  if (serving.length > 1) return { ambiguous: serving.map((worker) => worker.name), route };
  return { worker: first.name, notice: `${name} is bound to ${first.name}, the one worker that serves ${route}` };
}
