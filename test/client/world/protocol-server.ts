/** A small real HTTP server that speaks the protocol from memory, and fails on request. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Entry, EntryEvent } from "../../../src/domain/entry.ts";
import { isTerminal } from "../../../src/domain/status.ts";
import type { PollChange, PollRequest, SubmitOutcome, SubmitRequest } from "../../../src/protocol/messages.ts";
import { entryOf, resourceOf, webServer } from "./fixtures.ts";

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** What happens to a request instead of a plain answer. */
export type Fate =
  | "lose" // the connection is destroyed before anything is done
  | "lose answer" // it is carried out, then the connection is destroyed
  | "hang" // carried out, never answered
  | { status: number; body?: string; type?: string };

export interface ProtocolServer {
  url: string;
  /** Requests in order, those that failed too. */
  seen: Seen[];
  entries: Map<number, Entry>;
  /** Decides about each request; undefined = answer it. */
  fate: (seen: Seen) => Fate | undefined;
  /** Refuses single items of a submit. */
  refuse: (item: SubmitRequest["entries"][number]) => { code: string; message: string } | undefined;
  /** Requests that are held at this moment. */
  held(): number;
  /** Resolves as soon as `check` holds; looked at after every change and request. */
  until(check: () => boolean): Promise<void>;
  update(id: number, fields: Partial<Entry>): void;
  log(id: number, ...texts: string[]): void;
  close(): Promise<void>;
}

export async function startProtocolServer({ port = 0 }: { port?: number } = {}): Promise<ProtocolServer> {
  const keys = new Map<string, Entry>();
  const events = new Map<number, EntryEvent[]>();
  const waiting = new Set<() => void>();
  const checks = new Set<() => void>();
  let nextId = 1;
  let held = 0;

  function changed(): void {
    for (const wake of waiting) wake();
    for (const check of checks) check();
  }

  /** Runs `read` until it gives something, `ms` are over, or the client is gone. */
  async function hold<T>(ms: number, response: ServerResponse, read: () => T | undefined): Promise<T | undefined> {
    const first = read();
    if (first !== undefined || ms === 0) return first;
    held++;
    const found = await new Promise<T | undefined>((resolve) => {
      const timer = setTimeout(done, ms);
      const look = () => read() !== undefined && done();
      function done(): void {
        clearTimeout(timer);
        waiting.delete(look);
        held--;
        resolve(read());
        for (const check of checks) check();
      }
      waiting.add(look);
      response.once("close", done);
      changed();
    });
    return found;
  }

  function submit({ entries }: SubmitRequest, batchKey: string): { entries: SubmitOutcome[] } {
    return {
      entries: entries.map((item, at) => {
        const error = server.refuse(item);
        if (error) return { error } as SubmitOutcome;
        const key = item.key ?? `${batchKey}#${at}`;
        const before = keys.get(key);
        if (before) return { entry: server.entries.get(before.id)!, replayed: true };
        const entry = entryOf({
          id: nextId++,
          operation: item.operation,
          parameters: (item.parameters ?? {}) as Entry["parameters"],
        });
        keys.set(key, entry);
        server.entries.set(entry.id, entry);
        return { entry, replayed: false };
      }),
    };
  }

  async function poll(
    { entries, wait = 0 }: PollRequest,
    response: ServerResponse,
  ): Promise<{ entries: PollChange[] }> {
    const read = (): PollChange[] | undefined => {
      const changes = entries.flatMap(({ id, seen }): PollChange[] => {
        const entry = server.entries.get(id);
        if (!entry) return [{ id, error: { code: "unknown_entry", message: `There is no entry ${id}` } }];
        return entry.lastEvent > seen ? [{ id, entry }] : [];
      });
      return changes.length > 0 ? changes : undefined;
    };
    return { entries: (await hold(wait, response, read)) ?? [] };
  }

  async function answer(seen: Seen, response: ServerResponse): Promise<unknown> {
    const { method, path, query, body, headers } = seen;
    const [, id, action] = /^\/v1\/entries\/(\d+)(?:\/(\w+))?$/.exec(path) ?? [];
    const entry = server.entries.get(Number(id));
    if (path === "/v1/entries" && method === "POST")
      return submit(body as SubmitRequest, String(headers["idempotency-key"]));
    if (path === "/v1/entries/poll") return poll(body as PollRequest, response);
    if (path === "/v1/entries") return page([...server.entries.values()], query);
    if (path === "/v1/resources") return page([resourceOf(), resourceOf({ id: 2, name: "web-2" })], query);
    if (path.startsWith("/v1/resources/")) return resourceOf();
    if (path.startsWith("/v1/types/")) return webServer;
    if (id !== undefined && !entry) return undefined;
    if (action === "events") {
      const above = () => (events.get(entry!.id) ?? []).filter((event) => event.seq > Number(query.get("after") ?? 0));
      const done = () => isTerminal(server.entries.get(entry!.id)!.status);
      await hold(Number(query.get("wait") ?? 0), response, () => (above().length > 0 || done() ? true : undefined));
      return { events: above(), done: done() };
    }
    if (action === "cancel") server.update(entry!.id, { status: "canceled" });
    if (action === "retry") {
      const again = entryOf({ ...entry!, id: nextId++, retryOf: entry!.id, status: "queued", lastEvent: 1 });
      server.entries.set(again.id, again);
      return again;
    }
    return server.entries.get(Number(id));
  }

  const http = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const { pathname, searchParams } = new URL(request.url!, "http://localhost");
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      const seen = { method: request.method!, path: pathname, query: searchParams, headers: request.headers, body };
      server.seen.push(seen);
      changed();
      const fate = server.fate(seen);
      if (fate === "lose") return request.socket.destroy();
      if (typeof fate === "object") {
        response.writeHead(fate.status, { "content-type": fate.type ?? "application/json" });
        return response.end(fate.body ?? "");
      }
      const value = await answer(seen, response);
      if (fate === "lose answer") return request.socket.destroy();
      if (fate === "hang") return undefined;
      response.writeHead(value === undefined ? 404 : 200, { "content-type": "application/json" });
      return response.end(JSON.stringify(value ?? { code: "unknown_entry", message: "There is no such entry" }));
    })().catch(() => request.socket.destroy());
  });

  const server: ProtocolServer = {
    url: "",
    seen: [],
    entries: new Map(),
    fate: () => undefined,
    refuse: () => undefined,
    held: () => held,
    until: (check) =>
      new Promise((resolve) => {
        const look = () => {
          if (!check()) return;
          checks.delete(look);
          resolve();
        };
        checks.add(look);
        look();
      }),
    update(id, fields) {
      const old = server.entries.get(id)!;
      server.entries.set(id, { ...old, ...fields, lastEvent: old.lastEvent + 1 });
      changed();
    },
    log(id, ...texts) {
      const list = events.get(id) ?? [];
      events.set(id, list);
      for (const text of texts) {
        const at = "2026-01-01T00:00:00.000Z";
        list.push({ seq: list.length + 1, at, type: "output", attempt: 1, data: { stream: "stdout", text } });
      }
      server.update(id, {});
    },
    async close() {
      http.closeAllConnections();
      await new Promise<void>((resolve) => void http.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => void http.listen(port, "127.0.0.1", resolve));
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return server;
}

/** Two items a page unless asked for fewer, so that pages have to be followed. */
function page<T>(items: T[], query: URLSearchParams): { items: T[]; next: string | null } {
  const from = Number(query.get("cursor") ?? 0);
  const to = from + Math.min(2, Number(query.get("limit") ?? 2));
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null };
}
