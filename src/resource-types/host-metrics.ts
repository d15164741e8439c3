/** What a host has left and what it is doing: the same numbers from here and over SSH. */
import { statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import type { MetricDescriptor } from "../domain/resource-type.ts";

export const HOST_METRICS: Record<string, Partial<MetricDescriptor>> = {
  load: { description: "processes that run or want to, mean of a minute" },
  loadPerCpu: { description: "the same for each processor" },
  memoryFree: { unit: "bytes", description: "memory that programs could have" },
  memoryUsed: { unit: "%", description: "of all memory" },
  diskFree: { unit: "bytes", description: "of the disk of /, for ordinary users" },
  diskUsed: { unit: "%", description: "of the same disk" },
  uptime: { unit: "ms", description: "since its start" },
};

/** As measured; null = it did not tell. */
export interface HostUsage {
  load: number | null;
  cpus: number | null;
  memoryTotal: number | null;
  memoryFree: number | null;
  diskTotal: number | null;
  diskFree: number | null;
  /** ms. */
  uptime: number | null;
}

/** Numbers that could be told; the others are left out. */
export function hostMetrics(usage: HostUsage): Record<string, number> {
  const { load, cpus: processors, memoryTotal, memoryFree, diskTotal, diskFree } = usage;
  const metrics: Record<string, number | null> = {
    load,
    loadPerCpu: load === null || !processors ? null : round(load / processors),
    memoryFree,
    memoryUsed: share(memoryFree, memoryTotal),
    diskFree,
    diskUsed: share(diskFree, diskTotal),
    uptime: usage.uptime,
  };
  return Object.fromEntries(Object.entries(metrics).filter((pair): pair is [string, number] => pair[1] !== null));
}

/** Of the machine that this runs on. */
export async function localUsage(): Promise<HostUsage> {
  const disk = await statfs("/").catch(() => null); // a system without such a root tells nothing about it
  return {
    load: round(loadavg()[0] ?? 0),
    cpus: cpus().length,
    memoryTotal: totalmem(),
    memoryFree: freemem(),
    diskTotal: disk === null ? null : disk.blocks * disk.bsize,
    diskFree: disk === null ? null : disk.bavail * disk.bsize,
    uptime: Math.round(uptime() * 1_000),
  };
}

function share(free: number | null, total: number | null): number | null {
  return free === null || !total ? null : round((1 - free / total) * 100);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
