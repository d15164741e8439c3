/** `backup` of the type `postgres`: pg_dump into a file, which is there whole or not at all. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { whyUnwritable } from "../../core/file-errors.ts";
import { makeDirectory } from "../../core/make-directory.ts";
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";
import { connectionOf } from "./session.ts";

interface Parameters {
  path: string;
  format: "custom" | "plain" | "tar";
  schemaOnly: boolean;
  overwrite: boolean;
  parents: boolean;
}

export async function backup(context: OperationContext): Promise<unknown> {
  const { path, format, schemaOnly, overwrite, parents } = context.parameters as unknown as Parameters;
  await requirePlace(path, overwrite, parents);
  const { host, port, database, user, password, tls, pgDump } = connectionOf(context);
  // In the same directory, so that the rename is one; of this try alone, so that two never write into one.
  const partial = `${path}.partial-${context.entry}-${context.attempt}`;
  const start = performance.now();
  const argv = [
    pgDump,
    `--format=${format}`,
    `--file=${partial}`,
    "--no-password",
    ...(schemaOnly ? ["--schema-only"] : []),
  ];
  try {
    await context.exec(argv, {
      env: {
        PGHOST: host,
        PGPORT: String(port),
        PGDATABASE: database,
        PGUSER: user,
        // In its environment, not in its arguments, which every user of the machine can read.
        ...(password === undefined ? {} : { PGPASSWORD: password }),
        PGSSLMODE: { off: "disable", require: "require", verify: "verify-full" }[tls],
        PGCONNECT_TIMEOUT: "10",
        PGAPPNAME: `wilco entry ${context.entry}`,
        // Its messages are read here, and by whoever searches for them.
        LC_MESSAGES: "C",
      },
    });
    const sha256 = await settle(partial, context.signal);
    const { size: bytes } = await stat(partial);
    // It may have come meanwhile; a moment's race is left, as with every check before a rename.
    await requirePlace(path, overwrite, false);
    await rename(partial, path);
    return { path, bytes, sha256, format, took: Math.round(performance.now() - start) };
  } catch (error) {
    await rm(partial, { force: true });
    context.signal.throwIfAborted();
    throw tooOld(error, pgDump) ?? error;
  }
}

async function requirePlace(path: string, overwrite: boolean, parents: boolean): Promise<void> {
  if (!isAbsolute(path))
    throw new OperationError({
      code: "bad_path",
      message: `${path} is not an absolute path.`,
      hint: "Write it whole.",
    });
  const there = await stat(path).catch(() => null);
  if (there && !(overwrite && there.isFile())) {
    throw new OperationError({
      code: "file_exists",
      message: `${path} is there already${there.isFile() ? "" : ", and is no file"}.`,
      hint: "Give another path, or overwrite: true for a file.",
    });
  }
  try {
    if (parents) makeDirectory(dirname(path), 0o700);
  } catch (cause) {
    throw new OperationError({
      code: "no_directory",
      message: `The directory ${dirname(path)} can't be made on this worker: ${whyUnwritable(cause)}.`,
      hint: "Give a path where it can be made.",
      cause,
    });
  }
  const directory = await stat(dirname(path)).catch(() => null);
  if (directory?.isDirectory()) return;
  throw new OperationError({
    code: "no_directory",
    message: `The directory ${dirname(path)} does not exist on this worker.`,
    hint: "Create it, or say parents: true.",
  });
}

/** On the disk, not only in the system's memory; then its hash. */
async function settle(file: string, signal: AbortSignal): Promise<string> {
  const handle = await open(file, "r+");
  try {
    await handle.chmod(0o600);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const hash = createHash("sha256");
  for await (const part of createReadStream(file, { signal })) hash.update(part as Buffer);
  return hash.digest("hex");
}

function tooOld(error: unknown, pgDump: string): OperationError | null {
  if (!(error instanceof OperationError) || error.code !== "exit_code") return null;
  const { lastLines = [] } = (error.details ?? {}) as { lastLines?: string[] };
  const line = lastLines.find((one) => one.includes("server version:"));
  if (!lastLines.some((one) => one.includes("server version mismatch")) || line === undefined) return null;
  return new OperationError({
    code: "pg_dump_too_old",
    message: `${pgDump} is older than the server (${line.replace(/^.*detail: /, "")}).`,
    hint: "Install the client tools of the server's version on the worker, and name them: connection.pgDump.",
    details: { lastLines },
    cause: error,
  });
}
