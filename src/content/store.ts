/**
 * The content store: bytes by their SHA-256, each once, whoever sends them. What entries or deployments name stays; the
 * rest is removed by hand or when it is old.
 */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { formatBytes } from "../core/bytes.ts";
import { WilcoError } from "../core/errors.ts";
import { createTurns } from "../core/turns.ts";
import type { ContentBytes, IncomingBytes } from "../database/content-bytes.ts";
import type { Database, Sql, Transaction } from "../database/database.ts";
import type { ContentTable } from "../database/inventory-tables.ts";
import { requireContentName, unknownContent, type Content } from "../domain/content.ts";
import type { ContentAnswer, ContentQuery } from "../protocol/messages.ts";
import { contentUse } from "./use.ts";

/** Bytes of one content, unless the server is told otherwise. */
export const DEFAULT_CONTENT_LIMIT = 2 * 1024 ** 3;

export interface Announced {
  name: string;
  /** What the sender says it sends; refused when it sends something else. */
  sha256?: string | undefined;
  size?: number | undefined;
}

export interface ContentStore {
  /** Bytes of one content at most. */
  readonly limit: number;
  /**
   * Takes in what the stream gives. Nothing stays of what is refused or breaks off.
   * @returns `added` false when the server had it already.
   * @throws WilcoError `invalid_request` (name, nothing in it), `too_large`, `content_mismatch`, `storage_full`; whatever
   *   the stream throws.
   */
  put(
    by: string,
    announced: Announced,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ content: Content; added: boolean }>;
  /** Before anything is read. @throws WilcoError `too_large`, `invalid_request`. */
  admit(announced: Announced): void;
  /** @throws WilcoError `unknown_content`. */
  find(sha256: string): Promise<Content>;
  /** @throws WilcoError `unknown_content`. */
  read(sha256: string): Promise<{ content: Content; bytes: Readable }>;
  /** The newest first. @throws WilcoError `invalid_request` (cursor). */
  list(query: ContentQuery): Promise<ContentAnswer>;
  /** @throws WilcoError `unknown_content`, `content_in_use`. */
  remove(sha256: string): Promise<void>;
  /** Removes what was neither uploaded nor used for `age` ms, and what dead servers left. @returns how much it removed. */
  collect(age: number): Promise<number>;
  /** Removes what a server that died left behind. */
  sweep(): Promise<void>;
}

export interface ContentStoreOptions {
  database: Database;
  bytes: ContentBytes;
  limit?: number | undefined;
}

/** Removed in one pass of a collection. */
const BATCH = 100;

export function createContentStore({
  database,
  bytes,
  limit = DEFAULT_CONTENT_LIMIT,
}: ContentStoreOptions): ContentStore {
  // A file has one place whoever brings it: it must not be removed between a second upload's rename and its row.
  const inTurn = createTurns();

  function admit({ name, size }: Announced): void {
    requireContentName(name);
    if (size !== undefined && size > limit) throw tooLarge(size, limit);
    if (size === 0) throw empty(name);
  }

  async function put(by: string, announced: Announced, source: AsyncIterable<Uint8Array>) {
    admit(announced);
    const incoming = await bytes.receive();
    try {
      const { sha256, size } = await takeIn(incoming, announced, source, limit);
      return await inTurn(sha256, async () => {
        const place = await incoming.keep(sha256);
        return record({ sha256, size, name: announced.name, created_by: by, place });
      });
    } finally {
      await incoming.discard();
    }
  }

  async function record(row: Omit<ContentTable, "created_at">) {
    const { added, stored } = await database.transaction(async (tx) => {
      const [inserted] = await tx.query<ContentTable>(
        `INSERT INTO content (sha256, size, name, created_by, created_at, place) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (sha256) DO NOTHING RETURNING *`,
        [row.sha256, row.size, row.name, row.created_by, tx.now(), row.place],
      );
      return inserted ? { added: true, stored: inserted } : { added: false, stored: (await rowOf(tx, row.sha256))! };
    });
    if (!added && stored.place !== row.place) await bytes.remove(row.place);
    return { content: contentOf(stored), added };
  }

  async function find(sha256: string): Promise<ContentTable> {
    const row = await rowOf(database, sha256);
    if (!row) throw unknownContent(sha256);
    return row;
  }

  /** @returns false when it is named meanwhile: the row stays, and with it the bytes. */
  async function drop(sha256: string, check: (tx: Transaction) => Promise<boolean>): Promise<boolean> {
    return inTurn(sha256, async () => {
      const place = await database.transaction(async (tx) => {
        const [row] = await tx.query<{ place: string }>(
          `SELECT place FROM content WHERE sha256 = $1 ${tx.dialect.forUpdate}`,
          [sha256],
        );
        if (!row) throw unknownContent(sha256);
        if (!(await check(tx))) return null;
        await contentUse.forget(tx, sha256);
        await tx.query("DELETE FROM content WHERE sha256 = $1", [sha256]);
        return row.place;
      });
      // The row goes first: a crash between the two leaves bytes that the next sweep finds, never a row without bytes.
      if (place !== null) await bytes.remove(place);
      return place !== null;
    });
  }

  async function sweep(): Promise<void> {
    await bytes.sweep(async (places) => {
      const rows = await database.query<{ place: string }>(
        `SELECT place FROM content WHERE ${database.dialect.inTexts("place", "$1")}`,
        [JSON.stringify(places)],
      );
      return new Set(rows.map(({ place }) => place));
    });
  }

  return {
    limit,
    admit,
    put,
    sweep,
    find: async (sha256) => contentOf(await find(sha256)),
    async read(sha256) {
      const row = await find(sha256);
      return { content: contentOf(row), bytes: bytes.read(row.place) };
    },
    async list({ limit: pageSize = 100, cursor, sha256, unused }) {
      const after = cursor === undefined ? null : positionOf(cursor);
      const rows = await database.query<ContentTable>(
        `SELECT * FROM content WHERE (created_at < $1 OR (created_at = $1 AND sha256 > $2))
           AND ${database.dialect.glob("sha256", "$3")} AND ($4 = 0 OR (${contentUse.unused("content.sha256")}))
         ORDER BY created_at DESC, sha256 LIMIT $5`,
        [
          after?.at ?? Number.MAX_SAFE_INTEGER,
          after?.sha256 ?? "",
          database.dialect.globPattern(`${sha256 ?? ""}*`),
          unused === true ? 1 : 0,
          pageSize + 1,
        ],
      );
      const page = rows.slice(0, pageSize);
      const last = rows.length > pageSize ? page.at(-1) : undefined;
      return { items: page.map(contentOf), next: last ? cursorOf(last) : null };
    },
    async remove(sha256) {
      await drop(sha256, async (tx) => {
        const users = await contentUse.users(tx, sha256);
        if (users.length > 0) throw inUse(sha256, users);
        return true;
      });
    },
    async collect(age) {
      await sweep();
      const old = await database.transaction((tx) => contentUse.old(tx, age, BATCH));
      let removed = 0;
      for (const sha256 of old) {
        if (await drop(sha256, async (tx) => (await contentUse.users(tx, sha256)).length === 0)) removed++;
      }
      return removed;
    },
  };
}

async function takeIn(
  incoming: IncomingBytes,
  announced: Announced,
  source: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) throw tooLarge(null, limit);
    hash.update(chunk);
    await incoming.write(chunk);
  }
  if (announced.size !== undefined && announced.size !== size) {
    throw mismatch(announced.name, `${size} bytes arrived, and ${announced.size} were announced`);
  }
  if (size === 0) throw empty(announced.name);
  const sha256 = hash.digest("hex");
  if (announced.sha256 !== undefined && announced.sha256 !== sha256) {
    throw mismatch(announced.name, `what arrived has the SHA-256 ${sha256}, and ${announced.sha256} was announced`);
  }
  return { sha256, size };
}

async function rowOf(sql: Sql, sha256: string): Promise<ContentTable | undefined> {
  const [row] = await sql.query<ContentTable>("SELECT * FROM content WHERE sha256 = $1", [sha256]);
  return row;
}

function contentOf(row: ContentTable): Content {
  const { sha256, size, name } = row;
  return { sha256, size, name, createdBy: row.created_by, createdAt: new Date(row.created_at).toISOString() };
}

function cursorOf({ created_at, sha256 }: ContentTable): string {
  return Buffer.from(`content:${created_at}:${sha256}`).toString("base64url");
}

function positionOf(cursor: string): { at: number; sha256: string } {
  const match = /^content:(\d{1,16}):([0-9a-f]{64})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (match) return { at: Number(match[1]), sha256: match[2]! };
  throw new WilcoError({
    code: "invalid_request",
    message: "The cursor is not one that a page of content gave",
    hint: "Pass `next` of the page before as `cursor`, or leave it out for the first page.",
  });
}

function tooLarge(size: number | null, limit: number): WilcoError {
  return new WilcoError({
    code: "too_large",
    message: `The content ${size === null ? "has more than" : `has ${formatBytes(size)}, more than`} ${formatBytes(limit)}`,
    hint: 'Send less, or start the server with a larger "--content-limit".',
    details: { limit },
  });
}

function empty(name: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${name} is empty: there is nothing to keep`,
    hint: "Check the file; a build may have failed.",
  });
}

function mismatch(name: string, what: string): WilcoError {
  return new WilcoError({
    code: "content_mismatch",
    message: `${name} was not kept: ${what}`,
    hint: "It changed while it was sent, or was damaged on its way: send it again.",
  });
}

function inUse(sha256: string, users: readonly string[]): WilcoError {
  return new WilcoError({
    code: "content_in_use",
    message: `The content ${sha256.slice(0, 12)} is in use: ${users.join(", ")}`,
    hint: "It can be removed when no deployment and no unfinished entry names it.",
  });
}
