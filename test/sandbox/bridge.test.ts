import { describe, expect, it } from "vitest";
import { createApi } from "../../src/client/api.ts";
import { createNodePort } from "../../src/client/node-port.ts";
import type { LookupPort } from "../../src/client/port.ts";
import { createTransport } from "../../src/client/transport.ts";
import { createBridge } from "../../src/sandbox/bridge.ts";
import { unpackSettlements } from "../../src/sandbox/guest/wire.ts";
import { LOOKUP_TIMEOUT, type SettlementChunk } from "../../src/sandbox/messages.ts";
import { DEFAULT_LIMITS } from "../../src/sandbox/session.ts";
import { createFakePort, type FakeOptions } from "./fake-port.ts";

const CALL = { resource: 1, resourceName: "web-1", type: "process", operation: "restart", parameters: {} };
const POLICY = {
  delay: 1,
  limit: "infinite",
  backoff: 1,
  maxDelay: "infinite",
  jitter: 0,
  waitTimeout: "infinite",
  onLimit: "throw",
};

type Settled = [
  id: number,
  how: 0 | 1 | 2,
  value: { code?: string; message?: string } & Record<string, unknown>,
  text: string,
];

function bridgeWorld(options: FakeOptions = {}, limits = {}) {
  const port = createFakePort(options);
  const settled: Settled[] = [];
  /** News of calls that go on. */
  const told: Settled[] = [];
  const faults: unknown[] = [];
  let wake: (() => void) | undefined;
  const bridge = createBridge({
    port,
    lookup: port,
    limits: { ...DEFAULT_LIMITS, ...limits },
    settle: (chunks: SettlementChunk[]) => {
      for (const { packed } of chunks) {
        const [settlements, nextText] = unpackSettlements(packed);
        for (const [id, how, value, characters = 0] of settlements) {
          (how === 2 ? told : settled).push([id, how, value as Settled[2], nextText(characters)]);
        }
      }
      wake?.();
    },
    onFault: (fault) => faults.push(fault),
  });
  return {
    port,
    bridge,
    settled,
    told,
    faults,
    post: (id: number, method: string, args: unknown) =>
      bridge.take([id, method, typeof args === "string" ? args : JSON.stringify(args)]),
    /** Resolves when this many answers have come. */
    async answers(count: number): Promise<Settled[]> {
      while (settled.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return settled;
    },
  };
}

describe("the bridge", () => {
  it("passes a well-formed call on, tells what was filed, and follows nothing that nobody waits for", async () => {
    const world = bridgeWorld();
    world.post(1, "submit", [CALL]);
    expect((await world.answers(1))[0]!.slice(0, 3)).toEqual([1, 1, null]);
    const [, how, packed, text] = world.told[0]!;
    expect([how, packed]).toEqual([2, [1, "queued", expect.any(Number), null]]);
    expect(JSON.parse(text)).toMatchObject({ id: 1, status: "queued" });
    expect(world.port.calls.map(([method]) => method)).toEqual(["submit"]);
  });

  it("files and follows a call that somebody waits for at once", async () => {
    const world = bridgeWorld({ run: () => undefined });
    world.post(1, "submit", [CALL]);
    world.post(0, "follow", [1, { limit: 7 }]);
    await world.port.called("wait");
    expect(world.port.calls.at(-1)).toMatchObject(["wait", 1, { limit: 7, delay: 1_000 }]);
    world.port.finish(1, { status: "succeeded", result: { ok: true } });
    const [end] = (await world.answers(1)) as [Settled];
    expect(world.told[0]![2]).toEqual([1, "queued", 1, null]);
    expect(end.slice(0, 3)).toEqual([
      1,
      1,
      [expect.any(Number), true, [1, "succeeded", expect.any(Number), { ok: true }]],
    ]);
    expect(JSON.parse(end[3])).toMatchObject({ id: 1, status: "succeeded", result: { ok: true } });
  });

  it("follows nothing that was let go of, is filed already, or was asked for in other words", async () => {
    const world = bridgeWorld({ run: () => undefined });
    world.post(1, "submit", [CALL]);
    world.post(0, "follow", [1, {}]);
    world.post(1, "clear", null);
    world.post(2, "submit", [CALL]);
    await world.answers(1);
    for (const forged of [[2, {}], [9, {}], [2], [2, { delay: 0 }], "[2", "2", '{"0":2}', '[2,{"__proto__":{}}]']) {
      world.post(0, "follow", forged);
    }
    world.post(3, "entry", [2]);
    await world.answers(2);
    expect(world.settled.map(([id]) => id)).toEqual([2, 3]);
    expect(world.port.calls.filter(([method]) => method === "wait")).toEqual([]);
  });

  it("sends a long result once, and a long entry as it is", async () => {
    for (const length of [2_000, 100_000]) {
      const world = bridgeWorld({ run: () => ({ status: "succeeded", result: "x".repeat(length) }) });
      world.post(1, "submit", [CALL]);
      world.post(0, "follow", [1, {}]);
      const [[, , end, text]] = (await world.answers(1)) as [Settled];
      const entry = length > 65_536 ? (end as never as unknown[])[2] : JSON.parse(text);
      expect(entry).toMatchObject({ result: "x".repeat(length) });
      expect(JSON.stringify(end).length + text.length).toBeLessThan(length + 2_000);
    }
  });

  it.each([
    ["a method that is not in the table", "constructor", []],
    ["a method of prototypes", "__proto__", []],
    ["another method of the port", "sleep", [5]],
    ["a look-up as a call", "resource", ["web-1"]],
    ["arguments that are no list", "entry", { 0: 1 }],
    ["arguments that are no JSON", "entry", "[1"],
    ["too many arguments", "entry", [1, 2]],
    ["too few arguments", "wait", [1]],
    ["an id that is a text", "entry", ["1"]],
    ["an id that is no whole number", "entry", [1.5]],
    ["a negative id", "cancel", [-1, {}]],
    ["an unknown field", "submit", [{ ...CALL, admin: true }]],
    ["an unknown field named as one of Object.prototype", "submit", [{ ...CALL, toString: 1 }]],
    ["__proto__ as a field", "cancel", '[1,{"__proto__":{"force":true}}]'],
    ["a missing field", "submit", [{ ...CALL, operation: undefined }]],
    ["parameters that are a list", "submit", [{ ...CALL, parameters: [] }]],
    ["a text that is too long", "submit", [{ ...CALL, note: "x".repeat(1_001) }]],
    ["a wait longer than a minute", "events", [1, 0, 60_001]],
    ["a policy with an unknown setting", "wait", [1, { ...POLICY, dely: 1 }]],
    ["a delay of 0", "wait", [1, { ...POLICY, delay: 0 }]],
    ["an order that there is not", "entries", [{ order: "sideways" }]],
  ])("refuses %s", async (_what, method, args) => {
    const world = bridgeWorld();
    world.post(7, method, args);
    const [[id, ok, value]] = (await world.answers(1)) as [Settled];
    expect([id, ok, value.code]).toEqual([7, 0, "invalid_request"]);
    expect(world.port.calls).toEqual([]);
  });

  it("ignores ids that are forged: none, not whole, or in use", async () => {
    const world = bridgeWorld({ run: () => undefined });
    world.post(1, "submit", [CALL]);
    await world.answers(1);
    world.post(2, "wait", [1, POLICY]);
    for (const id of [0, -5, 1.5, Number.NaN, 2 ** 60, 2]) world.post(id, "entry", [1]);
    await world.port.called("wait");
    world.port.finish(1);
    expect((await world.answers(2)).map(([id]) => id)).toEqual([1, 2]);
    expect(world.port.calls.filter(([name]) => name === "entry")).toEqual([]);
  });

  it("drops the answer of a call that the guest does not wait for any more", async () => {
    const world = bridgeWorld({ run: () => undefined });
    world.post(1, "submit", [CALL]);
    await world.answers(1);
    world.post(2, "wait", [1, POLICY]);
    world.bridge.take([2, "clear", "null"]);
    world.post(3, "entry", [1]);
    world.port.finish(1);
    await world.answers(2);
    expect(world.settled.map(([id]) => id)).toEqual([1, 3]);
  });

  it("bounds calls at one time and the size of an answer", async () => {
    const world = bridgeWorld({ run: () => undefined }, { calls: 2, result: 1_000 });
    for (const id of [1, 2, 3]) world.post(id, "submit", [CALL]);
    expect((await world.answers(3)).find(([, ok]) => ok === 0)![2].code).toBe("script_limit");
    world.post(4, "entries", [{}]);
    expect((await world.answers(4)).at(-1)![2].code).toBe("too_large");
  });

  it("hides the host's own errors and tells them to the log", async () => {
    const world = bridgeWorld({
      port: {
        entry: async () => {
          throw new TypeError("Cannot read /root/.config");
        },
      },
      lookup: {
        type: () => {
          throw new Error("at /srv/wilco/file.js:1:1");
        },
      },
    });
    world.post(1, "entry", [1]);
    const [[, , value]] = (await world.answers(1)) as [Settled];
    expect(value).toEqual({
      code: "internal",
      message: expect.not.stringContaining("/root"),
      hint: expect.any(String),
    });
    expect(await world.bridge.lookup("type", '["process"]')).not.toContain("/srv");
    expect(world.faults).toHaveLength(2);
  });

  it("answers look-ups, and refuses malformed ones, without ever rejecting", async () => {
    const { bridge } = bridgeWorld();
    expect(JSON.parse(await bridge.lookup("resource", '["web-1"]'))).toMatchObject({ value: { id: 1, name: "web-1" } });
    expect(JSON.parse(await bridge.lookup("resource", '["web-9"]'))).toMatchObject({
      error: { code: "unknown_resource" },
    });
    for (const [method, json] of [
      ["submit", "[]"],
      ["resource", "[{}]"],
      ["resource", ""],
      ["resources", "[]"],
      ["hasOwnProperty", '["x"]'],
    ]) {
      expect(JSON.parse(await bridge.lookup(method!, json!))).toMatchObject({ error: { code: "invalid_request" } });
    }
  });

  it("submits nothing after it was closed, and closing waits for what is under way", async () => {
    let release: (() => void) | undefined;
    const inner = createFakePort({ run: () => undefined });
    const world = bridgeWorld({
      port: {
        submit: async (call) => {
          await new Promise<void>((resolve) => (release = resolve));
          return inner.submit(call);
        },
      },
    });
    world.post(1, "submit", [CALL]);
    await Promise.resolve();
    const closing = world.bridge.close();
    world.post(2, "submit", [CALL]);
    release!();
    await closing;
    expect(world.bridge.entries.running()).toEqual([
      { id: 1, resource: "web-1", operation: "restart", status: "queued" },
    ]);
    expect((await world.answers(2)).find(([id]) => id === 2)![2].code).toBe("interrupted");
  });

  it("says of a look-up why the server is not there, before the thread gives it up", async () => {
    const dispatch = async () => Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" }));
    const api = createApi(createTransport({ url: "http://127.0.0.1:9", dispatch }));
    const { lookup } = createNodePort({ api });
    const patience: number[] = [];
    const impatient = (ms: number): LookupPort => {
      patience.push(ms);
      return lookup.within!(20);
    };
    const { bridge } = bridgeWorld({ lookup: { within: impatient } });
    for (const [method, args] of Object.entries({
      resource: '["a"]',
      resources: '["*"]',
      type: '["a"]',
      secret: '["a"]',
    })) {
      expect(JSON.parse(await bridge.lookup(method, args))).toMatchObject({
        error: { code: "unreachable", message: expect.stringContaining("connection refused (") as string },
      });
    }
    expect(patience).toHaveLength(1);
    expect(patience[0]).toBeLessThan(LOOKUP_TIMEOUT);
  });

  it("sends many answers in several texts of bounded size", async () => {
    const sizes: number[] = [];
    const port = createFakePort({ port: { entries: async () => [{ text: "x".repeat(200_000) }] as never } });
    const done = Promise.withResolvers<void>();
    let count = 0;
    const bridge = createBridge({
      port,
      lookup: port,
      limits: { ...DEFAULT_LIMITS },
      settle: (chunks) => {
        for (const { packed, ids } of chunks) {
          sizes.push(packed.length);
          count += ids.length;
        }
        if (count === 20) done.resolve();
      },
      onFault: () => {},
    });
    for (let id = 1; id <= 20; id++) bridge.take([id, "entries", "[{}]"]);
    await done.promise;
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThan(900_000);
  });
});
