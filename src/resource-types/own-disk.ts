/** Writes into the worker's own directory: when one fails, that is not the operation's fault, and the disk is the first suspect. */
import { OperationError } from "./operation-error.ts";

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/**
 * @param path what is written, for the message.
 * @throws OperationError with source "system": `disk_full`, or `worker_directory_unusable` for any other failure.
 */
export function onOwnDisk<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw ownDiskError(path, error as NodeJS.ErrnoException);
  }
}

function ownDiskError(path: string, error: NodeJS.ErrnoException): OperationError {
  const full = FULL.has(error.code ?? "");
  return new OperationError({
    code: full ? "disk_full" : "worker_directory_unusable",
    message: full
      ? `The disk of this worker is full: ${path} can't be written.`
      : `The worker can't write ${path}: ${error.message}.`,
    hint: full
      ? "Free space on the disk of the worker's state directory, then retry the entry."
      : "Check the worker's state directory and its owner, then retry the entry.",
    source: "system",
    cause: error,
  });
}
