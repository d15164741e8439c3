/** The database and the machine of the server that answers: latency, room, clock, news. */
import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "../../core/durations.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import type { Database } from "../../database/database.ts";
import type { DoctorAnswer, Finding } from "../../domain/doctor.ts";
import { finding } from "./finding.ts";

/** ms that a round trip, and a small write with its commit, may take. */
const SLOW_ROUND_TRIP = 100;
const SLOW_WRITE = 250;
/** One slow answer is the machine's; all of these are the database's. */
const PROBES = 5;
/** ms; durations cross the network, never times, so that skew costs nothing but the order of logs. */
export const MOST_SKEW = 5_000;
/** A disk with less than both of these free is nearly full. */
const LEAST_FREE = 1024 ** 3;
const LEAST_SHARE = 0.1;
const NONE_FREE = 50 * 1024 ** 2;
/** ms that a LISTEN connection is given to come back, looked at every so often. */
const RECONNECT = 2_000;
const LOOK = 50;
const PROBE_SETTING = "doctor.probe";
/** Bytes that are written and taken back: enough to need room, which a small update does not. */
const PROBE_SIZE = 64 * 1024;

export type DatabaseFigures = Pick<
  DoctorAnswer["figures"],
  "engine" | "databaseVersion" | "roundTrip" | "write" | "clockSkew" | "disk" | "listening"
>;

export async function examineDatabase(
  database: Database,
  dataDir: string | null,
): Promise<{ findings: Finding[]; figures: DatabaseFigures }> {
  const findings: Finding[] = [];
  const roundTrip = await fastest(() => database.query("SELECT 1 AS one"), SLOW_ROUND_TRIP);
  const skews: number[] = [];
  const clock = await database.transaction(async (tx) => tx.now());
  skews.push(Math.round(Date.now() - clock));
  const write = await probeWrite(database, findings);
  if (roundTrip >= SLOW_ROUND_TRIP || (write !== null && write >= SLOW_WRITE)) {
    const slow = [
      `a round trip takes ${formatDuration(roundTrip)}`,
      write === null ? [] : `a write ${formatDuration(write)}`,
    ];
    findings.push(
      finding(
        "warning",
        "database_slow",
        `The database is slow: ${slow.flat().join(", ")}; every submit, claim and finish waits for it`,
        "Look at the load, the disk and the network of the database server; put servers and database near each other.",
        { details: { roundTrip, write } },
      ),
    );
  }
  const [clockSkew = 0] = skews;
  if (Math.abs(clockSkew) > MOST_SKEW) {
    findings.push(
      finding(
        "warning",
        "server_clock",
        `The clock of this server is ${formatDuration(Math.abs(clockSkew))} ${clockSkew > 0 ? "ahead of" : "behind"} the database's`,
        "Keep both in time (NTP); the queue goes by the database's clock, and the server's logs do not fit to it.",
        { details: { clockSkew } },
      ),
    );
  }
  if (!(await listens(database))) {
    findings.push(
      finding(
        "warning",
        "not_listening",
        "No news of the other servers arrive here: the LISTEN connection is down",
        "Nothing is lost, but entries and answers from other servers wait up to a second; it reconnects by itself. If it stays so, look whether a pooler in transaction mode is in between: LISTEN needs a direct connection.",
      ),
    );
  }
  const disk = dataDir === null ? null : await readDisk(dataDir);
  findings.push(
    ...(disk === null ? [] : diskFindings(disk, `the disk of the data directory ${dataDir}`, "disk_server")),
  );
  return {
    findings,
    figures: {
      engine: database.dialect.engine,
      databaseVersion: await versionOf(database),
      roundTrip,
      write,
      clockSkew,
      disk,
      listening: database.listening,
    },
  };
}

/** A connection that is just being made anew is not worth a word. */
async function listens(database: Database): Promise<boolean> {
  for (let left = RECONNECT; left > 0 && !database.listening; left -= LOOK) await sleep(LOOK);
  return database.listening;
}

/** ms of the fastest of a few; done with the first that is fast enough. */
async function fastest(probe: () => Promise<unknown>, enough: number): Promise<number> {
  let best = Infinity;
  for (let tries = 0; tries < PROBES && best >= enough; tries++) {
    const started = performance.now();
    await probe();
    best = Math.min(best, performance.now() - started);
  }
  return Math.round(best * 100) / 100;
}

/** Null when nothing can be written. */
async function probeWrite(database: Database, findings: Finding[]): Promise<number | null> {
  const text = Array.from({ length: PROBE_SIZE / 16 }, () =>
    Math.random().toString(36).padEnd(16, "0").slice(0, 16),
  ).join("");
  try {
    return await fastest(
      () =>
        database.transaction(async (tx) => {
          await tx.query(
            "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [PROBE_SETTING, text],
          );
          await tx.query("DELETE FROM setting WHERE name = $1", [PROBE_SETTING]);
        }),
      SLOW_WRITE,
    );
  } catch (error) {
    const full = error instanceof WilcoError && error.code === "storage_full";
    findings.push(
      finding(
        "error",
        full ? "storage_full" : "database_read_only",
        full
          ? `Nothing can be written, for the disk is full: ${messageOf(error)}`
          : `Nothing can be written to the database: ${messageOf(error)}`,
        full
          ? "Free some space on that disk: nothing can be submitted, claimed or finished until then, and nothing that was answered is lost."
          : "Look at the database server and its log: is it a standby, or out of room?",
        { commands: full ? ["df -h"] : [] },
      ),
    );
    return null;
  }
}

export function diskFindings(disk: { free: number; total: number }, where: string, code: string): Finding[] {
  const { free, total } = disk;
  if (free >= LEAST_FREE || total === 0 || free / total >= LEAST_SHARE) return [];
  const text = `${formatBytes(free)} of ${formatBytes(total)}`;
  const level = free < NONE_FREE ? "error" : "warning";
  const state = free < NONE_FREE ? "is full" : "is nearly full";
  return [
    finding(
      level,
      code,
      `${where.charAt(0).toUpperCase()}${where.slice(1)} ${state}: ${text} are free`,
      "Free some space there, or move the directory to a larger disk.",
      { commands: ["df -h"], details: { free, total } },
    ),
  ];
}

async function readDisk(directory: string): Promise<DatabaseFigures["disk"]> {
  try {
    const disk = await statfs(directory);
    return { free: disk.bavail * disk.bsize, total: disk.blocks * disk.bsize };
  } catch {
    // Not every file system tells; the write above has said what matters.
    return null;
  }
}

async function versionOf(database: Database): Promise<string> {
  const text = database.dialect.engine === "sqlite" ? "SELECT sqlite_version() AS version" : "SHOW server_version";
  const [row] = await database.query<{ version?: string; server_version?: string }>(text);
  return row?.version ?? row?.server_version ?? "unknown";
}

export function formatBytes(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Math.round((bytes / 1024 ** unit) * 10) / 10} ${units[unit]}`;
}
