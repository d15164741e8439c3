import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  connect,
  createExecutionTracker,
  locationOf,
  OperationFailed,
  WilcoError,
  type Client,
  type ConnectOptions,
  type Dispatch,
} from "../../src/index.ts";
import { TEST_CERT } from "../server/tls-pair.ts";
import { startProtocolServer, type ProtocolServer } from "./world/protocol-server.ts";

let server: ProtocolServer;
let clients: Client[];

beforeEach(async () => {
  server = await startProtocolServer();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

function client(options: Partial<ConnectOptions> = {}): Client {
  const made = connect({ url: server.url, token: "t", ...options });
  clients.push(made);
  return made;
}

const requests = (path: string) => server.seen.filter((seen) => seen.path === path);

test("an authority that can't be one is refused when it is given", () => {
  const refusal = (options: Partial<ConnectOptions>) => {
    try {
      client(options);
    } catch (error) {
      return (error as WilcoError).message;
    }
    return undefined;
  };
  const broken = TEST_CERT.replace(/\n[A-Za-z0-9+/=]+\n-----END/, "\n-----END");
  expect(refusal({ ca: "ca.pem" })).toBe("ca has no certificate in it");
  expect(refusal({ ca: `${TEST_CERT}${broken}` })).toMatch(/^ca has a certificate that can't be read: /);
  expect(refusal({ ca: TEST_CERT, dispatch: async () => ({ status: 200, text: "" }) })).toMatch(/exclude each other/);
  expect(refusal({ ca: TEST_CERT })).toBeUndefined();
});

test("connecting asks for nothing", () => {
  client();
  expect(server.seen).toEqual([]);
});

describe.each([true, false])("with push %s", (push) => {
  const options = { push, poll: { delay: "10ms" } };

  test("a call is filed, followed and answered", async () => {
    const web = await client(options).resource("web-1");
    const execution = web.restart({ graceful: true }, { note: "ticket 4711" });
    const { id } = await execution.submitted;
    const result = Promise.resolve(execution);
    await server.until(() => requests("/v1/entries/poll").length > 0);
    server.update(id, { status: "running", attempt: 1 });
    server.update(id, { status: "succeeded", result: { pid: 7 } });
    expect(await result).toEqual({ pid: 7 });
    expect(requests("/v1/entries")[0]!.body).toEqual({
      entries: [{ resource: 1, operation: "restart", parameters: { graceful: true }, note: "ticket 4711" }],
    });
    if (!push)
      expect(requests("/v1/entries/poll").every((seen) => (seen.body as { wait: number }).wait === 0)).toBe(true);
  });

  test("a failure throws its class, with the entry, its last output and the line of the call", async () => {
    const web = await client(options).resource("web-1");
    const execution = web.restart();
    const { id } = await execution.submitted;
    server.log(id, "checking\n", "no space left\n");
    const error = { code: "exit_code", message: "exit code 3", source: "operation" } as const;
    server.update(id, { status: "failed", attempt: 1, error });
    const caught: unknown = await execution.catch((reason: unknown) => reason);
    expect(caught).toBeInstanceOf(OperationFailed);
    expect(caught).toMatchObject({ entry: { id, error }, lastOutput: "checking\nno space left" });
    expect(locationOf(caught)).toMatch(/connect\.test\.ts:\d+:\d+$/);
  });

  test("lost connections and absent servers in the middle of a wait are no failure of it", async () => {
    const web = await client(options).resource("web-1");
    const execution = web.restart();
    const { id } = await execution.submitted;
    let polls = 0;
    server.fate = ({ path }) => {
      if (path !== "/v1/entries/poll") return undefined;
      return ([undefined, "lose", { status: 503 }, "lose answer"] as const)[polls++];
    };
    const result = Promise.resolve(execution);
    await server.until(() => polls > 0);
    server.update(id, { status: "running" });
    await server.until(() => polls > 3);
    server.update(id, { status: "succeeded", result: "done" });
    expect(await result).toBe("done");
  });

  test("output is read live, line by line, to the end of the log", async () => {
    const web = await client(options).resource("web-1");
    const execution = web.restart();
    const { id } = await execution.submitted;
    const lines = execution.output();
    const first = lines.next();
    await server.until(() => requests(`/v1/entries/${id}/events`).length > 0);
    server.log(id, "one\nt");
    expect(await first).toEqual({ done: false, value: "one" });
    server.log(id, "wo\n");
    server.update(id, { status: "succeeded" });
    expect(await Array.fromAsync(lines)).toEqual(["two"]);
  });
});

test("calls of one tick are one request, and a refused one does not harm the others", async () => {
  server.refuse = ({ operation }) =>
    operation === "status" ? { code: "forbidden", message: "You may not look" } : undefined;
  const web = await client().resource("web-1");
  const outcomes = await Promise.allSettled([web.restart().submitted, web.status().submitted, web.check().submitted]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "forbidden", message: "You may not look" } });
  expect(requests("/v1/entries")).toHaveLength(1);
});

test("a submit whose answer is lost files nothing twice", async () => {
  let lost = 0;
  server.fate = ({ path, method }) =>
    path === "/v1/entries" && method === "POST" && lost++ < 2 ? "lose answer" : undefined;
  const web = await client().resource("web-1");
  const [first, second] = await Promise.all([web.restart().submitted, web.restart().submitted]);
  expect([first.id, second.id]).toEqual([1, 2]);
  expect(server.entries.size).toBe(2);
  expect(new Set(requests("/v1/entries").map((seen) => seen.headers["idempotency-key"])).size).toBe(1);
});

test("a call with an idempotency key of its own is the same entry from another client", async () => {
  const call = async () => (await client().resource("web-1")).restart({}, { idempotencyKey: "deploy-17" }).submitted;
  const [first, second] = [await call(), await call()];
  expect(first.id).toBe(second.id);
});

test("a server that goes away for longer than the retry time rejects with the entry to look for", async () => {
  const web = await client({ retryTime: "50ms" }).resource("web-1");
  const execution = web.restart();
  const { id } = await execution.submitted;
  const caught = execution.catch((reason: unknown) => reason);
  await server.until(() => server.held() === 1);
  await server.close();
  const error = await caught;
  expect(error).toBeInstanceOf(WilcoError);
  expect(error).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining(`The server at ${server.url} can't be reached`),
    hint: expect.stringContaining(`wilco entry wait ${id}`),
    details: { url: server.url, entries: [id] },
  });
  expect(locationOf(error)).toMatch(/connect\.test\.ts/);
});

test("close rejects what is waited for as interrupted, with the entry that goes on", async () => {
  const api = client();
  const execution = (await api.resource("web-1")).restart();
  const { id } = await execution.submitted;
  const caught = execution.catch((reason: unknown) => reason);
  await server.until(() => server.held() === 1);
  api.close();
  expect(await caught).toMatchObject({ name: "Interrupted", entry: { id } });
  await server.until(() => server.held() === 0);
});

test("an execution can be waited for while another one already is, without delay", async () => {
  const web = await client({ poll: { delay: "10m" } }).resource("web-1");
  const [first, second] = [web.restart(), web.restart()];
  const ids = [(await first.submitted).id, (await second.submitted).id];
  const firstDone = Promise.resolve(first);
  await server.until(() => server.held() === 1);
  const secondDone = Promise.resolve(second);
  await server.until(() => requests("/v1/entries/poll").length === 2);
  server.update(ids[1], { status: "succeeded", result: 2 });
  expect(await secondDone).toBe(2);
  server.update(ids[0], { status: "succeeded", result: 1 });
  expect(await firstDone).toBe(1);
});

test("10,000 executions at once are 10 submits and a handful of polls", async () => {
  const tracker = createExecutionTracker();
  const web = await client({ tracker }).resource("web-1");
  const all = Array.from({ length: 10_000 }, () => web.restart());
  const results = Promise.all(all);
  await Promise.all(all.map((execution) => execution.submitted));
  for (const id of server.entries.keys()) {
    const entry = server.entries.get(id)!;
    server.entries.set(id, { ...entry, status: "succeeded", result: id, lastEvent: 2 });
  }
  server.update(1, {});
  expect(new Set(await results).size).toBe(10_000);
  expect(requests("/v1/entries")).toHaveLength(10);
  expect(requests("/v1/entries/poll").length).toBeLessThan(30);
  expect(tracker.outstanding()).toEqual([]);
});

test("look-ups follow every page", async () => {
  const api = client();
  expect((await api.resources("tier=web")).map((web) => web.name)).toEqual(["web-1", "web-2"]);
  const web = await api.resource("web-1");
  await Promise.all([1, 2, 3, 4, 5].map(() => web.restart().submitted));
  expect((await api.history.find()).map((entry) => entry.id)).toEqual([1, 2, 3, 4, 5]);
  expect((await api.history.find({ limit: 3, status: ["queued", "running"] })).map((entry) => entry.id)).toEqual([
    1, 2, 3,
  ]);
  expect(requests("/v1/entries").at(-1)!.query.get("status")).toBe("queued,running");
  expect(await api.history.get(5)).toMatchObject({ id: 5 });
  await expect(api.history.get(77)).rejects.toMatchObject({ code: "unknown_entry" });
});

test("cancel and retry reach the server", async () => {
  const web = await client().resource("web-1");
  const first = web.restart();
  expect(await first.cancel({ reason: "wrong one" })).toMatchObject({ status: "canceled" });
  expect(requests("/v1/entries/1/cancel")[0]!.body).toEqual({ reason: "wrong one" });
  const second = first.retry();
  expect(await second.submitted).toMatchObject({ id: 2, retryOf: 1 });
  expect(requests("/v1/entries/1/retry")[0]!.headers["idempotency-key"]).toMatch(/^[\w-]{22}$/);
});

test("an in-process server can take the network's place", async () => {
  const dispatch: Dispatch = async ({ url }) => ({
    status: 404,
    text: JSON.stringify({ code: "unknown_resource", message: `Nothing at ${new URL(url).pathname}` }),
  });
  await expect(client({ dispatch }).resource("web-1")).rejects.toMatchObject({
    message: "Nothing at /v1/resources/web-1",
  });
  expect(server.seen).toEqual([]);
});

test.each([
  [{ url: "nowhere" }, "is not the URL of a server"],
  [{ poll: { limit: 0 } }, "limit is 0"],
  [{ retryTime: "30" }, "retryTime is not a duration"],
  [{ requireWorker: "soon" }, "requireWorker is not a duration"],
])("connect refuses %j", (options, message) => {
  expect(() => client(options)).toThrow(message);
});
