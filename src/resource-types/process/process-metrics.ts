/** What a process and everything it started use at this moment. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree } from "../process-table.ts";

export interface ProcessUsage {
  /** % of one core, over the measured time. */
  cpu: number;
  /** Resident, bytes. */
  memory: number;
  processes: number;
}

/** ms. Long against the kernel's tick of 10 ms, short for whoever waits. */
const MEASURED = 250;
/** Of the counters in /proc: every Linux that Node runs on says 100. */
const TICKS_A_SECOND = 100;

/** @param group of the process, whose leader it is. */
export async function usageOf(group: number, signal: AbortSignal): Promise<ProcessUsage> {
  if (process.platform !== "linux") return usageByPs(group);
  const before = ticksOf(group);
  const started = performance.now();
  await sleep(MEASURED, undefined, { signal });
  const after = ticksOf(group);
  const seconds = (performance.now() - started) / 1_000;
  let ticks = 0;
  // What began meanwhile has used all of its time within it; what ended is not counted.
  for (const [pid, used] of after) ticks += used - (before.get(pid) ?? 0);
  return {
    cpu: round((ticks / TICKS_A_SECOND / seconds) * 100),
    memory: memoryOf(after.keys()),
    processes: after.size,
  };
}

/** User and system time of each process, in ticks. */
function ticksOf(group: number): Map<number, number> {
  const ticks = new Map<number, number>();
  for (const { pid } of processTree(group)) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === null) continue;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks.set(pid, Number(fields[11]) + Number(fields[12]));
  }
  return ticks;
}

function memoryOf(pids: Iterable<number>): number {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1] ?? 0);
  return kilobytes * 1_024;
}

/** null: it has ended. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

/** Where there is no /proc, `ps` tells: its CPU is a recent mean that the system keeps. */
function usageByPs(group: number): ProcessUsage {
  const pids = processTree(group).map(({ pid }) => pid);
  if (pids.length === 0) return { cpu: 0, memory: 0, processes: 0 };
  const table = execFileSync("ps", ["-o", "pcpu=,rss=", "-p", pids.join(",")], { encoding: "utf8" });
  const rows = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const sum = (at: number) => rows.reduce((all, row) => all + (row[at] ?? 0), 0);
  return { cpu: round(sum(0)), memory: sum(1) * 1_024, processes: rows.length };
}

function round(value: number): number {
  return Math.round(Math.max(0, value) * 10) / 10;
}
