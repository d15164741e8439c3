import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { httpType } from "../../src/resource-types/http.ts";
import { callOperation } from "./context.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const call = (
  url: string,
  operation: string,
  parameters: Record<string, unknown> = {},
  connection: Record<string, unknown> = {},
  signal?: AbortSignal,
) =>
  callOperation(httpType, { operation, parameters, connection: { url, ...connection }, ...(signal ? { signal } : {}) });

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const part of request) body += String(part);
  return body;
}

describe("an http service", () => {
  it("is up when it answers as expected, and down in every other case", async () => {
    let status = 200;
    const url = await serve((_request, response) => response.writeHead(status).end("ok"));
    expect(await call(url, "check")).toMatchObject({ availability: "up", status: 200 });
    status = 503;
    expect(await call(url, "check")).toMatchObject({
      availability: "down",
      status: 503,
      reason: "answered with 503 instead of a 2xx",
    });
    expect(await call(url, "check", { expect: [503] })).toMatchObject({ availability: "up" });
    await expect(call(url, "metrics")).rejects.toMatchObject({ code: "http_status" });
    status = 200;
    expect(await call(url, "metrics")).toEqual({ latency: expect.any(Number) as number });
    const silent = await serve(() => {});
    expect(await call(silent, "check", {}, { timeout: "100ms" })).toMatchObject({
      availability: "down",
      reason: expect.stringContaining("not answered within 100 ms") as string,
    });
    const rude = await serve((request) => request.socket.destroy());
    expect(await call(rude, "check")).toMatchObject({
      availability: "down",
      reason: expect.stringContaining("closed") as string,
    });
  });

  it("is sent a request with method, path, headers and JSON body", async () => {
    const url = await serve(async (request, response) => {
      const { method, url: path, headers } = request;
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          method,
          path,
          type: headers["content-type"],
          auth: headers["authorization"],
          extra: headers["x-a"],
          connection: headers["connection"],
          body: await bodyOf(request),
        }),
      );
    });
    const reply = await call(
      `${url}/base/`,
      "request",
      { method: "POST", path: "/items?x=1", headers: { "x-a": "b" }, body: { n: 1 } },
      { headers: { authorization: "Bearer t" } },
    );
    expect(reply).toMatchObject({
      status: 200,
      body: {
        method: "POST",
        path: "/base/items?x=1",
        type: "application/json",
        auth: "Bearer t",
        extra: "b",
        connection: "close",
        body: '{"n":1}',
      },
    });
    expect(httpType.descriptor.operations["request"]).toMatchObject({ onLost: "lose" });
  });

  it("fails a request that is answered otherwise, with what the answer said", async () => {
    const url = await serve((_request, response) => response.writeHead(409).end("already there"));
    await expect(call(url, "request", { method: "POST" })).rejects.toMatchObject({
      code: "http_status",
      message: expect.stringContaining("answered with 409 instead of a 2xx") as string,
      details: { status: 409, lastLines: ["already there"] },
    });
  });

  it.each([
    ["../secret", "leads out"],
    ["/../../x", "leads out"],
  ])("is not left by the path %s", async (path, message) => {
    await expect(call("http://127.0.0.1:9/base", "request", { path })).rejects.toMatchObject({
      message: expect.stringContaining(message) as string,
    });
  });

  it("is not sent more than a result may hold", async () => {
    const url = await serve((_request, response) => response.end("x".repeat(3 * 1024 * 1024)));
    await expect(call(url, "request")).rejects.toMatchObject({ code: "result_too_large" });
  });

  it("is waited for until it is healthy", async () => {
    let looks = 0;
    const url = await serve((_request, response) => response.writeHead(++looks < 3 ? 503 : 200).end());
    expect(await call(url, "waitUntilHealthy", { interval: "10ms" })).toMatchObject({ availability: "up", checks: 3 });
  });

  it("is not waited for longer than asked, and not after the abort", async () => {
    const url = await serve((_request, response) => response.writeHead(500).end());
    await expect(call(url, "waitUntilHealthy", { interval: "10ms", timeout: "50ms" })).rejects.toMatchObject({
      code: "not_healthy",
      message: expect.stringContaining("answered with 500 instead of a 2xx") as string,
    });
    const abort = new AbortController();
    const waiting = call(url, "waitUntilHealthy", { interval: "1h", timeout: "2h" }, {}, abort.signal);
    setImmediate(() => abort.abort(new Error("enough")));
    await expect(waiting).rejects.toThrow();
  });

  it("refuses a connection that can't work", async () => {
    await expect(call("ftp://x", "check")).rejects.toMatchObject({ code: "invalid_inventory" });
    await expect(call("http://x", "check", {}, { timeout: "10" })).rejects.toMatchObject({ code: "invalid_inventory" });
  });
});
