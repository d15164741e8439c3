/** `doctor`: what is wrong and what to do about it, in order of urgency. Reads, and writes one row that it takes back. */
import { formatDuration } from "../../core/durations.ts";
import type { DoctorAnswer, Finding } from "../../domain/doctor.ts";
import { isSilent } from "../../queue/eligibility.ts";
import type { Context } from "../context.ts";
import { examineDatabase } from "./database.ts";
import { finding, type Examination } from "./finding.ts";
import { examineQueue } from "./queue.ts";
import { differingTimes, timesText } from "../server-times.ts";
import { examineWorkers, readLiveWorkers } from "./workers.ts";

export interface DoctorOptions {
  /** Of this server; null = none that it would know of. */
  dataDir: string | null;
  /** Of wilco; null = versions are not compared. */
  version: string | null;
}

/** Every finding there is: what keeps work from being done comes first. */
export const URGENCY: readonly string[] = [
  "storage_full",
  "database_read_only",
  "maintenance_late",
  "head_missing",
  "disk_server",
  "worker_silent",
  "lease_lapsed",
  "route_unserved",
  "disk_worker",
  "lease_lapsing",
  "times_differ",
  "database_slow",
  "route_paused",
  "waiting_long",
  "not_listening",
  "token_expiring",
  "worker_types",
  "worker_version",
  "server_clock",
  "worker_clock",
];

export async function examine(context: Context, { dataDir, version }: DoctorOptions): Promise<DoctorAnswer> {
  const { database, settings } = context;
  const { findings, figures } = await examineDatabase(database, dataDir);
  const now = await database.transaction(async (tx) => tx.now());
  const examination: Examination = { sql: database, settings, now };
  const workers = await readLiveWorkers(examination);
  const queue = await examineQueue(examination, workers);
  findings.push(
    ...queue.findings,
    ...(await examineWorkers(examination, workers, version)),
    ...(await otherTimes(examination)),
    ...(await expiringTokens(examination)),
  );
  const [running] = await database.query<{ n: number }>(
    "SELECT count(*) AS n FROM entry WHERE status IN ('running', 'canceling')",
  );
  return {
    healthy: findings.length === 0,
    findings: findings.toSorted((a, b) => rank(a) - rank(b)),
    figures: {
      ...figures,
      liveWorkers: workers.filter((worker) => !isSilent(worker, settings.lease, now)).length,
      queued: queue.queued,
      running: running?.n ?? 0,
    },
  };
}

function rank({ level, code }: Finding): number {
  const at = URGENCY.indexOf(code);
  return (level === "error" ? 0 : URGENCY.length) + (at < 0 ? URGENCY.length : at);
}

async function otherTimes({ sql, settings }: Examination): Promise<Finding[]> {
  const last = await differingTimes(sql, settings);
  if (last === null) return [];
  const { lease, lostAfter } = settings;
  return [
    finding(
      "warning",
      "times_differ",
      `This server has ${timesText(settings)}, the last one that started has ${timesText(last)}`,
      "Start all servers of a database with the same: one with a shorter lease takes workers for silent that beat as another told them.",
      { details: { own: { lease, lostAfter }, last: { lease: last.lease, lostAfter: last.lostAfter } } },
    ),
  ];
}

/** ms before a token's end at which somebody should hear of it. */
const TOKEN_WARNING = 7 * 86_400_000;

async function expiringTokens({ sql, now }: Examination): Promise<Finding[]> {
  const rows = await sql.query<{ name: string; role: string; expires_at: number }>(
    `SELECT name, role, expires_at FROM token WHERE revoked_at IS NULL AND expires_at > $1 AND expires_at <= $2
       AND created_at < expires_at - $3 ORDER BY expires_at LIMIT 20`,
    [now, now + TOKEN_WARNING, TOKEN_WARNING],
  );
  return rows.map((token) =>
    finding(
      "warning",
      "token_expiring",
      `The token ${token.name} (${token.role}) expires in ${formatDuration(token.expires_at - now)}`,
      "Make the one that takes its place, and give it to whoever uses this one.",
      { commands: [`wilco tokens create NAME --role ${token.role}`], details: { token: token.name } },
    ),
  );
}
