/** `--allow-read DIR`: files below named directories, for the script's `readFile`. */
import { constants } from "node:fs";
import { lstat, open, realpath, type FileHandle } from "node:fs/promises";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import { WilcoError } from "../core/errors.ts";
import { notPermitted } from "./permissions.ts";

export type ReadEncoding = "utf8" | "base64";

export interface FileReaderOptions {
  /** Absolute directories. */
  directories: readonly string[];
  /** Where relative paths start: the script's root. */
  root: string;
}

/** Bytes of one file. */
export const MAX_FILE = 8 * 1024 * 1024;

/**
 * Errors name the path as the script wrote it; nothing else of this machine's paths is told.
 * @throws WilcoError `not_permitted` for what is not below a directory (links followed), `too_large`, `script_failed`
 *   for what can't be read.
 */
export function createFileReader({ directories, root }: FileReaderOptions) {
  /** The caller closes it. @param verb "read" or "send", for what is refused. */
  async function openFile(path: string, verb: string): Promise<FileHandle> {
    const refused = (): WilcoError => notPermitted(`To ${verb} ${JSON.stringify(path)}`, "read", directoryOf(path));
    // Whether a file is there is not told of places that may not be read.
    if (directories.length === 0 || path.includes("\0")) throw refused();
    const allowed = await Promise.all(directories.map((directory) => realpath(directory).catch(() => directory)));
    const within = (real: string): boolean =>
      allowed.some(
        (directory) => real === directory || real.startsWith(directory.endsWith(sep) ? directory : directory + sep),
      );
    const asked = resolve(root, path);
    const real = await realpath(asked).catch((error: unknown) => {
      throw within(asked) || directories.some((directory) => asked.startsWith(directory + sep))
        ? unreadable(path, error)
        : refused();
    });
    if (!within(real)) throw refused();
    // The last component was resolved: a link there now was put there meanwhile. Nothing waits for a pipe's writer.
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      (error: unknown) => {
        throw unreadable(path, error);
      },
    );
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw unreadable(path, undefined, "it is not a regular file");
      // A directory on the way may have been replaced by a link between the two: what was opened must still be there.
      const again = await realpath(real).catch(() => "");
      const there = again === "" ? undefined : await lstat(again);
      if (!within(again) || there?.ino !== stat.ino || there.dev !== stat.dev) throw refused();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  return {
    openFile,
    async readFile(path: string, encoding: ReadEncoding): Promise<string> {
      const file = await openFile(path, "read");
      try {
        return decode(path, await readBounded(file, path), encoding);
      } finally {
        await file.close();
      }
    },
  };
}

/** Files of /proc and files that grow say less of their size than they hold: what is read counts. */
async function readBounded(file: FileHandle, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(256 * 1024) });
    if (bytesRead === 0) return Buffer.concat(parts);
    size += bytesRead;
    if (size > MAX_FILE) {
      throw new WilcoError({
        code: "too_large",
        message: `${JSON.stringify(path)} is larger than ${MAX_FILE / 1_048_576} MB`,
        hint: "A script holds small files; large ones are for the worker's machine to read.",
      });
    }
    parts.push(buffer.subarray(0, bytesRead));
  }
}

function decode(path: string, bytes: Buffer, encoding: ReadEncoding): string {
  if (encoding === "base64") return bytes.toString("base64");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(path, undefined, "it is no UTF-8 text", 'Read its bytes: readFile(path, "bytes").');
  }
}

function unreadable(path: string, error: unknown, why = reasonOf(error), hint?: string): WilcoError {
  return new WilcoError({ code: "script_failed", message: `${JSON.stringify(path)} can't be read: ${why}`, hint });
}

/** A system error's message has the real path in it, its code has not. */
function reasonOf(error: unknown): string {
  const code = String((error as { code?: unknown } | undefined)?.code);
  const known: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "the system does not permit it",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of its path is no directory",
    ELOOP: "it is a link that was put there meanwhile",
  };
  return known[code] ?? `the system says ${code}`;
}

/** For the flag, which counts from another directory than the script does: only an absolute path means the same there. */
function directoryOf(path: string): string {
  return isAbsolute(path) && !path.includes("\0") ? dirname(path) : "DIR";
}
