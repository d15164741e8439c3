/** Sends files to the content store: hashed first, so that what the server has is not sent again. */
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { messageOf, WilcoError } from "../core/errors.ts";
import type { ContentRef } from "../domain/content.ts";
import type { Api } from "./api.ts";
import { createInOrder } from "./files-in-order.ts";
import type { Call, RequestCall } from "./port.ts";

export interface Uploads {
  /** @throws WilcoError `invalid_request` (not a file, empty), `too_large`, `content_mismatch` (it changed meanwhile). */
  path(path: string): Promise<ContentRef>;
  /** @param name of the file, without a path. The handle stays the caller's. */
  handle(handle: FileHandle, name: string): Promise<ContentRef>;
  /** The call with its files in the store. */
  inCall<C extends Call | RequestCall>(call: C): Promise<C>;
}

const BLOCK = 1024 * 1024;
/** What was sent is remembered while the file is the same, for calls in a loop. */
const REMEMBERED = 1_000;

export function createUploads(api: Pick<Api, "contents" | "putContent">): Uploads {
  const sent = new Map<string, Promise<ContentRef>>();

  async function send(handle: FileHandle, name: string): Promise<ContentRef> {
    const content = await describe(handle, name);
    const { items } = await api.contents({ sha256: content.sha256, limit: 1 });
    const upload = { size: content.size, open: () => read(handle) };
    if (items.length === 0) await api.putContent(content.sha256, name, upload);
    return content;
  }

  async function fromHandle(handle: FileHandle, name: string): Promise<ContentRef> {
    const info = await handle.stat({ bigint: true });
    if (!info.isFile()) throw unreadable(name, "it is not a regular file");
    if (info.size === 0n) throw unreadable(name, "it is empty");
    const key = [info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join(" ");
    let known = sent.get(key);
    if (!known) {
      known = send(handle, name);
      sent.set(key, known);
      known.catch(() => sent.delete(key));
      if (sent.size > REMEMBERED) sent.delete(sent.keys().next().value!);
    }
    return { ...(await known), name };
  }

  async function fromPath(path: string): Promise<ContentRef> {
    const handle = await openPlainly(path);
    try {
      return await fromHandle(handle, basename(path));
    } finally {
      await handle.close();
    }
  }

  return {
    path: fromPath,
    handle: fromHandle,
    inCall: createInOrder(fromPath),
  };
}

/** What a file is as content, without sending it. @throws WilcoError `invalid_request`. */
export async function describeFile(path: string): Promise<ContentRef> {
  const handle = await openPlainly(path);
  try {
    return await describe(handle, basename(path));
  } finally {
    await handle.close();
  }
}

async function describe(handle: FileHandle, name: string): Promise<ContentRef> {
  const { size } = await handle.stat();
  const hash = createHash("sha256");
  // One buffer for all blocks: V8 collects its whole heap for each 32 MB of new ones.
  const block = Buffer.allocUnsafeSlow(BLOCK);
  for (let position = 0; ;) {
    const { bytesRead } = await handle.read(block, 0, BLOCK, position);
    if (bytesRead === 0) break;
    hash.update(block.subarray(0, bytesRead));
    position += bytesRead;
  }
  return { sha256: hash.digest("hex"), size, name };
}

function read(handle: FileHandle): Readable {
  return handle.createReadStream({ start: 0, autoClose: false, highWaterMark: BLOCK });
}

async function openPlainly(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw unreadable(path, messageOf(error));
  }
}

function unreadable(path: string, why: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(path)} can't be sent: ${why}`,
    hint: "Nothing was submitted.",
  });
}
