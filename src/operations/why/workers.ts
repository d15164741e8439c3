/** Why none of the workers takes an entry: there is none, or none that is heard of, or none with a free slot. */
import { formatDuration } from "../../core/durations.ts";
import { nearest } from "../../core/suggest.ts";
import type { WorkerRow } from "../../database/tables.ts";
import { formatPriorityBand } from "../../domain/priority.ts";
import { WHOLE_WORKER } from "../../domain/resource-type.ts";
import type { Why } from "../../domain/why.ts";
import { isSilent, mayClaim, routesOf, usedSlots } from "../../queue/eligibility.ts";
import { describeWorker, listing, nameOf, since, why, type Look, type LookedAt } from "./look.ts";

export interface RouteWorker {
  row: WorkerRow;
  /** It takes entries of the route. */
  serves: boolean;
  /** It may claim, and was heard of within a lease. */
  live: boolean;
  /** Slots; 0 for those that do not serve the route. */
  free: number;
}

/** How far back a worker that is gone still explains something. */
const LATELY = 3_600_000;
const MOST_WORKERS = 2_000;

/** The workers there are, and those that were there lately; only those of the route with their free slots. */
export async function readRouteWorkers(look: Look, route: string): Promise<RouteWorker[]> {
  const rows = await look.sql.query<WorkerRow>(
    `SELECT * FROM worker WHERE state IN ('starting', 'ready', 'draining') OR seen_at > $1
     ORDER BY seen_at DESC LIMIT ${MOST_WORKERS}`,
    [look.now - LATELY],
  );
  const serving = rows.filter((row) => routesOf(row).includes(route));
  const used = await usedSlots(
    look.sql,
    serving.map((row) => row.session),
  );
  return rows.map((row) => {
    const serves = serving.includes(row);
    const live = mayClaim(row) && !isSilent(row, look.settings.lease, look.now);
    return { row, serves, live, free: serves ? Math.max(0, row.capacity - (used.get(row.session) ?? 0)) : 0 };
  });
}

/** No live worker serves the route. */
export function whyNoWorker(look: Look, entry: LookedAt, workers: readonly RouteWorker[]): Why {
  const former = workers.filter((worker) => worker.serves);
  const command = commandFor(entry, former[0]?.row.name);
  const what = entry.bound_worker === null ? `serves the route ${entry.route}` : `is named ${entry.bound_worker}`;
  const details = { route: entry.route, zone: entry.zone, role: entry.role, worker: entry.bound_worker };
  const silent = former.find(({ row }) => mayClaim(row));
  if (silent) {
    return why(
      entry,
      "worker_silent",
      `No live worker ${what}: ${describeWorker(silent.row)} did, and is silent for ${since(look, silent.row.seen_at)}`,
      {
        hint: "Look at that machine, its network and the worker's log; or start the worker anew, or another one.",
        commands: [command, "wilco workers list"],
        details: { ...details, silentWorker: silent.row.name, silentFor: look.now - silent.row.seen_at },
      },
    );
  }
  const draining = former.find(({ row }) => row.state === "draining" || row.state === "starting");
  if (draining) {
    const doing =
      draining.row.state === "draining" ? "draining: it finishes what runs, and takes nothing more" : "starting";
    return why(entry, "worker_draining", `The only worker that ${what}, ${describeWorker(draining.row)}, is ${doing}`, {
      hint: "Wait until it is back, or start another one.",
      commands: [command, "wilco workers list"],
      details,
    });
  }
  const gone = former[0]?.row;
  const last = gone ? `; the last one, ${describeWorker(gone)}, ${gone.state} ${since(look, gone.seen_at)} ago` : "";
  return why(entry, "no_worker", `No live worker ${what}${last}. ${nearestText(entry, workers)}`, {
    hint:
      entry.bound_worker === null
        ? "Start one, with a worker token for that zone and role."
        : "Start it, or bind the resource to another worker.",
    commands: [command],
    details: { ...details, endsAs: entry.require_worker === null ? null : "no_worker" },
  });
}

/** What is there that comes nearest to what is missing. */
function nearestText(entry: LookedAt, workers: readonly RouteWorker[]): string {
  const live = workers.filter((worker) => worker.live).map((worker) => worker.row);
  if (live.length === 0) return "No worker is live at all.";
  const one = (row: WorkerRow) => `${row.name} (zone ${row.zone}, ${rolesText(row)})`;
  if (entry.bound_worker !== null) {
    const near = nearest(
      entry.bound_worker,
      live.map((row) => row.name),
    );
    return near === undefined ? `Live: ${listing(live.map((row) => row.name))}.` : `The nearest name is ${near}.`;
  }
  const inZone = live.filter((row) => row.zone === entry.zone);
  const inRole = live.filter((row) => (JSON.parse(row.roles) as string[]).includes(entry.role));
  const parts = [
    inZone.length > 0 ? `in zone ${entry.zone} ${listing(inZone.map(one))}` : `nobody is in zone ${entry.zone}`,
    inRole.length > 0 ? `with role ${entry.role} ${listing(inRole.map(one))}` : `nobody has role ${entry.role}`,
  ];
  return `The nearest: ${parts.join("; ")}.`;
}

function rolesText(row: WorkerRow): string {
  const roles = JSON.parse(row.roles) as string[];
  return `${roles.length === 1 ? "role" : "roles"} ${roles.join(", ")}`;
}

function commandFor(entry: LookedAt, former: string | undefined): string {
  const name = entry.bound_worker ?? former;
  const options = entry.bound_worker === null ? `--zone ${entry.zone} --role ${entry.role}` : `--zone ${entry.zone}`;
  return `wilco worker ${options}${name === undefined ? "" : ` --name ${name}`} --token-file FILE`;
}

/** Live workers serve the route, and none of them takes the priority. */
export function whyOutsideBands(look: Look, entry: LookedAt, serving: readonly RouteWorker[]): Why {
  const bands = serving.map(({ row }) => ({ name: row.name, min: row.priority_min, max: row.priority_max }));
  const shown = bands.map((band) => `${band.name} takes ${formatPriorityBand(band)}`);
  return why(
    entry,
    "priority_band",
    `No live worker of ${entry.route} takes the priority ${entry.priority}: ${listing(shown)}`,
    {
      hint: "Start a worker without a band, or file it again with a priority inside of one.",
      commands: [commandFor(entry, undefined)],
      details: { priority: entry.priority, bands },
    },
  );
}

/** A worker has room for what is heavier than it is when it is empty. */
export function hasRoom({ row, free }: RouteWorker, entry: LookedAt): boolean {
  return free >= Math.min(entry.weight, row.capacity);
}

function needsText(weight: number): string {
  if (weight === 1) return "";
  return weight === WHOLE_WORKER ? "; it needs an empty worker" : `; it needs ${weight} free slots`;
}

/** Live workers serve the route, and none of them has room for it; null when one has. */
export async function whyNoneFree(
  look: Look,
  entry: LookedAt,
  serving: readonly RouteWorker[],
  ahead: number,
): Promise<Why | null> {
  if (serving.some((worker) => hasRoom(worker, entry))) return null;
  const workers = serving.map(({ row, free }) => ({
    name: row.name,
    running: row.capacity - free,
    capacity: row.capacity,
  }));
  const [oldest] = await look.sql.query<LookedAt>(
    `SELECT * FROM entry WHERE ${look.sql.dialect.inTexts("worker_session", "$1")}
       AND status IN ('running', 'canceling') ORDER BY started_at, id LIMIT 1`,
    [JSON.stringify(serving.map(({ row }) => row.session))],
  );
  const shown = workers.map((worker) => `${worker.name} runs ${worker.running}/${worker.capacity}`);
  const needs = needsText(entry.weight);
  const longest = oldest
    ? `; the oldest there is ${nameOf(oldest)}, for ${formatDuration(look.now - (oldest.started_at ?? look.now))}`
    : "";
  const before = ahead === 0 ? "" : `, and ${ahead} before it`;
  return why(
    entry,
    "workers_full",
    `All workers of ${entry.route} are full: ${listing(shown)}${needs}${longest}${before}`,
    {
      hint: "It starts when enough of that has ended; more slots, another worker, or canceling what hangs frees it sooner.",
      commands: [...(oldest ? [`wilco entry why ${oldest.id}`] : []), commandFor(entry, undefined)],
      details: { workers, ahead, oldest: oldest?.id ?? null },
    },
  );
}
