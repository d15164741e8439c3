/**
 * "Something changed": in this process at once, in the others through NOTIFY after the commit, coalesced. It only
 * shortens waits; whoever waits also looks from time to time.
 */
import { randomId } from "../core/ids.ts";
import type { Database } from "../database/database.ts";
import { readIds, writeIds } from "./id-runs.ts";
import type { Move } from "./moves.ts";

export interface Change {
  /** Entries whose `last_event` grew. */
  entries?: readonly number[];
  /** Routes that have something to claim. */
  routes?: readonly string[];
  /** Worker sessions that have something to obey. */
  sessions?: readonly string[];
  /** Worker sessions that have slots free again: a claim that came before the finish is tried anew. */
  freed?: readonly string[];
  /** What happened to entries, for observers in this process; it does not travel. */
  moves?: readonly Move[];
  /** Requests to workers that got an answer. */
  requests?: readonly string[];
}

/** null = anything may have changed. */
export type Receiver = (change: Change | null) => void;

export interface Signals {
  publish(change: Change): void;
  subscribe(receive: Receiver): () => void;
  stop(): void;
}

/** How long changes are collected before they go to the other servers, ms. */
const COALESCE = 5;
/** PostgreSQL refuses payloads of 8,000 bytes; longer ones become "*". */
const MAX_PAYLOAD = 7_500;

/** What travels between servers: origin, entries, routes, sessions, freed, requests. */
interface Message {
  o: string;
  /** As `writeIds` makes them. */
  e: string;
  r: string[];
  s: string[];
  f: string[];
  /** Servers of an older version leave it out. */
  q?: string[];
}

export function createSignals(database: Database): Signals {
  const origin = randomId();
  const receivers = new Set<Receiver>();
  const pending = {
    entries: new Set<number>(),
    routes: new Set<string>(),
    sessions: new Set<string>(),
    freed: new Set<string>(),
    requests: new Set<string>(),
  };
  const remote = database.dialect.engine === "postgres";
  let timer: NodeJS.Timeout | undefined;

  const deliver = (change: Change | null) => {
    for (const receive of receivers) receive(change);
  };

  const stopListening = database.listen((payload) => {
    if (payload === "*") return deliver(null);
    const message = readMessage(payload);
    if (!message) return deliver(null);
    const { o, e, r: routes, s: sessions, f: freed, q: requests = [] } = message;
    if (o === origin) return;
    const entries = readIds(e);
    deliver(entries ? { entries, routes, sessions, freed, requests } : null);
  });

  function flush(): void {
    timer = undefined;
    const { entries, routes, sessions, freed, requests } = pending;
    const message: Message = {
      o: origin,
      e: writeIds(entries),
      r: [...routes],
      s: [...sessions],
      f: [...freed],
      q: [...requests],
    };
    for (const set of Object.values(pending)) set.clear();
    const payload = JSON.stringify(message);
    database.notify(payload.length > MAX_PAYLOAD ? "*" : payload);
  }

  return {
    publish(change) {
      deliver(change);
      if (!remote) return;
      for (const id of change.entries ?? []) pending.entries.add(id);
      for (const route of change.routes ?? []) pending.routes.add(route);
      for (const session of change.sessions ?? []) pending.sessions.add(session);
      for (const session of change.freed ?? []) pending.freed.add(session);
      for (const request of change.requests ?? []) pending.requests.add(request);
      timer ??= setTimeout(flush, COALESCE).unref();
    },
    subscribe(receive) {
      receivers.add(receive);
      return () => receivers.delete(receive);
    },
    stop() {
      stopListening();
      clearTimeout(timer);
      receivers.clear();
    },
  };
}

/** null when it is none of ours: another program uses the channel, or another version. */
function readMessage(payload: string): Message | null {
  try {
    const message = JSON.parse(payload) as Partial<Message> | null;
    const lists = [message?.r, message?.s, message?.f, message?.q ?? []];
    const texts = [message?.o, message?.e];
    return lists.every(Array.isArray) && texts.every((one) => typeof one === "string") ? (message as Message) : null;
  } catch {
    return null;
  }
}
