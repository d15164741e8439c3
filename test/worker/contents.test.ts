import { readdirSync, readFileSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WilcoError } from "../../src/core/errors.ts";
import { sha256 } from "../../src/core/ids.ts";
import { createContents, type ContentsOptions } from "../../src/worker/contents.ts";
import { silentLog, temporaryDirectory } from "./world.ts";

const bytesOf = (text: string) => Buffer.from(text.repeat(1_000));
const refOf = (text: string) => ({ sha256: sha256(bytesOf(text)), size: bytesOf(text).length, name: `${text}.bin` });

async function open(fetch: ContentsOptions["fetch"], limit = 1_000_000) {
  const directory = join(await temporaryDirectory(), "content");
  const own = await temporaryDirectory();
  const contents = createContents({ directory, limit, fetch, log: silentLog });
  const controller = new AbortController();
  const provide = (parameter: unknown) =>
    contents.provide(parameter, { entry: 1, attempt: 1, directory: own, signal: controller.signal });
  return { directory, own, provide, controller };
}

/** Gives these texts one after the other, whatever is asked for; a null breaks off in the middle. */
function giving(...texts: Array<string | null>): { fetch: ContentsOptions["fetch"]; count: () => number } {
  let count = 0;
  return {
    count: () => count,
    async fetch() {
      const text = texts[count++];
      return (async function* () {
        yield (text === null ? bytesOf("a") : bytesOf(text!)).subarray(0, 500);
        if (text === null) throw new WilcoError({ code: "unreachable", message: "it broke off" });
        yield bytesOf(text!).subarray(500);
      })();
    },
  };
}

describe("content on a worker", () => {
  it("is fetched once, and again when it broke off or other bytes came", async () => {
    const { fetch, count } = giving(null, "b", "a");
    const { directory, provide } = await open(fetch);
    mkdirSync(directory, { recursive: true });
    // Of a worker that was killed in the middle.
    writeFileSync(join(directory, "incoming-x"), "half");
    const [first, second] = await Promise.all([provide(refOf("a")), provide(refOf("a"))]);
    expect(readFileSync(first).equals(bytesOf("a"))).toBe(true);
    expect(readFileSync(second).equals(bytesOf("a"))).toBe(true);
    expect(first).not.toBe(second);
    expect(first.endsWith("/a.bin")).toBe(true);
    expect(statSync(first).mode & 0o222).toBe(0);
    expect(count()).toBe(3);
    expect(readdirSync(directory)).toEqual([refOf("a").sha256]);
  });

  it("keeps no more than its limit, and takes nothing from who uses it", async () => {
    const { fetch } = giving("a", "b", "c");
    const { directory, provide } = await open(fetch, 2_500);
    const first = await provide(refOf("a"));
    await provide(refOf("b"));
    await provide(refOf("c"));
    expect(readdirSync(directory)).toHaveLength(2);
    expect(readdirSync(directory)).toContain(refOf("c").sha256);
    expect(readFileSync(first).equals(bytesOf("a"))).toBe(true);
  });

  it("is refused with the reason when the server has none, and leaves nothing when it is aborted", async () => {
    const refusing = await open(async () => {
      throw new WilcoError({ code: "unknown_content", message: "The server has no content" });
    });
    await expect(refusing.provide(refOf("a"))).rejects.toMatchObject({ code: "content_unavailable", source: "system" });
    await expect(refusing.provide({ sha256: "no" })).rejects.toMatchObject({ code: "no_content" });
    await expect(refusing.provide({ ...refOf("a"), name: "../a" })).rejects.toMatchObject({ code: "no_content" });
    const aborted = await open(async () =>
      (async function* () {
        yield bytesOf("a").subarray(0, 10);
        aborted.controller.abort(new Error("canceled"));
        yield bytesOf("a").subarray(10);
      })(),
    );
    await expect(aborted.provide(refOf("a"))).rejects.toThrow("canceled");
    expect(readdirSync(aborted.directory)).toEqual([]);
  });
});
