import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Api } from "../../src/client/api.ts";
import { retrieve } from "../../src/cli/commands/content.ts";
import type { Context } from "../../src/cli/context.ts";

test("content is written beside what is there, and replaces only a file that was named", async () => {
  const dir = mkdtempSync(join(tmpdir(), "wilco-content-get-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const context = {
    path: (typed: string) => join(dir, typed),
    output: { notice: () => undefined },
  } as unknown as Context;
  const content = { name: "app.mjs", size: 3, sha256: createHash("sha256").update("new").digest("hex") };
  const sending = (...chunks: string[]) =>
    ({ readContent: async () => chunks.map((chunk) => Buffer.from(chunk)) }) as unknown as Api;
  const get = (out?: string, api = sending("n", "ew")) =>
    retrieve(context, api, content, out === undefined ? {} : { out });

  writeFileSync(join(dir, "app.mjs"), "mine");
  for (const out of [undefined, "."])
    await expect(get(out)).rejects.toMatchObject({
      code: "invalid_request",
      message: `${join(dir, "app.mjs")} is there already`,
      hint: "Name the file to write, with --out FILE; that one is replaced.",
    });
  await expect(get("nowhere/x")).rejects.toMatchObject({
    code: "invalid_request",
    message: `${join(dir, "nowhere/x")} can't be written: there is no such directory`,
  });
  await expect(get("app.mjs", sending("old"))).rejects.toMatchObject({ code: "content_mismatch" });
  expect(readFileSync(join(dir, "app.mjs"), "utf8")).toBe("mine");

  expect(await get("app.mjs")).toBe(0);
  expect(readFileSync(join(dir, "app.mjs"), "utf8")).toBe("new");
  // Nothing half-written stays.
  expect(readdirSync(dir)).toEqual(["app.mjs"]);
});
