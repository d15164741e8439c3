/** Content on this machine: fetched once, kept by hash within a bound, checked before each use. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, link, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WilcoError } from "../core/errors.ts";
import { randomId } from "../core/ids.ts";
import { isJsonObject } from "../core/json.ts";
import { createTurns } from "../core/turns.ts";
import { contentNameProblem, isSha256, type ContentRef } from "../domain/content.ts";
import type { LeasedContent } from "../protocol/messages.ts";
import type { Log } from "../resource-types/log.ts";
import { OperationError } from "../resource-types/operation-error.ts";

export interface Contents {
  /**
   * @param parameter `{ sha256, size, name }`, as the server completed it. @returns a path below `directory`, which is the
   *   execution's own. @throws OperationError.
   */
  provide(parameter: unknown, execution: ProvideFor): Promise<string>;
}

export interface ProvideFor {
  entry: number;
  attempt: number;
  directory: string;
  signal: AbortSignal;
}

export interface ContentsOptions {
  directory: string;
  /** Bytes that are kept. What is in use does not end with its place here. */
  limit: number;
  fetch: (leased: LeasedContent, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  log: Log;
}

/** Of a fetch that broke off, and ms before the next. */
const TRIES = 5;
const PAUSE = 500;
const INCOMING = "incoming-";

export function createContents({ directory, limit, fetch, log }: ContentsOptions): Contents {
  const inTurn = createTurns();
  let prepared: Promise<void> | undefined;

  /** What an earlier worker was in the middle of. */
  async function prepare(): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const file of await readdir(directory)) {
      if (file.startsWith(INCOMING)) await rm(join(directory, file), { force: true });
    }
  }

  async function provide(parameter: unknown, execution: ProvideFor): Promise<string> {
    const content = requireContent(parameter);
    const { signal } = execution;
    const into = join(execution.directory, "content", randomId());
    const path = join(into, content.name);
    try {
      await (prepared ??= prepare().catch((error: unknown) => {
        prepared = undefined;
        throw error;
      }));
      await mkdir(into, { recursive: true, mode: 0o700 });
      await inTurn(content.sha256, async () => {
        const kept = await ensure(content, execution);
        // A link: whatever becomes of the kept file, these bytes stay as long as the execution's directory.
        await link(kept, path).catch(async (error: NodeJS.ErrnoException) => {
          if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
          await copyFile(kept, path);
        });
      });
    } catch (error) {
      signal.throwIfAborted();
      throw asOperationError(error, content);
    }
    await inTurn("", () => trim(content.sha256));
    return path;
  }

  async function ensure(content: ContentRef, execution: ProvideFor): Promise<string> {
    const path = join(directory, content.sha256);
    if ((await stat(path).catch(() => null))?.size === content.size) {
      if ((await hashOf(path, execution.signal)) === content.sha256) {
        const now = new Date();
        await utimes(path, now, now);
        return path;
      }
      log.warn({ sha256: content.sha256 }, "a kept content is damaged, it is fetched again");
    }
    await rm(path, { force: true });
    for (let tries = 1; ; tries++) {
      try {
        await receive(content, execution, path);
        return path;
      } catch (error) {
        execution.signal.throwIfAborted();
        if (!isPassing(error) || tries === TRIES) throw error;
        log.debug({ sha256: content.sha256, tries }, "the content broke off, it is fetched again");
        await sleep(PAUSE * tries, undefined, { signal: execution.signal });
      }
    }
  }

  async function receive(content: ContentRef, { entry, attempt, signal }: ProvideFor, path: string): Promise<void> {
    const { sha256, size } = content;
    const incoming = join(directory, `${INCOMING}${randomId()}`);
    const file = await open(incoming, "wx", 0o600);
    try {
      const hash = createHash("sha256");
      let received = 0;
      try {
        for await (const chunk of await fetch({ entry, attempt, sha256 }, signal)) {
          signal.throwIfAborted();
          hash.update(chunk);
          received += chunk.length;
          await file.writeFile(chunk);
        }
      } finally {
        await file.close();
      }
      if (received !== size || hash.digest("hex") !== sha256) {
        throw new WilcoError({ code: "unreachable", message: `${received} of ${size} bytes arrived, or other ones` });
      }
      await chmod(incoming, 0o400);
      await rename(incoming, path);
    } finally {
      await rm(incoming, { force: true });
    }
  }

  /** The longest unused goes first; never the one that was just asked for. */
  async function trim(newest: string): Promise<void> {
    const files = (await readdir(directory)).filter((file) => isSha256(file));
    const known = await Promise.all(
      files.map(async (file) => ({ file, info: await stat(join(directory, file)).catch(() => null) })),
    );
    const kept = known.flatMap(({ file, info }) => (info ? [{ file, size: info.size, used: info.mtimeMs }] : []));
    let total = kept.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size } of kept.toSorted((a, b) => a.used - b.used)) {
      if (total <= limit) return;
      if (file === newest) continue;
      await rm(join(directory, file), { force: true });
      total -= size;
    }
  }

  return { provide };
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function requireContent(parameter: unknown): ContentRef {
  const { sha256, size, name } = isJsonObject(parameter) ? parameter : {};
  if (isSha256(sha256) && typeof size === "number" && typeof name === "string" && contentNameProblem(name) === null) {
    return { sha256, size, name };
  }
  throw new OperationError({
    code: "no_content",
    message: "What the handler asked for is not content.",
    hint: 'Declare the parameter with "content: true", and hand over its value as it is.',
  });
}

/** The server, or the way to it, may be back in a moment. */
function isPassing(error: unknown): boolean {
  return error instanceof WilcoError && (error.code === "unreachable" || error.code === "unavailable");
}

function asOperationError(error: unknown, { name, sha256 }: ContentRef): unknown {
  if (error instanceof OperationError) return error;
  const { code } = error as { code?: unknown };
  const full = code === "ENOSPC" || code === "EDQUOT";
  const what = full ? "the disk of the worker is full" : error instanceof Error ? error.message : String(error);
  return new OperationError({
    code: full ? "disk_full" : "content_unavailable",
    message: `${name} (${sha256.slice(0, 12)}) could not be fetched: ${what.replace(/\.$/, "")}.`,
    source: "system",
    cause: error,
  });
}
