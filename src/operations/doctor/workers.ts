/** Workers: silent ones, their clocks and disks, versions, leases that are about to lapse. */
import { formatDuration } from "../../core/durations.ts";
import type { WorkerRow } from "../../database/tables.ts";
import type { Finding } from "../../domain/doctor.ts";
import { isSilent } from "../../queue/eligibility.ts";
import { diskFindings, MOST_SKEW } from "./database.ts";
import { finding, type Examination } from "./finding.ts";

/** Workers of the live states; a thousand of them are looked at. */
export async function readLiveWorkers({ sql }: Examination): Promise<WorkerRow[]> {
  return sql.query<WorkerRow>(
    "SELECT * FROM worker WHERE state IN ('starting', 'ready', 'draining') ORDER BY name LIMIT 2000",
  );
}

/** @param version of this server; null = not to be compared. */
export async function examineWorkers(
  examination: Examination,
  workers: readonly WorkerRow[],
  version: string | null,
): Promise<Finding[]> {
  const { settings, now } = examination;
  const findings: Finding[] = [];
  for (const worker of workers) {
    if (isSilent(worker, settings.lease, now)) {
      findings.push(silentWorker(examination, worker));
      continue;
    }
    if (worker.clock_skew !== null && Math.abs(worker.clock_skew) > MOST_SKEW) findings.push(skewedWorker(worker));
    if (worker.disk_free !== null && worker.disk_total !== null) {
      const disk = { free: worker.disk_free, total: worker.disk_total };
      const where = `the disk of worker ${worker.name} on ${worker.host}`;
      for (const found of diskFindings(disk, where, "disk_worker"))
        findings.push({ ...found, details: { ...found.details, worker: worker.name } });
    }
    if (version !== null && worker.version !== version) findings.push(otherVersion(worker, version));
  }
  return [...findings, ...(await oldTypes(examination)), ...(await lapsingLeases(examination))];
}

/** Types that a worker brought in another version than the server has by now: it is given no entries of them. */
async function oldTypes({ sql }: Examination): Promise<Finding[]> {
  const rows = await sql.query<{ worker: string; type: string; version: string; current: string }>(
    `SELECT w.name AS worker, b.type, b.version, t.version AS current
     FROM worker_type b JOIN worker w ON w.session = b.session JOIN resource_type t ON t.name = b.type
     WHERE w.state IN ('starting', 'ready', 'draining') AND t.by_worker = 1 AND t.version <> b.version
     ORDER BY w.name, b.type LIMIT 50`,
  );
  return rows.map(({ worker, type, version, current }) =>
    finding(
      "warning",
      "worker_types",
      `Worker ${worker} is too old for the type ${type}: it has the version ${version.slice(0, 12)}, the server ${current.slice(0, 12)}`,
      "It takes no entries of that type until it has loaded the present files of its --types directory.",
      { commands: [`wilco workers reload ${worker}`], details: { worker, type, version, current } },
    ),
  );
}

function silentWorker({ settings, now }: Examination, worker: WorkerRow): Finding {
  const left = worker.seen_at + Math.max(settings.lostAfter, settings.lease) - now;
  return finding(
    "error",
    "worker_silent",
    `Worker ${worker.name} on ${worker.host} (process ${worker.pid}) is silent for ${formatDuration(now - worker.seen_at)}`,
    `Look at that machine, its network and the worker's log, and start it anew; it counts as lost in ${formatDuration(Math.max(0, left))}.`,
    {
      commands: ["wilco workers list", "wilco queue list --where status=running --where worker=" + worker.name],
      details: { worker: worker.name, host: worker.host, pid: worker.pid, silentFor: now - worker.seen_at },
    },
  );
}

function skewedWorker(worker: WorkerRow): Finding {
  const skew = worker.clock_skew!;
  return finding(
    "warning",
    "worker_clock",
    `The clock of worker ${worker.name} on ${worker.host} is ${formatDuration(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} the database's`,
    "Keep that machine in time (NTP): leases and timeouts do not go by its clock, but its logs and what its handlers write do.",
    { details: { worker: worker.name, clockSkew: skew } },
  );
}

function otherVersion(worker: WorkerRow, version: string): Finding {
  return finding(
    "warning",
    "worker_version",
    `Worker ${worker.name} on ${worker.host} runs wilco ${worker.version}, this server ${version}`,
    "Update the older one: servers first, then workers.",
    { commands: ["wilco workers list"], details: { worker: worker.name, version: worker.version, server: version } },
  );
}

/** Two beats were missed: a lease lives for three of them. Or the lease is over already and its worker silent. */
async function lapsingLeases({ sql, settings, now }: Examination): Promise<Finding[]> {
  const rows = await sql.query<{ worker: string; n: number; first: number; soonest: number; silent: number }>(
    `SELECT worker_name AS worker, count(*) AS n, min(id) AS first, min(lease_expires) AS soonest, max(silent) AS silent
     FROM entry WHERE lease_expires IS NOT NULL AND lease_expires <= $1 GROUP BY worker_name ORDER BY soonest LIMIT 20`,
    [now + Math.round(settings.lease / 3)],
  );
  return rows.map((row) => {
    const over = row.soonest <= now;
    const count = row.n === 1 ? `Entry ${row.first}` : `${row.n} entries, entry ${row.first} the first,`;
    const runs = `${count} on worker ${row.worker} ${row.n === 1 ? "has" : "have"}`;
    return finding(
      over ? "error" : "warning",
      over ? "lease_lapsed" : "lease_lapsing",
      over
        ? `${runs} no lease any more: its worker did not renew it`
        : `${runs} a lease that lapses in ${formatDuration(row.soonest - now)}: its worker missed its last heartbeats`,
      `What may be repeated is queued again, the rest ends as lost ${formatDuration(settings.lostAfter)} after the last sign of life; look at that worker.`,
      {
        commands: [`wilco entry why ${row.first}`],
        details: { worker: row.worker, entries: row.n, first: row.first },
      },
    );
  });
}
