/** Files of the machine the worker runs on. */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { randomId } from "../core/ids.ts";
import { OperationError } from "./operation-error.ts";
import type { OperationContext } from "./sdk.ts";

export interface Upload {
  path: string;
  content?: string;
  base64?: string;
  mode?: string;
  parents: boolean;
}

/** Written beside its place, synced, and renamed over it: a reader sees the old file or the new one. */
export async function upload(context: OperationContext): Promise<unknown> {
  const { path, mode, parents, ...source } = context.parameters as unknown as Upload;
  requireAbsolute(path);
  const bytes = bytesOf(source);
  const before = await stat(path).catch(() => null);
  if (before && !before.isFile()) throw refused(path, "is not a file");
  const permissions = mode === undefined ? (before ? before.mode & 0o7777 : 0o644) : Number.parseInt(mode, 8);
  const beside = `${path}.wilco-${randomId()}`;
  try {
    if (parents) await mkdir(dirname(path), { recursive: true });
    const file = await open(beside, "wx", permissions);
    try {
      // The mode given to open is cut by the umask.
      await file.chmod(permissions);
      await file.writeFile(bytes, { signal: context.signal });
      await file.sync();
    } finally {
      await file.close();
    }
    context.signal.throwIfAborted();
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    context.signal.throwIfAborted();
    throw fileError(path, error);
  }
  return { path, bytes: bytes.length, sha256: sha256(bytes), mode: octal(permissions) };
}

export async function download(context: OperationContext): Promise<unknown> {
  const { path, limit } = context.parameters as { path: string; limit: number };
  requireAbsolute(path);
  const file = await open(path, "r").catch((error: unknown) => {
    throw fileError(path, error);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw refused(path, "is not a file");
    // Read up to the limit and one byte more, whatever the size says: files in /proc say 0, a log grows meanwhile.
    const bytes = Buffer.alloc(Math.min(limit + 1, Math.max(info.size, 64 * 1024) + 1));
    let size = 0;
    for (;;) {
      context.signal.throwIfAborted();
      const { bytesRead } = await file.read(bytes, size, bytes.length - size, null);
      size += bytesRead;
      if (bytesRead === 0 || size === bytes.length) break;
    }
    if (size > limit) throw tooLarge(path, limit);
    const content = bytes.subarray(0, size);
    return {
      path,
      bytes: size,
      sha256: sha256(content),
      mode: octal(info.mode & 0o7777),
      base64: content.toString("base64"),
    };
  } finally {
    await file.close();
  }
}

export function bytesOf({ content, base64 }: Pick<Upload, "content" | "base64">): Buffer {
  if ((content === undefined) === (base64 === undefined)) {
    throw new OperationError({
      code: "invalid_content",
      message: content === undefined ? "There is nothing to write." : "Both content and base64 are given.",
      hint: "Give one of content (text) and base64.",
    });
  }
  if (content !== undefined) return Buffer.from(content, "utf8");
  const bytes = Buffer.from(base64!, "base64");
  // Node skips what is not base64 instead of refusing it.
  if (bytes.toString("base64").replace(/=+$/, "") === base64!.replace(/=+$/, "")) return bytes;
  throw new OperationError({ code: "invalid_content", message: "base64 is not base64 (RFC 4648, one line)." });
}

/** The worker's own working directory means nothing to the caller. */
export function requireAbsolute(path: string): void {
  if (!isAbsolute(path)) throw refused(path, "is not an absolute path");
}

export function tooLarge(path: string, limit: number): OperationError {
  return new OperationError({
    code: "result_too_large",
    message: `${path} is larger than ${limit} bytes.`,
    hint: "A result holds at most 4 MB; copy larger files with a command of your own.",
  });
}

const PROBLEMS: Record<string, string> = {
  ENOENT: "does not exist",
  EACCES: "may not be read or written by the worker",
  EPERM: "may not be read or written by the worker",
  ENOTDIR: "goes through something that is not a directory",
  EISDIR: "is a directory",
  ENOSPC: "does not fit: the disk is full",
  EROFS: "is on a read-only file system",
};

function fileError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return PROBLEMS[code] === undefined ? error : refused(path, PROBLEMS[code], error);
}

function refused(path: string, problem: string, cause?: unknown): OperationError {
  return new OperationError({ code: "file_error", message: `${path} ${problem}.`, cause });
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const octal = (mode: number) => mode.toString(8).padStart(4, "0");
