/** The temporary directory of one execution, and what earlier workers left behind in theirs. */
import { mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LeaseRef } from "../protocol/messages.ts";
import { killRecorded } from "../resource-types/spawn-record.ts";
import { onOwnDisk } from "../resource-types/own-disk.ts";
import type { Log } from "../resource-types/log.ts";

export interface Workspace {
  /** Made when first asked for: most executions need none, and two system calls each are what a no-op costs in all. */
  path(): string;
  remove(): Promise<void>;
}

export function createWorkspace(root: string, { entry, attempt }: LeaseRef): Workspace {
  const path = join(root, `${entry}-${attempt}`);
  let made = false;
  return {
    path() {
      if (!made) onOwnDisk(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
      made = true;
      return path;
    },
    async remove() {
      if (made) await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Polite first: what is left may be in the middle of writing a file. */
const ORPHAN_GRACE = 2_000;

/**
 * Kills what an earlier worker's executions left running, and removes their directories. Before registration: the
 * server may hand out the same work again as soon as it sees this worker.
 */
export async function removeLeftovers(root: string, log: Log): Promise<void> {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  await Promise.all(
    readdirSync(root, { withFileTypes: true }).map(async (one) => {
      const { name } = one;
      const path = join(root, name);
      // Only directories are made in here; a file is somebody else's mistake, and no reason not to start.
      const killed = one.isDirectory() ? await killRecorded(path, ORPHAN_GRACE) : [];
      if (killed.length > 0)
        log.warn({ execution: name, groups: killed }, "killed what an earlier worker left running");
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    }),
  );
}
