/** The worker's directory: who holds it, and the secret that proves a successor. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WilcoError } from "../core/errors.ts";
import { makeDirectory } from "../core/make-directory.ts";
import { randomSecret } from "../core/ids.ts";
import { findProcess, isRunning } from "../resource-types/process-table.ts";

export interface StateDirectory {
  /** Shown at each registration: a newcomer with the same secret takes over the name of one that is still alive. */
  succession: string;
  /** Of one execution each. */
  tempRoot: string;
  /** What a type keeps on this worker. */
  typeDirectory(type: string): string;
  /** Fetched content, by hash. */
  contents: string;
  close(): void;
}

/** @throws WilcoError `conflict` when a running worker holds it, `data_directory_unusable` when it can't be written. */
export function openStateDirectory(path: string): StateDirectory {
  const lock = join(path, "worker.json");
  try {
    makeDirectory(path, 0o700);
    takeLock(lock, path);
    return {
      succession: successionSecret(join(path, "succession")),
      tempRoot: join(path, "tmp"),
      contents: join(path, "content"),
      typeDirectory: (type) => join(path, "types", type),
      close: () => rmSync(lock, { force: true }),
    };
  } catch (error) {
    if (error instanceof WilcoError) throw error;
    throw new WilcoError({
      code: "data_directory_unusable",
      message: `The worker's state directory ${path} can't be used: ${(error as Error).message}.`,
      hint: "Name a directory that this user may write.",
      cause: error,
    });
  }
}

/** A pid with its start time: a bare pid would name somebody else after a reboot, and itself in every container. */
function takeLock(file: string, path: string): void {
  for (let tries = 0; ; tries++) {
    try {
      const startTime = findProcess(process.pid)?.startTime ?? "";
      writeFileSync(file, JSON.stringify({ pid: process.pid, startTime }), { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || tries > 3) throw error;
    }
    const holder = readHolder(file);
    if (holder && isRunning(holder)) {
      throw new WilcoError({
        code: "conflict",
        message: `The worker's state directory ${path} is in use by process ${holder.pid}.`,
        hint: "Stop that worker, or give this one a directory of its own.",
      });
    }
    rmSync(file, { force: true });
  }
}

function readHolder(file: string): { pid: number; startTime: string } | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { pid: number; startTime: string };
  } catch {
    // Gone meanwhile, or cut short when its writer was killed: nobody holds it.
    return null;
  }
}

function successionSecret(file: string): string {
  try {
    writeFileSync(file, randomSecret(), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  chmodSync(file, 0o600);
  const secret = readFileSync(file, "utf8").trim();
  if (secret.length >= 16) return secret;
  // Cut short when its writer was killed: it was never shown to a server.
  rmSync(file);
  return successionSecret(file);
}
