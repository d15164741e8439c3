/** What a worker says of itself: when it registers, and when it is asked. */
import { hostname } from "node:os";
import { WHOLE_BAND } from "../domain/priority.ts";
import type { WorkerStatus } from "../domain/worker.ts";
import type { RegisterRequest } from "../protocol/messages.ts";
import { WORKER_PROTOCOL } from "../protocol/worker-protocol.ts";
import type { TypesInUse } from "./types-in-use.ts";
import type { Work } from "./work.ts";
import type { WorkerOptions } from "./options.ts";

export function registrationOf(options: WorkerOptions, types: TypesInUse, succession: string): RegisterRequest {
  return {
    protocol: WORKER_PROTOCOL,
    name: options.name,
    zone: options.zone,
    roles: options.roles,
    capacity: options.capacity,
    ...(options.band ? { band: options.band } : {}),
    host: hostname(),
    pid: process.pid,
    version: options.version,
    types: types.descriptors(),
    succession,
  };
}

/** @param uptime ms. */
export function statusOf(
  options: WorkerOptions,
  work: Pick<Work, "counts" | "used">,
  { draining, uptime }: { draining: boolean; uptime: number },
): WorkerStatus {
  return {
    ...work.counts(),
    state: draining ? "draining" : "ready",
    roles: options.roles,
    band: options.band ?? WHOLE_BAND,
    capacity: options.capacity,
    running: work.used(),
    version: options.version,
    host: hostname(),
    pid: process.pid,
    memory: process.memoryUsage.rss(),
    uptime: Math.round(uptime),
  };
}
