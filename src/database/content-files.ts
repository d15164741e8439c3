/** Bytes as files: `ab/abcdef…` by hash, beside `incoming/` for what is on its way. */
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { WilcoError } from "../core/errors.ts";
import { randomId } from "../core/ids.ts";
import { freeYoungGarbage } from "../core/young-garbage.ts";
import type { ContentBytes, IncomingBytes } from "./content-bytes.ts";

/** Bytes gathered for one write: the stream gives them by 64 KB, and each write is a task of Node's thread pool. */
const BLOCK = 1024 * 1024;
/** Bytes after which the disk is asked to begin. */
const SYNC_EVERY = 32 * 1024 * 1024;
/** Blocks after which what is left of them in memory is freed. */
const FREE_EVERY = 2;
const READ_BLOCK = 512 * 1024;

export function createContentFiles({ directory }: { directory: string }): ContentBytes {
  const incoming = join(directory, "incoming");
  let serving = false;
  const pathOf = (place: string) => join(directory, place);

  async function receive(): Promise<IncomingBytes> {
    serving = true;
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    const path = join(incoming, randomId());
    const file = await open(path, "wx", 0o600).catch(refuseFullDisk);
    let closed = false;
    let gathered: Uint8Array[] = [];
    let size = 0;
    /** One block is written while the next is gathered. */
    let writing: Promise<void> = Promise.resolve();
    let blocks = 0;
    let unsynced = 0;
    let syncing: Promise<void> | undefined;
    /** Of an early sync. Linux tells each open file of a failed write once: the sync at the end would not hear of it. */
    let unwritten: unknown;

    /** The disk works while the rest is still coming; the sync at the end then has little left to wait for. */
    function syncEarly(): void {
      if (unsynced < SYNC_EVERY || syncing) return;
      unsynced = 0;
      syncing = file
        .datasync()
        .catch((error: unknown) => void (unwritten ??= error))
        .finally(() => (syncing = undefined));
    }

    async function flush(): Promise<void> {
      await writing;
      // Now, when nothing but the gathered block is alive: what survives two collections stays until a whole one.
      if (++blocks % FREE_EVERY === 0) freeYoungGarbage();
      const block = gathered;
      gathered = [];
      unsynced += size;
      size = 0;
      syncEarly();
      writing = writeAll(file, block);
      writing.catch(() => {}); // thrown where it is awaited
    }

    async function close(): Promise<void> {
      if (closed) return;
      closed = true;
      await writing.catch(() => {}); // the caller has seen it, or gives up anyway
      await syncing;
      await file.close();
    }

    return {
      async write(chunk) {
        gathered.push(chunk);
        size += chunk.length;
        if (size >= BLOCK) await flush();
      },
      async keep(sha256) {
        const place = `${sha256.slice(0, 2)}/${sha256}`;
        try {
          await flush();
          await writing;
          await syncing;
          if (unwritten !== undefined) throw unwritten;
          await file.datasync();
        } catch (error) {
          refuseFullDisk(error);
        }
        await close();
        const target = pathOf(place);
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await rename(path, target);
        await syncDirectory(dirname(target));
        return place;
      },
      async discard() {
        await close();
        await rm(path, { force: true });
      },
    };
  }

  return {
    receive,
    read: (place): Readable => createReadStream(pathOf(place), { highWaterMark: READ_BLOCK }),
    remove: (place) => rm(pathOf(place), { force: true }),
    async sweep(named) {
      // This process owns the directory: what is incoming at its start comes from one that died. Later it would be ours.
      if (serving) return;
      await rm(incoming, { recursive: true, force: true });
      for (const group of await entriesOf(directory)) {
        const places = (await entriesOf(join(directory, group))).map((file) => `${group}/${file}`);
        const kept = await named(places);
        for (const place of places) if (!kept.has(place)) await rm(pathOf(place), { force: true });
      }
    },
  };
}

async function writeAll(file: FileHandle, block: Uint8Array[]): Promise<void> {
  let rest = block;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest);
    rest = after(rest, bytesWritten);
  }
}

/** What a write that stopped short has not written. */
function after(block: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  return block.flatMap((chunk) => {
    const from = Math.min(skip, chunk.length);
    skip -= from;
    return from === chunk.length ? [] : [chunk.subarray(from)];
  });
}

/** A rename is only durable when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function refuseFullDisk(error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG") throw error;
  throw new WilcoError({
    code: "storage_full",
    message: "The content does not fit on the disk of the server's data directory",
    hint: 'Free some space there; "wilco content list --unused" shows what can be removed. Nothing of it was kept.',
    cause: error,
  });
}
