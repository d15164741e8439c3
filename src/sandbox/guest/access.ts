/** `readFile` and `fetch` of a script. What they may reach is decided on the host; the work is loaded when it is asked for. */
import { captureCallSite } from "../../client/call-site.ts";
import type { FetchOptions } from "./access-calls.ts";
import type { Channel } from "./channel.ts";
import type { FetchResponse } from "./fetch-response.ts";

/** A file that can't be read, or a request that got no whole answer. */
export class AccessFailed extends Error {
  override readonly name = "AccessFailed";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

export interface Access {
  /** @throws WilcoError `not_permitted`, `too_large`, `invalid_request`; AccessFailed. */
  readFile(path: string, encoding?: "utf8" | "base64"): Promise<string>;
  readFile(path: string, encoding: "bytes"): Promise<Uint8Array>;
  /** @throws WilcoError `not_permitted`, `too_large`, `invalid_request`; AccessFailed. */
  fetch(url: string | { toString(): string }, options?: FetchOptions): Promise<FetchResponse>;
}

export function createAccess(channel: Channel): Access {
  // Most scripts use neither, and every module costs a script some of its start.
  const calls = () => import("./access-calls.ts");

  async function readFile(path: string, encoding?: string): Promise<never> {
    const site = captureCallSite(readFile);
    return (await (await calls()).readFile(channel, path, encoding, site)) as never;
  }

  async function fetch(url: string | { toString(): string }, options?: FetchOptions): Promise<FetchResponse> {
    const site = captureCallSite(fetch);
    return (await calls()).fetch(channel, url, options, site);
  }

  return { readFile, fetch };
}
