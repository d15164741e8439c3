/** The queue: routes nobody serves, what waits for long, rows that disagree with each other. */
import { formatDuration } from "../../core/durations.ts";
import type { WorkerRow } from "../../database/tables.ts";
import type { Finding } from "../../domain/doctor.ts";
import { isSilent, mayClaim, routesOf } from "../../queue/eligibility.ts";
import { readHeadless } from "../../queue/heads.ts";
import { readPaused } from "../../queue/paused.ts";
import { readBacklog, type Backlog } from "../../queue/backlog.ts";
import { finding, type Examination } from "./finding.ts";

/** A queue moves; what waits for longer than this is worth a look, ms. */
const LONG_WAIT = 15 * 60_000;

export async function examineQueue(
  examination: Examination,
  workers: readonly WorkerRow[],
): Promise<{ findings: Finding[]; queued: number }> {
  const { sql, settings, now } = examination;
  const [backlog, paused] = await Promise.all([readBacklog(sql), readPaused(sql)]);
  const live = workers.filter((worker) => mayClaim(worker) && !isSilent(worker, settings.lease, now));
  const served = new Set(live.flatMap(routesOf));
  const pauses = new Map(paused.map((pause) => [pause.route, pause]));
  const findings: Finding[] = [];
  for (const [route, groups] of byRoute(backlog)) {
    const waiting = groups.reduce((sum, group) => sum + group.waiting, 0);
    const first = groups.reduce((oldest, group) => (group.since < oldest.since ? group : oldest));
    const waits = `${count(
      waiting,
      groups.some((group) => group.more),
    )}, the oldest (entry ${first.oldest}) for ${formatDuration(now - first.since)}`;
    const details = { route, waiting, oldest: first.oldest, waited: now - first.since };
    const pause = pauses.get(route);
    if (pause) {
      const reason = pause.reason === null ? "" : `: ${pause.reason}`;
      findings.push(
        finding(
          "warning",
          "route_paused",
          `The route ${route} is paused by ${pause.paused_by} since ${formatDuration(now - pause.paused_at)}${reason}; ${waits}`,
          "Resume it when the reason is gone: what waits still expires.",
          { commands: [`wilco queue resume ${route}`], details },
        ),
      );
    } else if (!served.has(route)) {
      const [zone, role] = route.split("/") as [string, string];
      const start = zone === "worker" ? `wilco worker --name ${role}` : `wilco worker --zone ${zone} --role ${role}`;
      findings.push(
        finding(
          "error",
          "route_unserved",
          `No live worker serves the route ${route}: ${waits}`,
          zone === "worker"
            ? `Start the worker ${role}, or bind its resources to another one.`
            : `Start a worker for zone ${zone} and role ${role}, or give the resources another zone.`,
          { commands: [`${start} --token-file FILE`, `wilco entry why ${first.oldest}`], details },
        ),
      );
    } else if (now - first.since > LONG_WAIT) {
      findings.push(
        finding(
          "warning",
          "waiting_long",
          `On the route ${route} ${waits}`,
          "Ask why that entry waits; more slots or workers help when all are full.",
          {
            commands: [`wilco entry why ${first.oldest}`, "wilco queue stats"],
            details,
          },
        ),
      );
    }
  }
  for (const pause of paused) {
    if (backlog.some((group) => group.route === pause.route)) continue;
    findings.push(
      finding(
        "warning",
        "route_paused",
        `The route ${pause.route} is paused by ${pause.paused_by} since ${formatDuration(now - pause.paused_at)}${pause.reason === null ? "" : `: ${pause.reason}`}`,
        "Resume it when the reason is gone.",
        { commands: [`wilco queue resume ${pause.route}`], details: { route: pause.route, waiting: 0 } },
      ),
    );
  }
  findings.push(...(await disagreements(examination)));
  return { findings, queued: backlog.reduce((sum, group) => sum + group.waiting, 0) };
}

function byRoute(backlog: readonly Backlog[]): Map<string, Backlog[]> {
  const routes = new Map<string, Backlog[]>();
  for (const group of backlog) routes.set(group.route, [...(routes.get(group.route) ?? []), group]);
  return routes;
}

function count(waiting: number, more: boolean): string {
  return `${more ? "more than " : ""}${waiting} ${waiting === 1 ? "entry waits" : "entries wait"}`;
}

/** The reconciler repairs these within a minute; seen twice, they are a fault of wilco's. */
async function disagreements({ sql, settings, now }: Examination): Promise<Finding[]> {
  const grace = now - settings.reconcileEvery;
  const [headless, overdue] = await Promise.all([
    readHeadless(sql, 5),
    sql.query<{ id: number }>(
      "SELECT id FROM entry WHERE status = 'scheduled' AND deliver_at <= $1 ORDER BY deliver_at LIMIT 5",
      [grace],
    ),
  ]);
  const findings: Finding[] = [];
  if (headless.length > 0) {
    findings.push(
      finding(
        "error",
        "head_missing",
        `Resources have entries queued and none of them is the next one (resource ids ${headless.join(", ")})`,
        "A server repairs that within a minute and logs it; if it stays, no server does its maintenance. Please report it.",
        { details: { resources: headless } },
      ),
    );
  }
  if (overdue.length > 0) {
    findings.push(
      finding(
        "error",
        "maintenance_late",
        `Entry ${overdue[0]!.id} has been due for more than a minute and is still scheduled: no server does its maintenance`,
        "Look at the servers' logs; the maintenance needs the database and one server.",
        { commands: [`wilco entry why ${overdue[0]!.id}`], details: { entries: overdue.map(({ id }) => id) } },
      ),
    );
  }
  return findings;
}
