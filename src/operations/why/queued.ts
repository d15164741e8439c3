/** Entries that wait to be claimed: the conditions of the claim, in the order in which they decide. */
import { formatDuration } from "../../core/durations.ts";
import { CLAIMABLE } from "../../database/dialect.ts";
import type { PausedRouteTable } from "../../database/tables.ts";
import { isInBand, PRIORITY_NAMES } from "../../domain/priority.ts";
import type { Why } from "../../domain/why.ts";
import { readPausedRoute } from "../../queue/paused.ts";
import { reachOf } from "../../queue/reach.ts";
import { iso, nameOf, since, why, type Look, type LookedAt } from "./look.ts";
import { whyTooOld, withHandlers } from "./types.ts";
import { hasRoom, readRouteWorkers, whyNoWorker, whyNoneFree, whyOutsideBands, type RouteWorker } from "./workers.ts";

/** Entries before it that are counted; beyond, the number says nothing more. */
const MOST_AHEAD = 10_000;
/** ms that a claimable entry may wait for a claim that is on its way, besides the look that comes each poll floor. */
const PATIENCE = 3_000;

export async function whyQueued(look: Look, entry: LookedAt): Promise<Why> {
  if (entry.claimable === 0) return whyNotHead(look, entry);
  const paused = await readPausedRoute(look.sql, entry.route);
  if (paused) return whyPaused(look, entry, paused);
  const workers = await readRouteWorkers(look, entry.route);
  const live = workers.filter((worker) => worker.serves && worker.live);
  if (live.length === 0) return whyNoWorker(look, entry, workers);
  const serving = live.filter(({ row }) => isInBand(reachOf(row).band, entry.priority));
  if (serving.length === 0) return whyOutsideBands(look, entry, live);
  const able = await withHandlers(look, entry, serving);
  if (able.length === 0) return whyTooOld(look, entry, serving);
  const ahead = await countAhead(look, entry);
  return (await whyNoneFree(look, entry, able, ahead.count)) ?? whyNotYet(look, entry, able, ahead);
}

function whyPaused(look: Look, entry: LookedAt, paused: PausedRouteTable): Why {
  const reason = paused.reason === null ? "" : `: ${paused.reason}`;
  return why(
    entry,
    "route_paused",
    `The route ${paused.route} was paused by ${paused.paused_by} ${since(look, paused.paused_at)} ago${reason}`,
    {
      hint: "Nothing is claimed from it until it is resumed; entries still expire.",
      commands: [`wilco queue resume ${paused.route}`],
      details: { route: paused.route, pausedBy: paused.paused_by, pausedAt: iso(paused.paused_at) },
    },
  );
}

/** Another exclusive entry has the resource, or is before it there. */
async function whyNotHead(look: Look, entry: LookedAt): Promise<Why> {
  const [head] = await look.sql.query<LookedAt>("SELECT * FROM entry WHERE resource = $1 AND head = 1", [
    entry.resource,
  ]);
  const resource = entry.resource_name ?? "its resource";
  if (!head) {
    return why(entry, "no_head", `${resource} is free, but no entry has been made the next one of it`, {
      hint: "A server repairs that within a minute; if it stays so, look at what doctor says.",
      commands: ["wilco doctor"],
    });
  }
  const details = { resource, head: head.id };
  if (head.forced === 1) {
    return why(
      entry,
      "resource_held",
      `${resource} is still held by ${nameOf(head)}, which ended without the answer of its worker ${head.worker_name}`,
      {
        hint: "It is free when that worker confirms that the work has stopped, or its session ends: look at the worker.",
        commands: ["wilco workers list"],
        details: { ...details, worker: head.worker_name },
      },
    );
  }
  const because = await look.explain(head.id);
  if (head.status === "queued") {
    const first = head.priority < entry.priority ? `has priority ${priorityText(head.priority)}` : "is older";
    return why(entry, "behind_head", `${nameOf(head)} is the next one of ${resource}: it ${first}, and waits itself`, {
      hint: "One exclusive operation runs on a resource at a time; what frees that one frees this one.",
      commands: [`wilco entry why ${head.id}`, `wilco entry cancel ${head.id}`],
      details: { ...details, priority: head.priority },
      because,
    });
  }
  return why(
    entry,
    "resource_held",
    `${resource} is held by ${nameOf(head)}, ${head.status} for ${since(look, head.started_at)}`,
    {
      hint: "One exclusive operation runs on a resource at a time; it is free when that one has ended.",
      commands: [`wilco entry tail ${head.id}`, `wilco entry cancel ${head.id}`],
      details: { ...details, heldFor: look.now - (head.started_at ?? look.now), worker: head.worker_name },
      because,
    },
  );
}

interface Ahead {
  /** Up to MOST_AHEAD. */
  count: number;
  /** The first of the route, by the claim's order; null when that is the entry itself. */
  first: number | null;
}

/**
 * Along the claim's index, and never more of it than needed. In two ranges: compared as a pair, (priority, id) < ($2, $3)
 * makes PostgreSQL read every row of the same priority, the later ones too (60 ms of a million).
 */
async function countAhead(look: Look, entry: LookedAt): Promise<Ahead> {
  const range = (condition: string, limit: number) =>
    `SELECT * FROM (SELECT priority, id FROM entry WHERE route = $1 AND ${CLAIMABLE} AND ${condition}
       ORDER BY priority, id LIMIT ${limit}) AS r`;
  const before = (limit: number) =>
    `(${range("priority < $2", limit)} UNION ALL ${range("priority = $2 AND id < $3", limit)}) AS a`;
  const parameters = [entry.route, entry.priority, entry.id];
  const [[counted], [first]] = await Promise.all([
    look.sql.query<{ n: number }>(`SELECT count(*) AS n FROM ${before(MOST_AHEAD)}`, parameters),
    look.sql.query<{ id: number }>(`SELECT id FROM ${before(1)} ORDER BY priority, id LIMIT 1`, parameters),
  ]);
  return { count: Math.min(MOST_AHEAD, counted?.n ?? 0), first: first?.id ?? null };
}

/** There are free slots that it fits into. */
async function whyNotYet(look: Look, entry: LookedAt, serving: readonly RouteWorker[], ahead: Ahead): Promise<Why> {
  const waited = look.now - (entry.queued_at ?? look.now);
  const details = { ahead: ahead.count, waited, workers: serving.map((worker) => worker.row.name) };
  if (ahead.first !== null) {
    return why(entry, "behind_others", `${aheadText(ahead.count)} before it on the route ${entry.route}`, {
      hint: "The lower priority number is first, then the older entry; a higher priority or more workers make it sooner.",
      commands: [`wilco queue list --where route=${entry.route}`, `wilco entry why ${ahead.first}`],
      details,
      because: await look.explain(ahead.first),
    });
  }
  const free = serving.filter((worker) => hasRoom(worker, entry));
  const names = free.map((worker) => `${worker.row.name} (${worker.free} of ${worker.row.capacity} slots free)`);
  const asking = free.filter((worker) => look.isAsking(worker.row.session));
  if (waited < look.settings.pollFloor + PATIENCE) {
    return why(entry, "claimable", `Nothing holds it back: it is to be claimed in a moment by ${names[0]}`, {
      details,
    });
  }
  const who = asking.length > 0 ? "asks this server for work" : "does not ask this server for work";
  return why(
    entry,
    "not_claimed",
    `Nothing holds it back, and ${free[0]!.row.name} could take it, but it was not claimed for ${formatDuration(waited)}: that worker ${who}`,
    {
      hint: "Look at what doctor says, at the log of that worker, and whether it is connected to another server.",
      commands: ["wilco doctor", "wilco workers list"],
      details: { ...details, queuedAt: iso(entry.queued_at ?? look.now) },
    },
  );
}

export function aheadText(count: number): string {
  if (count >= MOST_AHEAD) return `More than ${MOST_AHEAD} entries are`;
  return count === 1 ? "1 entry is" : `${count} entries are`;
}

function priorityText(priority: number): string {
  const name = PRIORITY_NAMES.get(priority);
  return name === undefined ? String(priority) : `${priority} (${name})`;
}
