/**
 * Where the bytes of content are. With the embedded engine: files in the data directory. With PostgreSQL: rows, so that
 * any server answers for what any other has taken in. See docs/decisions/0012-content.md.
 */
import type { Readable } from "node:stream";
import type { Database } from "./sql.ts";

/** The bytes of one upload on their way in. */
export interface IncomingBytes {
  /** Resolves when the next may come. */
  write(chunk: Uint8Array): Promise<void>;
  /** Everything is durable; @returns its place, for `read` and `remove`. */
  keep(sha256: string): Promise<string>;
  /** Nothing of it stays. Idempotent; harmless after `keep`. */
  discard(): Promise<void>;
}

export interface ContentBytes {
  receive(): Promise<IncomingBytes>;
  /** All bytes in order. A stream that is destroyed lets go of what it holds. */
  read(place: string): Readable;
  remove(place: string): Promise<void>;
  /**
   * Removes what servers that died left behind: uploads that did not end, and bytes that no row names. Safe at any time.
   * @param named of these places, the ones that rows name.
   */
  sweep(named: (places: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void>;
}

/** @param options.directory of the embedded server's files; made when the first content comes. */
export async function openContentBytes(database: Database, options: { directory: string }): Promise<ContentBytes> {
  if (database.dialect.engine === "sqlite") return (await import("./content-files.ts")).createContentFiles(options);
  return (await import("./content-chunks.ts")).createContentChunks({ database });
}
