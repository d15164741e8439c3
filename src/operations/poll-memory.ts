/**
 * What waiting clients asked about, remembered between their polls, so that the next one names only what is new. A
 * client that waits for 5,000 entries asks some hundred times: naming them all each time, and looking at them all, was
 * a third of what a burst cost the database and the server.
 *
 * An answer may get lost. So what it told counts only once the next poll brings its cursor back; with the cursor before
 * it, everything since that one is told again.
 */
import { randomId } from "../core/ids.ts";

/** How far a client has been told. */
export interface Told {
  /** Of the watch (`entry-watch.ts`): changes up to here were told, or are among `ended` and `changed`. */
  position: number;
  /** When all entries were looked at last, ms of this process's monotonic clock. */
  lookedAt: number;
  /** That have ended, when an answer had no room for them. */
  ended: readonly number[];
  /** That have changed, which who waits for ends is told when the time is over. */
  changed: ReadonlySet<number>;
}

/** One client's entries, by id, with its last event as the client knows it. */
export type Watched = Map<number, number>;

export interface Remembered {
  readonly client: string;
  readonly watched: Watched;
  readonly told: Told;
}

export interface NewAnswer {
  /** Of the poll that it answers; undefined when that came without a cursor. */
  client: string | undefined;
  watched: Watched;
  told: Told;
  /** The last event that it tells of each entry; null when the entry has ended. */
  seen: ReadonlyMap<number, number | null>;
}

export interface PollMemory {
  /** undefined: of another process, or forgotten. */
  recall(cursor: string): Remembered | undefined;
  /** @returns the cursor to answer with; undefined when there is no room for so many entries. */
  remember(answer: NewAnswer): string | undefined;
}

interface Client {
  watched: Watched;
  told: Told;
  /** The last answer that is known to have arrived. */
  arrived: number;
  /** The last one, until it is known to have arrived. */
  sent: { number: number; told: Told; seen: ReadonlyMap<number, number | null> } | undefined;
  usedAt: number;
}

/** Entries remembered for all clients together: about 100 bytes each. */
const MOST_WATCHED = 300_000;
/** ms without a poll: a client asks again within 20 s, or has gone. */
const FORGOTTEN_AFTER = 60_000;

export function createPollMemory({ most = MOST_WATCHED, now = () => performance.now() } = {}): PollMemory {
  const origin = randomId();
  /** The one that was used longest ago comes first. */
  const clients = new Map<string, Client>();
  let answers = 0;

  function use(key: string, client: Client): void {
    client.usedAt = now();
    clients.delete(key);
    clients.set(key, client);
  }

  function forget(): void {
    let total = 0;
    for (const { watched } of clients.values()) total += watched.size;
    for (const [key, { watched, usedAt }] of clients) {
      if (total <= most && usedAt > now() - FORGOTTEN_AFTER) return;
      clients.delete(key);
      total -= watched.size;
    }
  }

  return {
    recall(cursor) {
      const [of, key = "", text] = cursor.split(".");
      const client = of === origin ? clients.get(key) : undefined;
      if (!client) return undefined;
      const number = Number(text);
      if (number === client.sent?.number) {
        const { told, seen } = client.sent;
        client.told = told;
        client.arrived = number;
        for (const [id, last] of seen) {
          if (last === null) client.watched.delete(id);
          else if (client.watched.has(id)) client.watched.set(id, last);
        }
      } else if (number !== client.arrived) return undefined;
      client.sent = undefined;
      use(key, client);
      return { client: key, watched: client.watched, told: client.told };
    },
    remember({ client: key = randomId(), watched, told, seen }) {
      if (watched.size > most) return undefined;
      const client = clients.get(key) ?? { watched, told, arrived: 0, sent: undefined, usedAt: 0 };
      client.sent = { number: ++answers, told, seen };
      use(key, client);
      forget();
      return clients.has(key) ? `${origin}.${key}.${answers}` : undefined;
    },
  };
}
