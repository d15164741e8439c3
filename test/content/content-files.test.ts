/** Content on a disk that fails. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createContentFiles } from "../../src/database/content-files.ts";
import { ownDirectory } from "./directory.ts";

const directory = ownDirectory();

it("Content that the disk could not take is refused, also when the disk says so only once, in the middle", async () => {
  const handle = await open(join(directory.path, "any"), "w");
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const files = createContentFiles({ directory: join(directory.path, "content") });
  const incoming = await files.receive();
  const sync = vi.spyOn(prototype, "datasync");
  sync.mockImplementationOnce(() => Promise.reject(Object.assign(new Error("EIO: i/o error"), { code: "EIO" })));
  try {
    const block = Buffer.alloc(1024 * 1024, 7);
    for (let written = 0; written < 34; written++) await incoming.write(block);
    expect(sync).toHaveBeenCalledTimes(1);
    await expect(incoming.keep("ab".repeat(32))).rejects.toMatchObject({ code: "EIO" });
  } finally {
    sync.mockRestore();
    await incoming.discard();
  }
});
