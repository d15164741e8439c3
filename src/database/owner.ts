/**
 * Who owns a data directory, as its owner wrote it. Apart from the lock, so that the command line finds the local server
 * without loading a database (11 ms of its start-up).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const OWNER_FILE = "owner.json";

export interface Owner {
  pid: number;
  /** The API's address, once the server listens. */
  url: string | null;
  startedAt: string;
}

/** Says who owns the directory and where it listens, for `wilco status` and for the refusal of a second process. */
export function writeOwner(dataDir: string, url: string | null): void {
  const owner: Owner = { pid: process.pid, url, startedAt: new Date().toISOString() };
  writeFileSync(join(dataDir, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
}

/** The owner as last written; null when there is none. It may be stale: only the lock proves that it lives. */
export function readOwner(dataDir: string): Owner | null {
  try {
    const owner: unknown = JSON.parse(readFileSync(join(dataDir, OWNER_FILE), "utf8"));
    return typeof owner === "object" && owner !== null && "pid" in owner ? (owner as Owner) : null;
  } catch {
    return null;
  }
}
