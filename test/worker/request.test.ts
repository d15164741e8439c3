import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { ERROR_STATUS, WilcoError } from "../../src/core/errors.ts";
import { createWorkerApi, type WorkerApi } from "../../src/worker/api.ts";
import { createHttpRequest, createInjectRequest } from "../../src/worker/request.ts";
import { listenWhereFetchRefuses } from "../support/refused-port.ts";
import { createFakeServer } from "./fake-server.ts";
import { createWorld } from "./world.ts";

/** The fake server behind real HTTP. */
function serverApp(api: WorkerApi) {
  const app = fastify({ bodyLimit: 32 * 1024 * 1024 });
  app.addHook("onRequest", async (request) => {
    if (request.headers.authorization !== "Bearer secret")
      throw new WilcoError({ code: "unauthenticated", message: "no such token" });
  });
  app.setErrorHandler((error, _request, reply) => {
    const known = error instanceof WilcoError ? error : new WilcoError({ code: "internal", message: String(error) });
    void reply.status(ERROR_STATUS[known.code]).send(known.toBody());
  });
  app.post("/v1/workers", ({ body }) => api.register(body as never));
  for (const call of ["claim", "heartbeat", "report", "finish"] as const) {
    app.post(`/v1/workers/:session/${call}`, ({ params, body }) =>
      api[call]((params as { session: string }).session, body as never),
    );
  }
  app.post("/v1/workers/:session/stop", async ({ params, body }, reply) => {
    await api.stop((params as { session: string }).session, body as never);
    return reply.status(204).send();
  });
  onTestFinished(() => app.close());
  return app;
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a worker", () => {
  it("works over HTTP, output and all", async () => {
    const fake = createFakeServer();
    const app = serverApp(fake.api);
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const api = createWorkerApi({ request: createHttpRequest({ url, token: "secret" }) });
    const { worker } = await createWorld({ api, handlers: { say: ({ output }) => output("grüße 🙂\n") } });
    await worker.start();
    const entry = fake.submit({ operation: "say" });
    expect(await fake.finished(entry)).toMatchObject({ status: "succeeded" });
    expect(fake.text(entry)).toBe("grüße 🙂\n");
    await worker.stop();
    expect(fake.session).toBeNull();
  });

  it("works inside the server's process, and stops at once although its claim is held", async () => {
    const fake = createFakeServer();
    const app = serverApp(fake.api);
    await app.ready();
    const api = createWorkerApi({
      request: createInjectRequest({ inject: (request) => app.inject(request), token: "secret" }),
    });
    const { worker } = await createWorld({ api, handlers: { one: () => 1 } });
    await worker.start();
    const entry = fake.submit({ operation: "one" });
    expect(await fake.finished(entry)).toMatchObject({ result: 1 });
    await worker.stop();
    expect(fake.session).toBeNull();
  });

  it("goes on when its server goes away in the middle and comes back", async () => {
    const fake = createFakeServer({ heartbeat: 50 });
    const first = serverApp(fake.api);
    const url = await first.listen({ host: "127.0.0.1", port: 0 });
    const api = createWorkerApi({ request: createHttpRequest({ url, token: "secret" }) });
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { worker } = await createWorld({
      api,
      handlers: {
        wait: async () => {
          begun.resolve();
          await release.promise;
          return "kept";
        },
      },
    });
    await worker.start();
    const entry = fake.submit({ operation: "wait" });
    await begun.promise;
    first.server.closeAllConnections();
    first.server.close();
    release.resolve();
    const second = serverApp(fake.api);
    await second.listen({ host: "127.0.0.1", port: Number(new URL(url).port) });
    expect(await fake.finished(entry)).toMatchObject({ status: "succeeded", result: "kept" });
  });
});

describe("a request over HTTP", () => {
  const request = (url: string, options: { timeout?: number; signal?: AbortSignal } = {}) =>
    createHttpRequest({ url, token: "t" })("POST", "/v1/workers", {}, { timeout: 1_000, ...options });

  it("carries the server's error by its code", async () => {
    const url = await listen((_request, response) => {
      response
        .writeHead(410, { "content-type": "application/json" })
        .end('{"code":"session_ended","message":"gone","hint":"again"}');
    });
    await expect(request(url)).rejects.toMatchObject({ code: "session_ended", message: "gone", hint: "again" });
  });

  it.each([
    ["a page instead of JSON", 200, "<html>"],
    ["an error of somebody else", 502, '{"oops":1}'],
  ])("takes %s for no answer", async (_name, status, body) => {
    const url = await listen((_request, response) => response.writeHead(status).end(body));
    await expect(request(url)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("reaches ports that fetch refuses, with texts and with what streams", async () => {
    const server = createServer(({ method }, response) => response.end(method === "GET" ? "bytes" : '{"fine":true}'));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = await listenWhereFetchRefuses(server);
    await expect(fetch(url)).rejects.toMatchObject({ cause: { message: "bad port" } });
    expect(await request(url)).toEqual({ fine: true });
    const { stream } = createHttpRequest({ url, token: "t" });
    expect(await text(await stream("/", new AbortController().signal))).toBe("bytes");
  });

  it("says of a content that broke off that it did, and follows no redirect", async () => {
    const url = await listen((asked, response) => {
      if (asked.method === "POST") return void response.writeHead(307, { location: "http://127.0.0.1:9/" }).end();
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.destroy());
    });
    const { stream } = createHttpRequest({ url, token: "t" });
    const bytes = await stream("/", new AbortController().signal);
    await expect(text(bytes)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("the content broke off") as string,
    });
    await expect(request(url)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("it redirects (307)") as string,
    });
  });

  it("ends at its own deadline and at the caller's abort", async () => {
    const url = await listen(() => {});
    await expect(request(url, { timeout: 50 })).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("within 50 ms") as string,
    });
    const abort = new AbortController();
    const asked = request(url, { signal: abort.signal, timeout: 60_000 });
    setImmediate(() => abort.abort(new Error("enough")));
    await expect(asked).rejects.toThrow("enough");
  });

  it("says that nobody is there", async () => {
    for (const url of ["http://127.0.0.1:9", "http://localhost:9"]) {
      await expect(request(url)).rejects.toMatchObject({
        code: "unreachable",
        message: expect.stringMatching(/:9 can't be reached: connect ECONNREFUSED/) as string,
      });
    }
    const plain = await listen(() => {});
    await expect(request(plain.replace("http:", "https:"))).rejects.toMatchObject({
      message: expect.stringContaining("does not speak TLS") as string,
    });
  });
});

describe("several servers", () => {
  it("are asked one after the other: the one that answered last, until it does not", async () => {
    const asked: string[] = [];
    const answering = (name: string, status: () => number) =>
      listen((_request, response) => {
        asked.push(name);
        response.writeHead(status(), { "content-type": "application/json" });
        response.end(status() === 200 ? '{"fine":true}' : '{"code":"unavailable","message":"stopping"}');
      });
    let first = 503;
    let second = 200;
    const a = await answering("a", () => first);
    const b = await answering("b", () => second);
    const request = createHttpRequest({ url: `${a}, ${b}/`, token: "secret" });
    const ask = () => request("POST", "/v1/x", {}, { timeout: 20_000 });
    await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
    expect(await ask()).toEqual({ fine: true });
    expect(await ask()).toEqual({ fine: true });
    [first, second] = [200, 503];
    await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
    expect(await ask()).toEqual({ fine: true });
    expect(asked).toEqual(["a", "b", "b", "b", "a"]);
  });
});
