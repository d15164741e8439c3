import { createServer } from "node:http";
import { connect } from "node:net";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { EntryEvent } from "../../src/domain/entry.ts";
import { startListening } from "../../src/server/listen.ts";
import { openServer, type ServerWorld } from "./world.ts";

/** A promise and its resolver: tests wait for what happens, never for time. */
function signal<T = void>() {
  return Promise.withResolvers<T>();
}

async function listening(world: ServerWorld): Promise<string> {
  return startListening(world.app, { port: 0 });
}

const as = (world: ServerWorld, role: "viewer" | "worker" = "viewer") => ({
  authorization: `Bearer ${world.secrets[role]}`,
  "content-type": "application/json",
});

describe("A held request", () => {
  test.for([
    ["poll", "/v1/entries/poll", { entries: [{ id: 1, seen: 0 }], wait: 60_000 }, "viewer"],
    ["claim", "/v1/workers/s/claim", { claimId: "12345678", slots: 1, wait: 60_000 }, "worker"],
    ["heartbeat", "/v1/workers/s/heartbeat", { leases: [], state: "ready", wait: 60_000 }, "worker"],
  ] as const)("of %s is told when its client goes away", async ([method, path, body, role]) => {
    const held = signal();
    const gone = signal();
    const hold = (...args: unknown[]) => {
      (args.at(-1) as AbortSignal).addEventListener("abort", () => gone.resolve());
      held.resolve();
      return gone.promise.then(() => ({}) as never);
    };
    const world = await openServer({ operations: { [method]: hold } });
    const client = new AbortController();
    const url = await listening(world);
    const asked = fetch(`${url}${path}`, {
      method: "POST",
      headers: as(world, role),
      body: JSON.stringify(body),
      signal: client.signal,
    });
    await held.promise;
    client.abort();
    await expect(asked).rejects.toThrow(/abort/);
    await gone.promise;
  });

  test("that is answered is not taken for a client that went away", async () => {
    let seen: AbortSignal | undefined;
    const world = await openServer({
      operations: {
        poll: async (_request, aborted) => {
          seen = aborted;
          return { entries: [] };
        },
      },
    });
    const url = await listening(world);
    const body = JSON.stringify({ entries: [{ id: 1, seen: 0 }], wait: 10 });
    const answer = await fetch(`${url}/v1/entries/poll`, {
      method: "POST",
      headers: { ...as(world), connection: "close" },
      body,
    });
    expect(await answer.json()).toEqual({ entries: [] });
    await world.app.close();
    expect(seen?.aborted).toBe(false);
  });

  test("is answered when the server stops, and the server closes after it", async () => {
    const held = signal();
    const stop = signal();
    const world = await openServer({
      operations: {
        poll: async () => {
          held.resolve();
          await stop.promise;
          return { entries: [] };
        },
        stop: async () => stop.resolve(),
      },
    });
    const url = await listening(world);
    const body = JSON.stringify({ entries: [{ id: 1, seen: 0 }], wait: 60_000 });
    const asked = fetch(`${url}/v1/entries/poll`, { method: "POST", headers: as(world), body });
    await held.promise;
    await world.app.close();
    const answer = await asked;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ entries: [] });
    await expect(fetch(`${url}/healthz`)).rejects.toThrow(/fetch failed/);
    // Stopping twice is stopping once.
    await world.app.close();
    expect(world.calls.filter(({ method }) => method === "stop")).toHaveLength(1);
  });
});

test("A connection that was opened in advance and never asked anything does not hold up the stop", async () => {
  const warnings: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void warnings.push(line) });
  const world = await openServer({ log });
  const silent = connect(Number(new URL(await listening(world)).port), "127.0.0.1");
  const [opened, closed] = [signal(), signal()];
  silent.once("connect", opened.resolve).once("close", () => closed.resolve());
  await opened.promise;
  const stopping = world.app.close();
  await closed.promise;
  await stopping;
  // What holds it up is warned of before it is cut.
  expect(warnings).toEqual([]);
});

describe("A stream of events", () => {
  const event = (seq: number): EntryEvent => ({
    seq,
    at: "2026-01-01T00:00:00.000Z",
    type: "output",
    attempt: 1,
    data: { text: `line ${seq}\n` },
  });

  test("sends every event once, goes on after Last-Event-ID, and says when it is done", async () => {
    const all = Array.from({ length: 2_500 }, (_, index) => event(index + 1));
    const world = await openServer({
      operations: {
        events: async (_id, { after = 0, limit = 1_000 }) => {
          const events = all.filter(({ seq }) => seq > after).slice(0, limit);
          return { events, done: (events.at(-1)?.seq ?? after) === all.length };
        },
      },
    });
    const url = await listening(world);
    const read = async (headers: Record<string, string>) => {
      const answer = await fetch(`${url}/v1/entries/7/events`, {
        headers: { ...as(world), accept: "text/event-stream", ...headers },
      });
      expect(answer.headers.get("content-type")).toContain("text/event-stream");
      return answer.text();
    };
    const text = await read({});
    expect([...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))).toEqual(all.map(({ seq }) => seq));
    expect(text.endsWith("event: done\ndata: {}\n\n")).toBe(true);
    expect(text).toContain(`id: 1\nevent: output\ndata: ${JSON.stringify(event(1))}\n\n`);
    expect(await read({ "last-event-id": "2499" })).toBe(
      `id: 2500\nevent: output\ndata: ${JSON.stringify(event(2500))}\n\nevent: done\ndata: {}\n\n`,
    );
  });

  test("of an unknown entry is an error like any other", async () => {
    const { WilcoError } = await import("../../src/core/errors.ts");
    const world = await openServer({
      operations: {
        events: async () => {
          throw new WilcoError({ code: "unknown_entry", message: "There is no entry 7", hint: "…" });
        },
      },
    });
    const url = await listening(world);
    const answer = await fetch(`${url}/v1/entries/7/events`, {
      headers: { ...as(world), accept: "text/event-stream" },
    });
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 404,
      body: { code: "unknown_entry" },
    });
  });

  test("ends without 'done' when the server stops, and its wait ends when the reader goes away", async () => {
    const held: Array<PromiseWithResolvers<AbortSignal>> = [signal(), signal()];
    let streams = 0;
    const world = await openServer({
      operations: {
        events: async (_id, { wait = 0 }, aborted) => {
          if (wait > 0) {
            held[streams++]!.resolve(aborted);
            await new Promise<void>((resolve) => aborted.addEventListener("abort", () => resolve()));
            return { events: [], done: false };
          }
          return { events: [event(1)], done: false };
        },
      },
    });
    const url = await listening(world);
    const headers = { ...as(world), accept: "text/event-stream" };
    const reader = new AbortController();
    const first = await fetch(`${url}/v1/entries/7/events`, { headers, signal: reader.signal });
    const aborted = await held[0]!.promise;
    const ended = new Promise<void>((resolve) => aborted.addEventListener("abort", () => resolve()));
    reader.abort();
    await expect(first.text()).rejects.toThrow(/abort/);
    await ended;

    const second = await fetch(`${url}/v1/entries/7/events`, { headers });
    await held[1]!.promise;
    await world.app.close();
    const text = await second.text();
    expect(text).toContain("id: 1\n");
    expect(text).not.toContain("event: done");
  });
});

describe("The address", () => {
  test("other than loopback is refused without TLS", async () => {
    const world = await openServer();
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com", "127.0.0.1.example.com"]) {
      await expect(startListening(world.app, { host, port: 0 })).rejects.toMatchObject({
        code: "invalid_request",
        message: expect.stringContaining(host),
        hint: expect.stringContaining("--insecure"),
      });
    }
    expect(world.app.server.listening).toBe(false);
  });

  test("may be another when it is said to be insecure", async () => {
    const world = await openServer();
    await expect(startListening(world.app, { host: "192.0.2.1", port: 0, insecure: true })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("this machine has no such address"),
    });
  });

  test("that is taken is refused with a sentence", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const world = await openServer();
    await expect(startListening(world.app, { port })).rejects.toMatchObject({
      code: "unavailable",
      message: `Can't listen on 127.0.0.1:${port}: another process has it`,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test("answers bytes that are no request, and goes on", async () => {
    const world = await openServer();
    const url = new URL(await listening(world));
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(Number(url.port), "127.0.0.1", () => socket.write("hello there\r\n\r\n"));
      socket.on("data", (bytes) => (text += bytes.toString()));
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"invalid_request"/s);
    expect((await fetch(`${url.href}healthz`)).status).toBe(200);
  });
});

describe("Readiness", () => {
  test("says so when the database answers, and which part does not when it is gone", async () => {
    const world = await openServer();
    expect((await world.app.inject("/readyz")).json()).toEqual({ status: "ready" });
    await world.database.close();
    const answer = await world.app.inject("/readyz");
    expect({ status: answer.statusCode, body: answer.json() }).toMatchObject({
      status: 503,
      body: { code: "unavailable", message: expect.stringContaining("database") },
    });
    expect((await world.app.inject("/healthz")).statusCode).toBe(200);
  });
});
