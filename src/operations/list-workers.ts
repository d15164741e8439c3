/** Workers, live and lately gone, as people see them. */
import type { Database, Sql } from "../database/database.ts";
import type { WorkerRow } from "../database/tables.ts";
import type { Worker, WorkerCounts, WorkerState } from "../domain/worker.ts";
import type { WorkersAnswer } from "../protocol/messages.ts";
import { isSilent, SLOTS_TAKEN } from "../queue/eligibility.ts";

export async function listWorkers(database: Database, lease: number): Promise<WorkersAnswer> {
  const { rows, now } = await database.transaction(async (tx) => ({ rows: await readWorkers(tx), now: tx.now() }));
  return { items: rows.map((row) => workerOf(row, lease, now)) };
}

type Row = WorkerRow & { running: number };

function readWorkers(sql: Sql): Promise<Row[]> {
  return sql.query<Row>(
    `SELECT w.*, (SELECT coalesce(sum(${SLOTS_TAKEN}), 0) FROM entry e WHERE e.worker_session = w.session
       AND e.status IN ('running', 'canceling')) AS running
     FROM worker w WHERE w.state IN ('starting', 'ready', 'draining')
       OR w.seen_at > (SELECT max(seen_at) FROM worker) - 3600000
     ORDER BY w.name, w.started_at DESC LIMIT 1000`,
  );
}

const HAS_ENDED: readonly WorkerState[] = ["stopped", "lost"];

function workerOf(row: Row, lease: number, now: number): Worker {
  return {
    name: row.name,
    zone: row.zone,
    roles: JSON.parse(row.roles) as string[],
    state: row.state,
    band: { min: row.priority_min, max: row.priority_max },
    capacity: row.capacity,
    running: row.running,
    host: row.host,
    pid: row.pid,
    version: row.version,
    counts: row.stats === null ? null : (JSON.parse(row.stats) as WorkerCounts),
    startedAt: new Date(row.started_at).toISOString(),
    lastSeenAt: new Date(row.seen_at).toISOString(),
    silent: !HAS_ENDED.includes(row.state) && isSilent(row, lease, now),
    clockSkew: row.clock_skew,
    disk: row.disk_free === null || row.disk_total === null ? null : { free: row.disk_free, total: row.disk_total },
  };
}
