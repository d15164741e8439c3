/** What the end of a deployment writes, and how a worker gets content, with the server, worker and client of the product. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { createTokens } from "../../src/access/tokens.ts";
import { injectDispatch } from "../../src/cli/composition/inject-dispatch.ts";
import { startServerParts } from "../../src/cli/composition/server-parts.ts";
import { createApi } from "../../src/client/api.ts";
import { connect } from "../../src/client/connect.ts";
import { file } from "../../src/client/content-file.ts";
import { createTransport } from "../../src/client/transport.ts";
import { openDatabase } from "../../src/database/database.ts";
import { defineResourceType, OperationError, parametersOf } from "../../src/resource-types/sdk.ts";
import { migrated, optionsOf } from "../operations/world.ts";
import { describeOnBothEngines } from "../support/engines.ts";

const CONTENT = { type: "object", content: true };
const CHILD = {
  labels: { type: "object" },
  connection: { type: "object" },
  fail: { type: "boolean" },
  found: { type: "string" },
};

const token = ({ connection }: { connection: JsonObject }) => connection["token"] as string;

const site = defineResourceType({
  name: "site",
  inProcess: true,
  connection: parametersOf({ url: { type: "string" }, token: { type: "string", secret: true } }),
  operations: {
    deploy: {
      parameters: parametersOf(
        { content: CONTENT, assets: CONTENT, version: { type: "string" }, path: { type: "string" } },
        ["content"],
      ),
      handler: async ({ parameters, content }) => ({
        text: readFileSync(await content(parameters["content"]), "utf8"),
      }),
    },
    show: { handler: ({ resource }) => ({ token: token(resource).length }) },
    createChild: {
      parameters: parametersOf({ type: { type: "string" }, name: { type: "string" }, ...CHILD }, ["type", "name"]),
      handler: ({ parameters, resource }) => {
        if (parameters["type"] === "page") return { connection: { url: `http://me:${token(resource)}@main` } };
        if (parameters["name"] === "heir") return { connection: { token: token(resource) }, said: token(resource) };
        if (parameters["fail"] === true) throw new OperationError({ code: "no_room", message: "There is no room." });
        return { labels: { made: "yes" }, connection: { token: parameters["found"] ?? "t0ken" }, port: 80 };
      },
    },
  },
});

describeOnBothEngines("deployments and children", (world) => {
  async function open() {
    const place = await world.createDatabase(migrated);
    const dataDir = place.engine === "sqlite" ? place.dataDir : await mkdtemp(join(tmpdir(), "wilco-test-"));
    world.onCleanup(() => rm(dataDir, { recursive: true, force: true }));
    let token: string | null = null;
    if (place.engine === "postgres") {
      const database = await openDatabase(optionsOf(place));
      ({ token } = await createTokens({ database }).bootstrap("root"));
      await database.close();
    }
    const server = await startServerParts({
      dataDir,
      ...(place.engine === "postgres" ? { databaseUrl: place.url } : {}),
      listen: null,
      worker: { name: "local", slots: { min: 0, max: 4 }, types: [site] },
      version: "0",
      log: pino({ level: "silent" }),
    });
    world.onCleanup(() => server.stop());
    const options = {
      url: "http://wilco.local",
      token: token ?? server.adminToken!,
      dispatch: injectDispatch(server.app),
    };
    const client = connect(options);
    world.onCleanup(() => client.close());
    const api = createApi(createTransport(options));
    await api.apply({ resources: { main: { type: "site", zone: "default", connection: { url: "http://main" } } } });
    return { api, client, dataDir, main: await client.resource("main") };
  }

  test("versions follow each other, a damaged copy is fetched anew, and what is named stays", async () => {
    const { api, client, dataDir, main } = await open();
    const path = (name: string) => join(dataDir, name);
    writeFileSync(path("one.txt"), "one");
    writeFileSync(path("two.txt"), "two");
    expect(await main.deploy(file(path("one.txt")), { version: "1" })).toEqual({ text: "one" });
    expect(await main.deploy({ content: file(path("two.txt")), version: "2" })).toEqual({ text: "two" });
    // Beside what is deployed, before it by its name: it stays as long as the version does.
    writeFileSync(path("extra.txt"), "extra");
    const both = { content: file(path("two.txt")), assets: file(path("extra.txt")), version: "2" };
    await main.deploy(both);
    const [extra] = (await api.contents({ limit: 1 })).items;
    expect(extra).toMatchObject({ name: "extra.txt" });
    await expect(api.removeContent(extra!.sha256)).rejects.toMatchObject({ code: "content_in_use" });
    expect((await api.contents({ unused: true })).items).toEqual([]);
    expect((await api.deployments("main")).items[0]).toMatchObject({ content: { name: "two.txt" } });
    const cache = path("worker/content");
    const [kept] = (await api.deployments("main")).items;
    const copy = join(cache, kept!.content.sha256);
    expect(readdirSync(cache)).toHaveLength(2);
    chmodSync(copy, 0o600);
    writeFileSync(copy, "TWO");
    const ref = { sha256: kept!.content.sha256 };
    expect(await main.deploy(ref)).toEqual({ text: "two" });
    const { entry } = await api.rollBack("main", {}, "back");
    expect((await client.history.wait(entry.id)).result).toEqual({ text: "one" });
    expect(await api.rollBack("main", {}, "back")).toMatchObject({ entry: { id: entry.id }, replayed: true });
    const { items } = await api.deployments("main", { limit: 3 });
    expect(items.map(({ version, label, status, restores }) => [version, label, status, restores])).toEqual([
      [5, "1", "current", 1],
      [4, null, "rolled_back", null],
      [3, "2", "former", null],
    ]);
    await expect(api.removeContent(ref.sha256)).rejects.toMatchObject({ code: "content_in_use" });
    // Of several places, each has its own former version.
    const put = (name: string, place: string) => main.deploy({ content: file(path(name)), path: place });
    await put("one.txt", "/a");
    await put("two.txt", "/b");
    await expect(api.rollBack("main", {}, "no-b")).rejects.toMatchObject({
      code: "conflict",
      message: "main has no earlier version of /b to go back to",
    });
    await put("one.txt", "/a");
    await put("extra.txt", "/b");
    const { entry: b } = await api.rollBack("main", {}, "back-of-b");
    expect(b.parameters).toMatchObject({ path: "/b", content: { name: "two.txt" } });
    await client.history.wait(b.id);
    const retried = await api.retry(items[1]!.entry, "again");
    expect((await client.history.wait(retried.id)).result).toEqual({ text: "two" });
  });

  test("a child is a resource when it was made, and none when it was not", async () => {
    const { api, client, main } = await open();
    const made = main.createChild("site", {
      name: "child",
      labels: { tier: "web" },
      connection: { url: "http://child" },
    });
    expect(await made).toEqual({ labels: { made: "yes" }, port: 80, resource: "child" });
    expect(await api.resource("child")).toMatchObject({
      type: "site",
      parent: "main",
      labels: { tier: "web", made: "yes" },
      connection: { url: "http://child", token: "********" },
    });
    expect(await made.outcome()).toMatchObject({ kind: "deployment", operation: "createChild" });
    expect(() => main.createChild()).toThrow("needs");
    await expect(main.createChild("site", { name: "child" })).rejects.toMatchObject({ code: "conflict" });
    await expect(main.createChild("site", { name: "12" })).rejects.toMatchObject({ code: "invalid_parameters" });
    await expect(main.createChild("sit", { name: "other" })).rejects.toMatchObject({ code: "unknown_type" });
    await expect(main.createChild("site", { name: "other", fail: true })).rejects.toMatchObject({
      entry: { error: { code: "no_room" } },
    });
    await expect(main.createChild("site", { name: "other", connection: { wrong: 1 } })).rejects.toMatchObject({
      entry: { status: "failed", error: { code: "child_refused", details: { made: { port: 80 } } } },
    });
    // What its parent's secret gives is sealed where the child's type says so, and shown nowhere.
    await api.apply({
      resources: { main: { type: "site", zone: "default", connection: { token: "s3cret-of-main" } } },
    });
    await api.apply({ types: { page: { connection: { type: "object" }, operations: { look: { run: ["true"] } } } } });
    expect(await main.createChild("site", { name: "heir" })).toEqual({ said: "********", resource: "heir" });
    expect(await (await client.resource("heir")).show()).toEqual({ token: "s3cret-of-main".length });
    const bare = main.createChild("page", { name: "bare" });
    await expect(bare).rejects.toMatchObject({ entry: { error: { code: "child_refused" } } });
    expect(JSON.stringify(await bare.outcome())).not.toContain("s3cret-of-main");
    // Repeated under its key, whether it is under way or has ended, it is the same.
    const call = { resource: "main", operation: "createChild", parameters: { type: "site", name: "again" } };
    const submit = async () => (await api.submit({ entries: [call] }, "a-key-for-again")).entries[0];
    const ids = [await submit(), await submit()].map((one) => (one && "entry" in one ? one.entry.id : one));
    expect(ids[1]).toBe(ids[0]);
    await client.history.wait(ids[0] as number);
    expect(await submit()).toMatchObject({ replayed: true, entry: { id: ids[0], status: "succeeded" } });
    // A connection that an operator or a worker writes is no way to the secret store.
    const stolen = main.createChild("site", { name: "other", connection: { url: "http://evil/{{secrets.db}}" } });
    await expect(stolen).rejects.toMatchObject({
      code: "invalid_parameters",
      message: expect.stringContaining('"db"'),
    });
    await expect(main.createChild("site", { name: "other", found: "{{ secrets.db }}" })).rejects.toMatchObject({
      entry: { error: { code: "child_refused", message: expect.stringContaining('"db"') } },
    });
    await expect(api.resource("other")).rejects.toMatchObject({ code: "unknown_resource" });
    // Two that are asked for at once: one is refused, or fails, and never are there two.
    const twins = await Promise.allSettled([1, 2].map(() => main.createChild("site", { name: "twin" })));
    expect(twins.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});
