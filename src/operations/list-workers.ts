/** Workers, live and lately gone, as people see them. */
import type { Sql } from "../database/database.ts";
import type { WorkerRow } from "../database/tables.ts";
import type { WorkerCounts } from "../domain/worker.ts";
import type { WorkersAnswer } from "../protocol/messages.ts";
import { SLOTS_TAKEN } from "../queue/eligibility.ts";

export async function listWorkers(sql: Sql): Promise<WorkersAnswer> {
  const rows = await sql.query<WorkerRow & { running: number }>(
    `SELECT w.*, (SELECT coalesce(sum(${SLOTS_TAKEN}), 0) FROM entry e WHERE e.worker_session = w.session
       AND e.status IN ('running', 'canceling')) AS running
     FROM worker w WHERE w.state IN ('starting', 'ready', 'draining')
       OR w.seen_at > (SELECT max(seen_at) FROM worker) - 3600000
     ORDER BY w.name, w.started_at DESC LIMIT 1000`,
  );
  return {
    items: rows.map((row) => ({
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
      clockSkew: row.clock_skew,
      disk: row.disk_free === null || row.disk_total === null ? null : { free: row.disk_free, total: row.disk_total },
    })),
  };
}
