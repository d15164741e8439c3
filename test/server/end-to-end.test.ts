import { get } from "node:https";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createTokens } from "../../src/access/tokens.ts";
import { createOperations } from "../../src/operations/operations.ts";
import { createServerApp } from "../../src/server/app.ts";
import { startListening } from "../../src/server/listen.ts";
import { DAEMON, inventoryOn, openTestDatabase, SERVICE } from "../inventory/world.ts";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { TEST_CERT, TEST_KEY } from "./tls-pair.ts";
import { contentOn } from "./world.ts";

/** They have tests of their own. */
const NO_METRICS = { text: async () => ({ contentType: "text/plain", text: "" }) };

/** The real operations behind a real socket. */
async function serve(world: EngineWorld) {
  const database = await openTestDatabase(world);
  const inventory = inventoryOn(database);
  await inventory.registerBuiltinTypes([SERVICE, DAEMON]);
  const tokens = createTokens({ database });
  const log = pino({ level: "silent" });
  const operations = createOperations({ database, targets: inventory.targets, secrets: inventory.secrets, log });
  const { content } = await contentOn(database);
  const app = createServerApp({
    operations,
    inventory,
    content,
    tokens,
    database,
    metrics: NO_METRICS,
    log,
    version: "1.2.3",
  });
  world.onCleanup(() => app.close());
  await operations.start();
  const url = await startListening(app, { port: 0 });
  const { token: admin } = await tokens.bootstrap("root");
  const { token: worker } = await tokens.create("root", { name: "w", role: "worker" });
  const call = async (token: string, path: string, body?: unknown, method = body === undefined ? "GET" : "POST") => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  return { app, url, admin, worker, call };
}

const REGISTER = {
  name: "w",
  zone: "default",
  roles: ["automate"],
  capacity: 2,
  host: "h",
  pid: 1,
  version: "1.2.3",
  types: [],
  succession: "0123456789abcdef",
  protocol: 2,
};

describeOnBothEngines("Over HTTP", (world) => {
  test("a call goes from its submit to a held claim, and its result to a held poll", async () => {
    const { admin, worker, call } = await serve(world);
    await call(admin, "/v1/inventory/apply", {
      resources: { api: { type: "service", connection: { url: "http://x", token: "s3cret" } } },
    });
    const { body: registered } = await call(worker, "/v1/workers", REGISTER);
    const claiming = call(worker, `/v1/workers/${registered.session}/claim`, {
      claimId: "claim-0001",
      slots: 1,
      wait: 20_000,
    });
    const filed = await call(admin, "/v1/entries", { entries: [{ resource: "api", operation: "check" }] });
    const entry = filed.body.entries[0].entry;
    expect(entry).toMatchObject({ status: "queued", requestedBy: "root", resource: { name: "api" } });
    const { body: claimed } = await claiming;
    // Secrets reach the worker that runs the entry, and nobody else.
    expect(claimed.assignments).toMatchObject([
      { entry: entry.id, resource: { connection: { url: "http://x", token: "s3cret" } } },
    ]);
    expect(JSON.stringify((await call(admin, "/v1/resources/api")).body)).not.toContain("s3cret");

    const running = await call(admin, `/v1/entries/${entry.id}`);
    const polling = call(admin, "/v1/entries/poll", {
      entries: [{ id: entry.id, seen: running.body.lastEvent, after: 0 }],
      wait: 20_000,
    });
    const finished = await call(worker, `/v1/workers/${registered.session}/finish`, {
      finishes: [
        {
          entry: entry.id,
          attempt: 1,
          finishId: "finish-0001",
          lastChunk: 0,
          status: "succeeded",
          result: { availability: "up" },
        },
      ],
    });
    expect(finished.body).toEqual({ finishes: [{ ok: true }] });
    const { body: polled } = await polling;
    expect(polled.entries).toMatchObject([
      { id: entry.id, entry: { status: "succeeded", result: { availability: "up" } } },
    ]);
    expect((await call(admin, "/v1/resources/api")).body.availability).toBe("up");
    const stopped = await call(worker, `/v1/workers/${registered.session}/stop`, {});
    expect(stopped.status).toBe(204);
  });

  test("a stop answers the claims and polls that are held, and then closes", async () => {
    const { app, admin, worker, call, url } = await serve(world);
    await call(admin, "/v1/inventory/apply", { resources: { api: { type: "service" } } });
    const { body: registered } = await call(worker, "/v1/workers", REGISTER);
    const filed = await call(admin, "/v1/entries", {
      entries: [{ resource: "api", operation: "check", zone: "elsewhere" }],
    });
    const { id, lastEvent } = filed.body.entries[0].entry;
    const arrived = Promise.withResolvers<void>();
    let requests = 0;
    app.server.on("request", () => {
      if (++requests === 3) arrived.resolve();
    });
    const held = [
      call(worker, `/v1/workers/${registered.session}/claim`, { claimId: "claim-0001", slots: 1, wait: 60_000 }),
      call(admin, "/v1/entries/poll", { entries: [{ id, seen: lastEvent }], wait: 60_000 }),
      call(admin, `/v1/entries/${id}/events?after=${lastEvent}&wait=60000`),
    ];
    await arrived.promise;
    await app.close();
    expect((await Promise.all(held)).map(({ status, body }) => [status, body])).toEqual([
      [200, { assignments: [] }],
      [200, expect.objectContaining({ entries: [] })],
      [200, { events: [], done: false }],
    ]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow(/fetch failed/);
  });

  test("a registration that is refused leaves neither its types nor its name behind", async () => {
    const { admin, call } = await serve(world);
    const token = (role: string, name: string, more: object = {}) =>
      call(admin, "/v1/tokens", { name, role, ...more }).then(({ body }) => body.token as string);
    const edge = await token("worker", "edge", { zones: ["edge"] });
    const brought = { ...DAEMON, name: "brought", builtin: false };
    const registration = { ...REGISTER, types: [brought] };
    expect(await call(edge, "/v1/workers", registration)).toMatchObject({ status: 403 });
    expect(await call(admin, "/v1/workers", { ...registration, types: [brought, { name: "x" }] })).toMatchObject({
      status: 400,
      body: { code: "invalid_request", message: expect.stringContaining("Resource type 2 of the worker") },
    });
    expect(await call(admin, "/v1/types/brought")).toMatchObject({ status: 404 });
    expect((await call(admin, "/v1/workers")).body).toEqual({ items: [] });
    expect(await call(edge, "/v1/workers", { ...registration, zone: "edge" })).toMatchObject({ status: 200 });
    expect(await call(admin, "/v1/types/brought")).toMatchObject({ status: 200 });
  });

  test("with a certificate it speaks HTTPS", async () => {
    const database = await openTestDatabase(world);
    const inventory = inventoryOn(database);
    const log = pino({ level: "silent" });
    const operations = createOperations({ database, targets: inventory.targets, secrets: inventory.secrets, log });
    const app = createServerApp({
      operations,
      inventory,
      content: (await contentOn(database)).content,
      tokens: createTokens({ database }),
      database,
      metrics: NO_METRICS,
      log,
      version: "1.2.3",
      tls: { cert: TEST_CERT, key: TEST_KEY },
    });
    world.onCleanup(() => app.close());
    const url = await startListening(app, { host: "127.0.0.1", port: 0, tls: true });
    expect(url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      get(`${url}/readyz`, { ca: TEST_CERT, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on("error", reject);
    });
    expect(status).toBe(200);
  });
});
