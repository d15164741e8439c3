/** What a worker tells of its machine with each heartbeat: `wilco doctor` compares the clock and looks at the disk. */
import { statfs } from "node:fs/promises";
import type { HeartbeatRequest } from "../protocol/messages.ts";

/** @param directory on the disk that holds the worker's state and temporary files. */
export async function readHealth(directory: string): Promise<NonNullable<HeartbeatRequest["health"]>> {
  // Some file systems don't say; a heartbeat must not fail for that.
  const disk = await statfs(directory).catch(() => null);
  // The clock last: what came before took time.
  return {
    ...(disk ? { disk: { free: disk.bavail * disk.bsize, total: disk.blocks * disk.bsize } } : {}),
    time: Date.now(),
  };
}
