/**
 * LISTEN and NOTIFY on one connection of their own, outside every transaction: inside, NOTIFY serialises commits
 * (10,000 became 3,700 a second). It only shortens waits, so a broken connection is reopened and nothing else happens.
 * What could not be announced meanwhile is made good by one "*" afterwards.
 */
import type pg from "pg";
import { backoffDelay } from "../core/backoff.ts";

const CHANNEL = "wilco";
export interface Notifier {
  notify(payload: string): void;
  listen(receive: (payload: string) => void): () => void;
  listening(): boolean;
  close(): Promise<void>;
}

/** @param silence ms within which a connection that carries nothing any more is noticed. */
export function createNotifier(makeClient: () => pg.Client, silence: number): Notifier {
  /** How often an idle connection proves that it still carries notifications, and how long it may take for it. */
  const checkEvery = silence * 0.75;
  const checkTime = silence - checkEvery;
  const receivers = new Set<(payload: string) => void>();
  let client: pg.Client | undefined;
  let connecting = false;
  let closed = false;
  let failures = 0;
  /** Something was to be announced while there was no connection. */
  let missed = false;
  let retryTimer: NodeJS.Timeout | undefined;
  let checkTimer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    if (closed || connecting || client) return;
    connecting = true;
    const fresh = makeClient();
    fresh.on("error", () => drop(fresh));
    fresh.on("end", () => drop(fresh));
    fresh.on("notification", (message) => {
      for (const receive of receivers) receive(message.payload ?? "*");
    });
    try {
      await fresh.connect();
      await within(silence, fresh.query(`LISTEN ${CHANNEL}`));
      connecting = false;
      if (closed) {
        await fresh.end();
        return;
      }
      client = fresh;
      failures = 0;
      scheduleCheck();
      // What was published while nobody listened is not known, so everything may have changed.
      for (const receive of receivers) receive("*");
      if (missed) announce("*");
      missed = false;
    } catch {
      connecting = false;
      fresh.end().catch(() => {});
      reconnectLater();
    }
  }

  function drop(broken: pg.Client): void {
    if (client !== broken) return;
    client = undefined;
    clearTimeout(checkTimer);
    broken.end().catch(() => {});
    reconnectLater();
  }

  function reconnectLater(): void {
    if (closed) return;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => void connect(), backoffDelay(failures++, { first: 100, max: 5_000 }));
    retryTimer.unref();
  }

  function scheduleCheck(): void {
    clearTimeout(checkTimer);
    checkTimer = setTimeout(() => {
      const checked = client;
      if (!checked) return;
      within(checkTime, checked.query("SELECT 1")).then(scheduleCheck, () => drop(checked));
    }, checkEvery);
    checkTimer.unref();
  }

  function announce(payload: string): void {
    if (!client) {
      missed = true;
      void connect();
      return;
    }
    const used = client;
    used.query("SELECT pg_notify($1, $2)", [CHANNEL, payload]).catch(() => {
      missed = true;
      drop(used);
    });
  }

  return {
    notify: announce,
    listen(receive) {
      receivers.add(receive);
      void connect();
      return () => receivers.delete(receive);
    },
    listening: () => client !== undefined,
    async close() {
      closed = true;
      clearTimeout(retryTimer);
      clearTimeout(checkTimer);
      const open = client;
      client = undefined;
      await open?.end().catch(() => {});
    },
  };
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("the connection is silent")), ms).unref();
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
