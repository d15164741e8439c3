/** The host's end of `readFile` and `fetch`: what the permissions allow, so many at a time. */
import type { FileHandle } from "node:fs/promises";
import type { Permissions } from "./permissions.ts";
import { createFetcher, type NetAnswer, type NetRequest } from "./permissions-net.ts";
import { createFileReader, type ReadEncoding } from "./permissions-read.ts";

export interface HostAccess {
  readFile(path: string, encoding: ReadEncoding): Promise<string>;
  /** For the content store; the caller closes it. */
  openFile(path: string): Promise<FileHandle>;
  fetch(request: NetRequest): Promise<NetAnswer>;
  /** Ends what is under way. */
  close(): void;
}

/** Files and answers that this process holds at one time, of 8 MB each. What is above waits. */
const AT_ONCE = 8;

export function createHostAccess({ permissions, root }: { permissions: Permissions; root: string }): HostAccess {
  const reader = createFileReader({ directories: permissions.read, root });
  const fetcher = createFetcher({ targets: permissions.net });
  const waiting: Array<() => void> = [];
  let busy = 0;

  async function oneOf<T>(work: () => Promise<T>): Promise<T> {
    if (busy === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy -= 1;
    }
  }

  return {
    readFile: (path, encoding) => oneOf(() => reader.readFile(path, encoding)),
    openFile: (path) => reader.openFile(path, "send"),
    fetch: (request) => oneOf(() => fetcher.fetch(request)),
    close: () => fetcher.close(),
  };
}
