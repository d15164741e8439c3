/** What waits and runs, by route and priority, and how fast the queue moves. */
import type { Sql } from "../database/database.ts";
import type { QueueGroup, QueueStats } from "../domain/queue.ts";
import { readBacklog } from "../queue/backlog.ts";
import { readPaused } from "../queue/paused.ts";
import type { Rates } from "../queue/rates.ts";
import type { Context } from "./context.ts";

/** Scheduled and blocked entries that are counted. */
const MOST_COUNTED = 50_000;

export async function readStats({ database }: Context, rates: Rates): Promise<QueueStats> {
  const now = await database.transaction(async (tx) => tx.now());
  const backlog = await readBacklog(database);
  const running = await database.query<{ route: string; priority: number; n: number }>(
    "SELECT route, priority, count(*) AS n FROM entry WHERE status IN ('running', 'canceling') GROUP BY route, priority",
  );
  const groups = new Map<string, QueueGroup>();
  for (const { route, priority, waiting, more, behind, oldest, since } of backlog) {
    groups.set(keyOf(route, priority), {
      route,
      priority,
      waiting,
      more,
      behind,
      running: 0,
      oldest,
      waited: Math.max(0, now - since),
    });
  }
  for (const { route, priority, n } of running) {
    const key = keyOf(route, priority);
    const waits = groups.get(key) ?? {
      route,
      priority,
      waiting: 0,
      more: false,
      behind: 0,
      oldest: null,
      waited: null,
    };
    groups.set(key, { ...waits, running: n });
  }
  const [scheduled, blocked] = [await countOf(database, "scheduled"), await countOf(database, "blocked")];
  return {
    groups: [...groups.values()].toSorted((a, b) =>
      a.route === b.route ? a.priority - b.priority : a.route < b.route ? -1 : 1,
    ),
    scheduled,
    blocked,
    paused: (await readPaused(database)).map((pause) => pause.route),
    rates: await rates.read(),
  };
}

function keyOf(route: string, priority: number): string {
  return `${route} ${priority}`;
}

async function countOf(sql: Sql, status: "scheduled" | "blocked"): Promise<{ count: number; more: boolean }> {
  const [row] = await sql.query<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM entry WHERE status = $1 LIMIT ${MOST_COUNTED + 1}) AS c`,
    [status],
  );
  const n = row?.n ?? 0;
  return { count: Math.min(n, MOST_COUNTED), more: n > MOST_COUNTED };
}
