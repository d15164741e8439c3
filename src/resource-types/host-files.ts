/** Files of the machine the worker runs on. */
import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { randomId } from "../core/ids.ts";
import { makeDirectory } from "../core/make-directory.ts";
import type { ContentRef } from "../domain/content.ts";
import { OperationError } from "./operation-error.ts";
import type { OperationContext } from "./sdk.ts";

export interface Upload {
  path: string;
  content?: string;
  base64?: string;
  file?: ContentRef;
  mode?: string;
  parents: boolean;
}

export interface Deployed {
  path: string;
  content: ContentRef;
  mode?: string;
  owner?: string;
  parents: boolean;
}

/** What is written: bytes, or a file of the worker with the hash that it is known by. */
type Source = { bytes: Uint8Array } | { copyOf: string; size: number; sha256: string };

interface Placing {
  path: string;
  mode: string | undefined;
  owner: string | undefined;
  parents: boolean;
}

export async function upload(context: OperationContext): Promise<unknown> {
  const { path, mode, parents, ...given } = context.parameters as unknown as Upload;
  return write(context, { path, mode, parents, owner: undefined }, await sourceOf(context, given));
}

export async function deploy(context: OperationContext): Promise<unknown> {
  const { path, mode, owner, parents, content } = context.parameters as unknown as Deployed;
  return write(context, { path, mode, parents, owner }, await sourceOf(context, { file: content }));
}

/** @throws OperationError `invalid_content`, and what fetching content throws. */
export async function sourceOf(
  context: OperationContext,
  { file, ...text }: Pick<Upload, "content" | "base64" | "file">,
): Promise<Source> {
  if (file === undefined) return { bytes: bytesOf(text) };
  if (text.content !== undefined || text.base64 !== undefined) throw severalSources();
  return { copyOf: await context.content(file), size: file.size, sha256: file.sha256 };
}

/** Written beside its place, checked, synced, and renamed over it: a reader sees the old file or the new one. */
async function write(context: OperationContext, { path, mode, owner, parents }: Placing, source: Source) {
  requireAbsolute(path);
  const before = await stat(path).catch(() => null);
  if (before && !before.isFile()) throw refused(path, "is not a file");
  const permissions = mode === undefined ? (before ? before.mode & 0o7777 : 0o644) : Number.parseInt(mode, 8);
  const beside = `${path}.wilco-${randomId()}`;
  try {
    if (parents) makeDirectory(dirname(path), 0o777);
    if ("copyOf" in source) {
      await copyFile(source.copyOf, beside, constants.COPYFILE_EXCL);
      const hash = await hashOf(beside, context.signal);
      if (hash !== source.sha256)
        throw refused(path, `was not written: what arrived on the disk has the SHA-256 ${hash}`);
    } else await writeFile(beside, source.bytes, { flag: "wx", mode: permissions, signal: context.signal });
    if (owner !== undefined) await context.exec(["chown", owner, beside]);
    // "r": a copy may be read-only, as what it is a copy of.
    const file = await open(beside, "r");
    try {
      // After chown, which takes setuid away; and the mode that a file is made with is cut by the umask.
      await file.chmod(permissions);
      await file.sync();
    } finally {
      await file.close();
    }
    context.signal.throwIfAborted();
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    context.signal.throwIfAborted();
    // The file itself need not be there.
    const isHomeless = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw isHomeless
      ? refused(dirname(path), parents ? "can't be made" : "does not exist; with parents: true it is made", error)
      : fileError(path, error);
  }
  const { bytes, hash } =
    "copyOf" in source
      ? { bytes: source.size, hash: source.sha256 }
      : { bytes: source.bytes.length, hash: sha256(source.bytes) };
  return { path, bytes, sha256: hash, mode: octal(permissions), ...(owner === undefined ? {} : { owner }) };
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
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

function bytesOf({ content, base64 }: Pick<Upload, "content" | "base64">): Buffer {
  if (content !== undefined && base64 !== undefined) throw severalSources();
  if (content === undefined && base64 === undefined) {
    throw new OperationError({
      code: "invalid_content",
      message: "There is nothing to write.",
      hint: "Give one of content (text), base64 and file.",
    });
  }
  if (content !== undefined) return Buffer.from(content, "utf8");
  const bytes = Buffer.from(base64!, "base64");
  // Node skips what is not base64 instead of refusing it.
  if (bytes.toString("base64").replace(/=+$/, "") === base64!.replace(/=+$/, "")) return bytes;
  throw new OperationError({ code: "invalid_content", message: "base64 is not base64 (RFC 4648, one line)." });
}

function severalSources(): OperationError {
  return new OperationError({
    code: "invalid_content",
    message: "Several of content, base64 and file are given.",
    hint: "Give one of content (text), base64 and file.",
  });
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
  EEXIST: "goes through something that is not a directory",
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
