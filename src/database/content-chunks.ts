/** Bytes as rows of PostgreSQL: chunks of an upload, which content then names. */
import { Readable } from "node:stream";
import { randomId } from "../core/ids.ts";
import { freeYoungGarbage } from "../core/young-garbage.ts";
import type { ContentBytes, IncomingBytes } from "./content-bytes.ts";
import type { Database } from "./sql.ts";

/** Bytes of one row. Below, statements cost more than bytes; above, each holds more memory in server and database. */
const CHUNK = 1024 * 1024;
/** Blocks in which chunks are gathered: while one fills, the others are on their way, each by a connection of its own. */
const BLOCKS = 3;
/** An upload that was not touched for so long, ms, belongs to a server that died. */
const ABANDONED = 3_600_000;
/** ms. Not with each chunk: two on their way at once would wait for each other's lock on the upload's row. */
const TOUCH_EVERY = 60_000;

export function createContentChunks({ database }: { database: Database }): ContentBytes {
  async function receive(): Promise<IncomingBytes> {
    const upload = randomId();
    await database.transaction(async (tx) => {
      tx.send("INSERT INTO content_upload (id, touched_at) VALUES ($1, $2)", [upload, tx.now()]);
    });
    // Used in turn: a new one for each chunk would be garbage that V8 counts and collects its whole heap for.
    const blocks: Buffer[] = [];
    let size = 0;
    let next = 0;
    let kept = false;
    let touched = performance.now();
    /** By block. */
    const writing: Array<Promise<void>> = [];

    const block = () => (blocks[next % BLOCKS] ??= Buffer.allocUnsafeSlow(CHUNK));

    /** Resolves when the next block is free. @throws what went wrong with the chunk that was in it. */
    async function flush(): Promise<void> {
      if (size === 0) return;
      freeYoungGarbage();
      const data = block().subarray(0, size);
      size = 0;
      const touch = performance.now() - touched > TOUCH_EVERY;
      if (touch) touched = performance.now();
      const seq = next++;
      const written = database.transaction(async (tx) => {
        // The commit of the content's own row, later, makes these durable as well: the log is written in order.
        tx.send("SET LOCAL synchronous_commit = off");
        tx.send("INSERT INTO content_chunk (upload, seq, data) VALUES ($1, $2, $3)", [upload, seq, data]);
        if (touch) tx.send("UPDATE content_upload SET touched_at = $2 WHERE id = $1", [upload, tx.now()]);
      });
      written.catch(() => {}); // thrown where it is awaited
      writing[seq % BLOCKS] = written;
      await writing[next % BLOCKS];
    }

    return {
      async write(chunk) {
        for (let from = 0; from < chunk.length;) {
          const piece = chunk.subarray(from, from + CHUNK - size);
          block().set(piece, size);
          size += piece.length;
          from += piece.length;
          if (size === CHUNK) await flush();
        }
      },
      async keep() {
        await flush();
        await Promise.all(writing);
        kept = true;
        return upload;
      },
      async discard() {
        await Promise.allSettled(writing); // the caller has seen what failed, or gives up anyway
        if (!kept) await remove(upload);
      },
    };
  }

  async function* chunksOf(upload: string): AsyncGenerator<Uint8Array> {
    for (let seq = 0; ; seq++) {
      const [row] = await database.query<{ data: Uint8Array }>(
        "SELECT data FROM content_chunk WHERE upload = $1 AND seq = $2",
        [upload, seq],
      );
      if (!row) return;
      yield row.data;
    }
  }

  async function remove(upload: string): Promise<void> {
    await database.transaction(async (tx) => {
      tx.send("DELETE FROM content_chunk WHERE upload = $1", [upload]);
      tx.send("DELETE FROM content_upload WHERE id = $1", [upload]);
    });
  }

  return {
    receive,
    read: (place) => Readable.from(chunksOf(place), { objectMode: false, highWaterMark: CHUNK }),
    remove,
    async sweep(named) {
      const rows = await database.query<{ id: string }>(
        `SELECT id FROM content_upload WHERE touched_at <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1
         ORDER BY id LIMIT 1000`,
        [ABANDONED],
      );
      const uploads = rows.map(({ id }) => id);
      const kept = await named(uploads);
      for (const upload of uploads) if (!kept.has(upload)) await remove(upload);
    },
  };
}
