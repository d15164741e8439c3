import { createHash, randomBytes } from "node:crypto";
import { readdir, writeFile, mkdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createContentStore } from "../../src/content/store.ts";
import { openContentBytes } from "../../src/database/content-bytes.ts";
import { startListening } from "../../src/server/listen.ts";
import { openTestDatabase } from "../inventory/world.ts";
import { openServer } from "../server/world.ts";
import { describeOnBothEngines } from "../support/engines.ts";

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describeOnBothEngines("the content store", (world) => {
  async function open(contentLimit = 8 * 1024 * 1024) {
    const server = await openServer({ database: await openTestDatabase(world), contentLimit });
    const url = await startListening(server.app, { port: 0 });
    const headers = { authorization: `Bearer ${server.secrets.operator}`, "content-type": "application/octet-stream" };
    const send = async (method: string, path: string, body?: Uint8Array) => {
      const answer = await fetch(`${url}${path}`, { method, headers, ...(body ? { body: new Uint8Array(body) } : {}) });
      const text = await answer.text();
      return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
    };
    /** What is left of bytes, with or without a row. */
    const leftovers = async () => {
      const rows = (await server.database.query("SELECT * FROM content")).length;
      if (world.engine === "postgres") {
        const uploads = (await server.database.query("SELECT * FROM content_upload")).length;
        return { rows, uploads };
      }
      const files = (await readdir(server.contentDirectory, { recursive: true, withFileTypes: true })).filter((one) =>
        one.isFile(),
      );
      return { rows, uploads: files.length };
    };
    return { ...server, url, headers, send, leftovers };
  }

  test("takes in bytes once, whoever sends them, and gives them back as they were", async () => {
    const { send, ask, url, headers, leftovers } = await open();
    const bytes = randomBytes(3_000_001);
    const hash = sha(bytes);
    expect((await send("HEAD", `/v1/content/${hash}`)).status).toBe(404);
    const first = await send("PUT", `/v1/content/${hash}?name=app.tgz`, bytes);
    expect(first).toMatchObject({
      status: 201,
      body: { sha256: hash, size: 3_000_001, name: "app.tgz", createdBy: "a-operator" },
    });
    const again = await Promise.all([1, 2, 3].map(() => send("POST", "/v1/content?name=other.tgz", bytes)));
    expect(again.map(({ status, body }) => [status, body.name])).toEqual([1, 2, 3].map(() => [200, "app.tgz"]));
    expect(await leftovers()).toEqual({ rows: 1, uploads: 1 });
    const head = await fetch(`${url}/v1/content/${hash}`, { method: "HEAD", headers });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "3000001"]);
    const back = await fetch(`${url}/v1/content/${hash}`, { headers });
    expect(sha(new Uint8Array(await back.arrayBuffer()))).toBe(hash);

    const small = await send("POST", "/v1/content?name=small.txt", Buffer.from("hello"));
    const page = await ask("GET", "/v1/content?limit=1");
    expect(page.body.items).toMatchObject([{ name: "small.txt" }]);
    expect((await ask("GET", `/v1/content?limit=1&cursor=${page.body.next}`)).body).toMatchObject({
      items: [{ name: "app.tgz" }],
      next: null,
    });
    expect((await ask("GET", `/v1/content?sha256=${hash.slice(0, 8)}`)).body.items).toHaveLength(1);
    expect((await send("DELETE", `/v1/content/${hash}`)).status).toBe(204);
    expect((await send("DELETE", `/v1/content/${hash}`)).body.code).toBe("unknown_content");
    expect((await send("GET", `/v1/content/${hash}`)).body.code).toBe("unknown_content");
    expect((await ask("GET", "/v1/content?unused=true")).body.items).toMatchObject([{ sha256: small.body.sha256 }]);
  });

  test("the same new bytes from several at once are one content", async () => {
    const { send, leftovers } = await open();
    const bytes = randomBytes(2_500_000);
    const answers = await Promise.all([1, 2, 3, 4].map(() => send("PUT", `/v1/content/${sha(bytes)}?name=a`, bytes)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await leftovers()).toEqual({ rows: 1, uploads: 1 });
  });

  test("keeps nothing of what is refused", async () => {
    const { send, ask, leftovers } = await open(1_000_000);
    const bytes = randomBytes(10_000);
    const wrong = await send("PUT", `/v1/content/${sha(Buffer.from("other"))}?name=a`, bytes);
    expect(wrong).toMatchObject({ status: 400, body: { code: "content_mismatch" } });
    expect(wrong.body.message).toContain(sha(bytes));
    expect(await send("POST", "/v1/content?name=a&size=9999", bytes)).toMatchObject({
      status: 400,
      body: { code: "content_mismatch" },
    });
    const large = randomBytes(1_500_000);
    expect(await send("POST", "/v1/content?name=a", large)).toMatchObject({ status: 413, body: { code: "too_large" } });
    expect(await send("POST", "/v1/content?name=a", Buffer.alloc(0))).toMatchObject({ status: 400 });
    for (const name of ["..%2Fetc", "a%2Fb", "a%5Cb", "..", ""]) {
      expect([name, (await send("POST", `/v1/content?name=${name}`, bytes)).status]).toEqual([name, 400]);
    }
    expect((await ask("POST", "/v1/content?name=a", { body: { no: "bytes" } })).body.code).toBe("invalid_request");
    expect((await ask("POST", "/v1/content?name=a", { as: "viewer" })).status).toBe(403);
    expect((await ask("PUT", "/v1/content/nohash?name=a", {})).body.code).toBe("invalid_request");
    const octets = { headers: { "content-type": "application/octet-stream" }, body: "bytes" };
    expect((await ask("POST", "/v1/entries", octets)).body.code).toBe("invalid_request");
    expect(await leftovers()).toEqual({ rows: 0, uploads: 0 });
  });

  test("an upload without a length is cut off at the limit, and one that breaks off leaves nothing", async () => {
    const { url, headers, leftovers, app } = await open(3_000_000);
    const chunked = (write: (to: ReturnType<typeof request>) => void) =>
      new Promise<number | string>((resolve) => {
        const sending = request(`${url}/v1/content?name=a`, { method: "POST", headers, agent: false });
        sending.on("response", (answer) => resolve(answer.statusCode!));
        sending.on("error", (error: NodeJS.ErrnoException) => resolve(error.code!));
        write(sending);
      });
    const megabyte = randomBytes(1_000_000);
    expect(
      await chunked((sending) => {
        for (let n = 0; n < 5; n++) sending.write(megabyte);
      }),
    ).toBe(413);
    const broken = Promise.withResolvers<void>();
    app.server.once("request", (asked) => asked.once("close", () => broken.resolve()));
    await chunked((sending) => {
      sending.write(megabyte);
      sending.write(megabyte, () => sending.destroy());
    });
    await broken.promise;
    await expect.poll(leftovers).toEqual({ rows: 0, uploads: 0 });
  });

  test("what a dead server left is swept, and what is old and unused is collected", async () => {
    const { content, contentDirectory, database, send, leftovers } = await open();
    const { body: kept } = await send("POST", "/v1/content?name=kept", randomBytes(2_000));
    if (world.engine === "sqlite") {
      await mkdir(join(contentDirectory, "incoming"), { recursive: true });
      await writeFile(join(contentDirectory, "incoming", "half"), "half");
      await mkdir(join(contentDirectory, "ab"), { recursive: true });
      await writeFile(join(contentDirectory, "ab", "ab".repeat(32)), "no row");
    } else {
      await database.query("INSERT INTO content_upload (id, touched_at) VALUES ('dead', 1)");
      await database.query("INSERT INTO content_chunk (upload, seq, data) VALUES ('dead', 0, 'half')");
      await database.query("UPDATE content_upload SET touched_at = 1");
    }
    // A server that starts anew.
    const bytes = await openContentBytes(database, { directory: contentDirectory });
    await createContentStore({ database, bytes }).sweep();
    expect(await leftovers()).toEqual({ rows: 1, uploads: 1 });
    expect(await content.collect(60_000)).toBe(0);
    await database.query("UPDATE content SET created_at = created_at - 61000");
    expect(await content.collect(60_000)).toBe(1);
    expect(await leftovers()).toEqual({ rows: 0, uploads: 0 });
    expect((await send("GET", `/v1/content/${kept.sha256}`)).status).toBe(404);
  });
});
