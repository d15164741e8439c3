/**
 * What is on disk about a spawned process, so that a later worker can end what an earlier one left running. Written
 * twice: once before the spawn (a token that is also in the process's environment) and once after (pid and start time),
 * because a worker can die between the two. The guard, which acts at once, is told the same.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomId } from "../core/ids.ts";
import type { Guard } from "./guard.ts";
import { killTree } from "./kill-tree.ts";
import { onOwnDisk } from "./own-disk.ts";
import { findByEnvironment, findProcess, isRunning, type ProcessInfo } from "./process-table.ts";

export const SPAWN_VARIABLE = "WILCO_SPAWN";
const PREFIX = ".wilco-spawn-";

interface SpawnRecord {
  token: string;
  pid: number | null;
  startTime: string | null;
}

export interface OpenSpawnRecord {
  token: string;
  /**
   * Synchronous: no other code runs between the spawn and its record.
   * @throws OperationError `disk_full` and others: a process without a record is the caller's to end.
   */
  spawned(pid: number): void;
  /** Nobody is left of it. */
  ended(): void;
}

/** @throws OperationError `disk_full`, `worker_directory_unusable`. */
export function openSpawnRecord(directory: string, guard?: Guard): OpenSpawnRecord {
  const token = randomId();
  let watched: number | null = null;
  const file = join(directory, `${PREFIX}${token}.json`);
  const write = (record: SpawnRecord) => onOwnDisk(directory, () => writeFileSync(file, JSON.stringify(record)));
  write({ token, pid: null, startTime: null });
  return {
    token,
    spawned(pid) {
      const startTime = findProcess(pid)?.startTime ?? null;
      write({ token, pid, startTime });
      if (startTime === null) return;
      guard?.watch({ pid, startTime, token });
      watched = pid;
    },
    ended() {
      if (watched !== null) guard?.forget(watched);
    },
  };
}

/**
 * Kills what the records in `directory` say was started and still runs.
 * @returns the process groups that were killed.
 */
export async function killRecorded(directory: string, grace: number): Promise<number[]> {
  const killed: number[] = [];
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(PREFIX)) continue;
    for (const group of groupsOf(readRecord(join(directory, name)))) {
      const { signal } = await killTree(group, { grace });
      if (signal !== null) killed.push(group);
    }
  }
  return killed;
}

/**
 * The leader alive under its recorded start time is enough. When it is gone, its group may live on (a number is not
 * given out again while it names a group), and then the token tells ours from a stranger's. A daemon that has left
 * the group on purpose carries the token too, but it leads a group of its own, which the record does not name.
 */
function groupsOf(record: SpawnRecord | null): number[] {
  if (record === null) return [];
  if (record.pid !== null && record.startTime !== null && isRunning({ pid: record.pid, startTime: record.startTime })) {
    return [record.pid];
  }
  const marked = findByEnvironment(SPAWN_VARIABLE, record.token);
  const ours = (one: ProcessInfo) => (record.pid === null ? one.pid === one.session : one.group === record.pid);
  return [...new Set(marked.filter(ours).map((one) => one.group))];
}

function readRecord(file: string): SpawnRecord | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as SpawnRecord;
  } catch {
    // Torn by a power cut, which the process did not survive either; a kill leaves the file whole or empty, and an
    // empty one was to be followed by a spawn that then never happened or is named by its second write.
    return null;
  }
}
