/**
 * One process owns a data directory, by holding an exclusive transaction on a small `lock.db` in it: the kernel frees
 * it when the process dies. Pid files fail in containers, where every pid is 1. `owner.json` beside it only informs.
 */
import { accessSync, chmodSync, constants, existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { WilcoError } from "../core/errors.ts";
import { whyUnwritable } from "../core/file-errors.ts";
import { makeDirectory } from "../core/make-directory.ts";
import { OWNER_FILE, readOwner, writeOwner } from "./owner.ts";

export { readOwner, writeOwner, type Owner } from "./owner.ts";

const LOCK_FILE = "lock.db";

export interface DataDirectoryHold {
  release(): void;
}

/**
 * Creates the directory (mode 0700) where it is missing and takes it for this process.
 * @throws WilcoError `data_directory_in_use` naming the owner; `data_directory_unusable`.
 */
export function holdDataDirectory(dataDir: string): DataDirectoryHold {
  prepareDirectory(dataDir);
  let lock: SqliteDatabase.Database | undefined;
  try {
    lock = new SqliteDatabase(join(dataDir, LOCK_FILE), { timeout: 250 });
    // A rollback journal on purpose: with WAL, EXCLUSIVE would not keep readers of the lock out of a second process.
    lock.pragma("journal_mode = DELETE");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock?.close();
    if (String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY")) throw inUse(dataDir, error);
    throw unusable(dataDir, error);
  }
  const held = lock;
  writeOwner(dataDir, null);
  return {
    release() {
      if (!held.open) return;
      rmSync(join(dataDir, OWNER_FILE), { force: true });
      held.exec("ROLLBACK");
      held.close();
    },
  };
}

/** Whether a living process holds the directory. Takes the lock for a moment when none does; leaves no trace. */
export function isDataDirectoryHeld(dataDir: string): boolean {
  if (!existsSync(join(dataDir, LOCK_FILE))) return false;
  const lock = new SqliteDatabase(join(dataDir, LOCK_FILE), { timeout: 0, fileMustExist: true });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return false;
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith("SQLITE_BUSY")) return true;
    throw unusable(dataDir, error);
  } finally {
    lock.close();
  }
}

function prepareDirectory(dataDir: string): void {
  try {
    makeDirectory(dataDir, 0o700);
    if (!statSync(dataDir).isDirectory()) throw new Error("it is not a directory");
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    // Others on the machine must not read tokens or connections, also when the directory was there before.
    if ((statSync(dataDir).mode & 0o077) !== 0) chmodSync(dataDir, 0o700);
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function inUse(dataDir: string, cause: unknown): WilcoError {
  const owner = readOwner(dataDir);
  const who = owner
    ? `process ${owner.pid}${owner.url ? ` (${owner.url})` : ""}, since ${owner.startedAt}`
    : "another process";
  return new WilcoError({
    code: "data_directory_in_use",
    message: `The data directory ${dataDir} is in use by ${who}`,
    hint: "Use that server, stop it first, or name another directory with --data-dir.",
    details: owner,
    cause,
  });
}

function unusable(dataDir: string, cause: unknown): WilcoError {
  return new WilcoError({
    code: "data_directory_unusable",
    message: `The data directory ${dataDir} can't be used: ${whyUnwritable(cause)}`,
    hint: String((cause as { code?: unknown }).code).startsWith("SQLITE_NOTADB")
      ? `Its ${LOCK_FILE} is no lock file: remove that, or name another directory with --data-dir.`
      : "Make it readable and writable for this user, or name another directory with --data-dir.",
    cause,
  });
}
