import { afterEach, beforeEach, expect, test } from "vitest";
import { createApi } from "../../src/client/api.ts";
import type { Dispatch, HttpRequest } from "../../src/client/dispatch.ts";
import { createTransport, type Transport, type TransportOptions } from "../../src/client/transport.ts";
import { startProtocolServer, type Fate, type ProtocolServer } from "./world/protocol-server.ts";

let server: ProtocolServer;
let transports: Transport[];

beforeEach(async () => {
  server = await startProtocolServer();
  transports = [];
});
afterEach(async () => {
  for (const transport of transports) transport.close();
  await server.close();
});

/** Quick retries, so that a test of patience takes milliseconds. */
function transportOf(options: Partial<TransportOptions> = {}): Transport {
  const backoff = { first: 1, max: 4 };
  const transport = createTransport({ url: server.url, retryTime: 200, backoff, ...options });
  transports.push(transport);
  return transport;
}

function apiOf(options: Partial<TransportOptions> = {}) {
  return createApi(transportOf(options));
}

/** Meets the first requests, in order; later ones are answered. */
function fates(...first: Fate[]): void {
  server.fate = () => first.shift();
}

const item = { resource: 1, operation: "restart" };
const idempotencyKeys = () => server.seen.map((seen) => seen.headers["idempotency-key"]);

test("a request carries the token, and a submit its idempotency key", async () => {
  await apiOf({ token: "s3cret" }).submit({ entries: [item] }, "key-1");
  expect(server.seen[0]!.headers).toMatchObject({
    authorization: "Bearer s3cret",
    "idempotency-key": "key-1",
    "content-type": "application/json",
  });
});

test("what is nested too deeply to be written is not sent", async () => {
  const deep = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as never;
  await expect(apiOf().submit({ entries: [{ ...item, parameters: { deep } }] }, "key-1")).rejects.toMatchObject({
    code: "invalid_request",
    message: "What is to be sent is nested too deeply",
  });
  expect(server.seen).toEqual([]);
});

test("queries are written into the URL, and a path before /v1 is kept", async () => {
  const requests: HttpRequest[] = [];
  const dispatch: Dispatch = async (request) => {
    requests.push(request);
    return { status: 200, text: '{"items":[],"next":null}' };
  };
  await apiOf({ url: "https://example.org/wilco/", dispatch }).resources({ selector: "tier=web,a&b", limit: 5 });
  expect(requests[0]!.url).toBe("https://example.org/wilco/v1/resources?selector=tier%3Dweb%2Ca%26b&limit=5");
});

test("a submit whose answer is lost is repeated with the same key, and filed once", async () => {
  fates("lose answer", "lose answer");
  const answer = await apiOf().submit({ entries: [item] }, "key-1");
  expect(idempotencyKeys()).toEqual(["key-1", "key-1", "key-1"]);
  expect(answer.entries).toMatchObject([{ entry: { id: 1 }, replayed: true }]);
  expect(server.entries.size).toBe(1);
});

test.each([502, 503, 504])("%i is repeated, whatever its body", async (status) => {
  fates({ status }, { status, body: "<html>", type: "text/html" }, { status, body: '{"code":"unavailable"}' });
  expect(await apiOf().resources()).toMatchObject({ next: null });
  expect(server.seen).toHaveLength(4);
});

test("a slow answer is given up at the attempt's deadline, and asked for anew", async () => {
  fates("hang");
  expect(await apiOf({ attemptTimeout: 50 }).entries()).toEqual({ items: [], next: null });
  expect(server.seen).toHaveLength(2);
});

test("the time a request asks to be held is added to its deadline", async () => {
  await apiOf().submit({ entries: [item] }, "key-1");
  const answer = await apiOf({ attemptTimeout: 100 }).poll({ entries: [{ id: 1, seen: 1 }], wait: 200 });
  expect(answer.entries).toEqual([]);
  expect(server.seen).toHaveLength(2);
});

test("a mutation without a key is not repeated once it may have been carried out, and the error says so", async () => {
  fates("lose answer");
  const error: unknown = await apiOf()
    .createToken({ name: "t", role: "viewer" })
    .catch((caught: unknown) => caught);
  expect(server.seen).toHaveLength(1);
  expect(error).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("whether POST /v1/tokens was carried out is not known"),
  });
});

test("a server that is gone is tried for the retry time, then named with what to do", async () => {
  await server.close();
  const error: unknown = await apiOf({ retryTime: 50 })
    .me()
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(
      new RegExp(`^The server at ${server.url} can't be reached: connection refused \\(\\d+ attempts in `),
    ),
    hint: expect.stringContaining("wilco up"),
    details: { url: server.url, permanent: false },
  });
});

test("a mutation without a key is repeated while the connection is refused: it was never sent", async () => {
  const { url } = server;
  await server.close();
  const canceling = apiOf({ url, retryTime: 20_000 }).cancel(1);
  const [, port] = /:(\d+)$/.exec(url)!;
  server = await startProtocolServer({ port: Number(port) });
  await expect(canceling).rejects.toMatchObject({ code: "unknown_entry" });
});

test("one attempt is one attempt", async () => {
  fates({ status: 503 });
  const error: unknown = await apiOf({ retryTime: 0 })
    .entries()
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: `The server at ${server.url} can't be reached: it answered 503` });
  expect(server.seen).toHaveLength(1);
});

test("an error of the server is thrown by its code, with its hint and details, and is not repeated", async () => {
  const body = { code: "unknown_resource", message: 'There is no "x"', hint: 'Did you mean "y"?', details: { a: 1 } };
  fates({ status: 404, body: JSON.stringify(body) });
  await expect(apiOf().resource("x")).rejects.toMatchObject(body);
  expect(server.seen).toHaveLength(1);
});

test.each([
  [401, '{"code":"unauthenticated","message":"The token was revoked"}', "unauthenticated", "The token was revoked"],
  [401, "nope", "unauthenticated", "does not accept this token"],
  [403, "{}", "forbidden", "answered 403"],
  [409, '{"code":"from_the_future","message":"of a newer server"}', "conflict", "of a newer server"],
  [500, "{}", "internal", "answered 500"],
])("%i with %s is %s", async (status, body, code, message) => {
  fates({ status, body });
  await expect(apiOf().me()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  expect(server.seen).toHaveLength(1);
});

test("something else at that URL is named at once, not waited for", async () => {
  fates({ status: 200, body: "<html>hello</html>", type: "text/html" });
  await expect(apiOf({ retryTime: 60_000 }).me()).rejects.toMatchObject({
    code: "unreachable",
    message: `The server at ${server.url} can't be reached: what answers there (200) is not a wilco server`,
  });
  fates({ status: 307 });
  await expect(apiOf({ retryTime: 60_000 }).me()).rejects.toMatchObject({
    message: expect.stringContaining("it redirects (307)"),
  });
  expect(server.seen).toHaveLength(2);
});

test("close ends what is under way, and what comes later", async () => {
  const transport = transportOf({ retryTime: 60_000 });
  const api = createApi(transport);
  server.fate = () => "hang";
  const asking = api.me();
  await server.until(() => server.seen.length === 1);
  transport.close();
  await expect(asking).rejects.toMatchObject({ code: "interrupted", message: "The client was closed" });
  await expect(api.me()).rejects.toMatchObject({ code: "interrupted" });
});

test("a pause between attempts ends with the caller's signal", async () => {
  const controller = new AbortController();
  const transport = transportOf({ retryTime: 60_000, backoff: { first: 60_000, max: 60_000, jitter: 0 } });
  fates({ status: 503 });
  const asking = transport.request("GET", "/v1/me", { signal: controller.signal });
  await server.until(() => server.seen.length === 1);
  controller.abort();
  await expect(asking).rejects.toMatchObject({ code: "interrupted", message: "The request was given up" });
});

test("at most 32 requests are under way, and every one gets its turn", async () => {
  let underWay = 0;
  let most = 0;
  const dispatch: Dispatch = async () => {
    most = Math.max(most, ++underWay);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    underWay--;
    return { status: 200, text: "{}" };
  };
  const api = apiOf({ dispatch });
  await Promise.all(Array.from({ length: 500 }, () => api.me()));
  expect([underWay, most]).toEqual([0, 32]);
});

test.each(["localhost:7070", "ftp://example.org", "http://user:pw@example.org", ""])(
  "%j is no URL of a server",
  (url) => {
    expect(() => createTransport({ url })).toThrow("is not the URL of a server");
    expect(() => createTransport({ url })).not.toThrow("pw");
  },
);

test("of several servers the next is asked when one is not there, at once, and then stays the one that is asked", async () => {
  const asked: string[] = [];
  const dispatch: Dispatch = async ({ url }) => {
    const { host } = new URL(url);
    asked.push(host);
    if (host === "a") throw Object.assign(new Error("no"), { code: "ECONNREFUSED" });
    return { status: 200, text: '{"items":[],"next":null}' };
  };
  // A pause would be an hour.
  const api = apiOf({ url: "http://a, http://b", dispatch, backoff: { first: 3_600_000, max: 3_600_000 } });
  await api.resources();
  await api.resources();
  expect(asked).toEqual(["a", "b", "b"]);
});

test("several servers none of which is there are all named, after patience has ended", async () => {
  const dispatch: Dispatch = async () => {
    throw Object.assign(new Error("no"), { code: "ECONNREFUSED" });
  };
  await expect(apiOf({ url: "http://a,http://b", retryTime: 5, dispatch }).resources()).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("http://a, http://b") as string,
  });
});

test("a wrong certificate of one server does not keep the others from being asked", async () => {
  const dispatch: Dispatch = async ({ url }) => {
    if (url.startsWith("https://a")) throw Object.assign(new Error("no"), { code: "CERT_HAS_EXPIRED" });
    return { status: 200, text: '{"items":[],"next":null}' };
  };
  expect(await apiOf({ url: "https://a,https://b", dispatch }).resources()).toMatchObject({ next: null });
});

test("an https URL of what speaks HTTP is told as such, at once", async () => {
  await expect(apiOf({ url: server.url.replace("http:", "https:") }).resources()).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(/does not speak TLS \(is its URL http:\/\/…\?\)$/) as string,
  });
});

test("what changes something and is not known to be undone is not asked of another server", async () => {
  const asked: string[] = [];
  const dispatch: Dispatch = async ({ url }) => {
    asked.push(new URL(url).host);
    throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
  };
  await expect(
    apiOf({ url: "http://a,http://b", dispatch }).createToken({ name: "t", role: "viewer" }),
  ).rejects.toMatchObject({ code: "unreachable", message: expect.stringContaining("is not known") as string });
  expect(asked).toEqual(["a"]);
});

test("a server that says that it has done nothing is asked again, whatever the call was", async () => {
  const body = JSON.stringify({ code: "unavailable", message: "no database", details: { carriedOut: false } });
  const type = "application/json";
  fates({ status: 503, body, type }, { status: 503, body, type });
  await apiOf()
    .createToken({ name: "t", role: "viewer" })
    .catch(() => {}); // this server has no tokens
  expect(server.seen).toHaveLength(3);
});

test("a cancel is repeated: twice comes to the same as once", async () => {
  await apiOf().submit({ entries: [item] }, "key-1");
  fates("lose answer");
  await apiOf().cancel(1);
  expect(server.seen.filter((seen) => seen.path.endsWith("/cancel"))).toHaveLength(2);
});
