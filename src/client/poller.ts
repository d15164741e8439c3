/**
 * ONE poller looks after all outstanding waits of a client with one request a tick. With push, the request asks about
 * all of them and the server holds it until one changes or the next look is due; without, it asks at each due look about
 * those that are due. Both count a look for each elapsed delay, never for an early answer: push only shortens the wait.
 *
 * No wait has a timer of its own: requests are at least `size / 50` ms apart (up to 200), so that a pass over all waits
 * at each of them never becomes the work.
 */
import { backoffDelay } from "../core/backoff.ts";
import { WilcoError } from "../core/errors.ts";
import type { Entry } from "../domain/entry.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { PollAnswer, PollRequest } from "../protocol/messages.ts";
import type { Api } from "./api.ts";
import { systemClock, type Clock } from "./clock.ts";
import { createOutstandingWaits, type Watch } from "./outstanding-waits.ts";
import type { WaitResult } from "./port.ts";

export interface PollerOptions {
  api: Pick<Api, "poll" | "retryTime">;
  /** Ask the server to hold requests. Default true. */
  push?: boolean | undefined;
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
}

export interface Poller {
  /**
   * Resolves when the entry is terminal, or its policy's limit or waitTimeout came first.
   * @throws WilcoError `unknown_entry`; `unreachable` (ids in `details.entries`); `interrupted` when closed.
   */
  wait(id: number, policy: PollPolicy): Promise<WaitResult>;
  /** Spares the first request of a wait for an entry that was just filed. */
  know(entry: Entry): void;
  /** Rejects all waits. */
  close(): void;
}

/** Longest hold of a request, ms; proxies between commonly cut idle connections at 60 s. */
const HOLD = 20_000;
/** The server's bound on one poll (LIMITS.pollItems; not imported, because the schemas cost a command's start-up). */
export const MAX_POLL_ITEMS = 50_000;
/** Filed entries remembered until they are waited for. */
const MAX_KNOWN = 20_000;
/** How long after its deadline a wait still hopes for the look that was due then, ms. */
const DEADLINE_GRACE = 500;

export function createPoller({ api, push = true, clock = systemClock, random = Math.random }: PollerOptions): Poller {
  const waits = createOutstandingWaits(random);
  const known = new Map<number, Entry>();
  let request: AbortController | undefined;
  let cancelTimer: (() => void) | undefined;
  let passSoon = false;
  /** There are waits that the held request does not know of. */
  let joined = false;
  let notBefore = 0;
  let failures = 0;
  let failingSince: number | undefined;
  /** Answers in a row that came early and ended nothing: an operation that writes a lot. */
  let idleAnswers = 0;
  let closed = false;
  /** Of the last answer: the server remembers what it was asked about, so the next request names only what is new. */
  let cursor: string | undefined;
  let givenUp = 0;

  function wait(id: number, policy: PollPolicy): Promise<WaitResult> {
    if (closed) return Promise.reject(closedError());
    const entry = known.get(id);
    known.delete(id);
    if (entry && isTerminal(entry.status)) return Promise.resolve({ entry, ended: true, looks: 0 });
    joined = true;
    if (!passSoon) {
      passSoon = true;
      // All that join in this turn of the event loop are one pass.
      clock.after(0, () => {
        passSoon = false;
        pass();
      });
    }
    return waits.add(id, entry, policy, clock.now());
  }

  /** Decides what comes next: a request now, or one timer. */
  function pass(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (closed) return;
    const now = clock.now();
    waits.endOverdue(now - DEADLINE_GRACE);
    if (waits.size === 0) return rest();
    const { due, deadline, bounded } = waits.next();
    const asksNow = push ? request === undefined || joined : request === undefined && due <= now;
    if (asksNow && now >= notBefore) return send(now, due, bounded);
    let at = deadline + DEADLINE_GRACE;
    if (asksNow) at = Math.min(at, notBefore);
    else if (request === undefined) at = Math.min(at, Math.max(due, notBefore));
    if (at !== Infinity) cancelTimer = clock.after(Math.min(at - now, 2 ** 31 - 1), pass);
  }

  /** Nobody waits: nothing is held, and past failures say nothing about the next wait. */
  function rest(): void {
    request?.abort();
    request = undefined;
    joined = false;
    failures = 0;
    failingSince = undefined;
    idleAnswers = 0;
    notBefore = 0;
    cursor = undefined;
  }

  function send(now: number, due: number, bounded: boolean): void {
    // Aborting costs a connection; a second held request for the newcomers would have to be merged later by the same
    // means, and doubles what the server holds. Many joins within the gap are one abort.
    request?.abort();
    const controller = new AbortController();
    request = controller;
    joined = false;
    notBefore = now + (waits.size < 50 ? 0 : Math.min(200, waits.size / 50));
    const asked = push ? waits.all() : waits.due(now);
    const hold = push ? Math.ceil(Math.min(HOLD, Math.max(0, due - now))) : 0;
    const answered = (take: () => void) => {
      if (request !== controller) return;
      request = undefined;
      take();
      pass();
    };
    ask(asked, { wait: hold, tell: bounded ? "all" : "ends" }, controller.signal).then(
      (answer) => answered(() => take(asked, answer)),
      (error: unknown) => answered(() => fail(asked, error)),
    );
    pass();
  }

  async function ask(
    asked: Watch[],
    how: Pick<PollRequest, "wait" | "tell">,
    signal: AbortSignal,
  ): Promise<PollAnswer> {
    // The server would go on to watch them.
    if (waits.givenUp !== givenUp) cursor = undefined;
    givenUp = waits.givenUp;
    const parts: Array<Promise<PollAnswer>> = [];
    const named = cursor === undefined ? asked : asked.filter((watch) => !watch.covered);
    const since = cursor === undefined ? how : { ...how, cursor };
    for (let at = 0; at === 0 || at < named.length; at += MAX_POLL_ITEMS) {
      const entries = named.slice(at, at + MAX_POLL_ITEMS).map(({ id, seen }) => ({ id, seen }));
      // One attempt: the poller repeats by itself, with those who joined meanwhile.
      parts.push(api.poll({ entries, until: push ? "end" : "change", ...since }, { signal, retryTime: 0 }));
    }
    const [first, ...rest] = await Promise.all(parts);
    if (rest.length === 0) return first!;
    return { entries: [first!, ...rest].flatMap((answer) => answer.entries) };
  }

  function take(asked: Watch[], answer: PollAnswer): void {
    const now = clock.now();
    const changes = answer.entries;
    failures = 0;
    failingSince = undefined;
    // Without push it is asked only about those that are due, and the server must not tell of others.
    cursor = push ? answer.cursor : undefined;
    for (const watch of asked) watch.covered = cursor !== undefined;
    if (answer.restart) {
      joined = true;
      return;
    }
    idleAnswers = waits.take(asked, changes, now) ? 0 : idleAnswers + 1;
    if (idleAnswers > 2) notBefore = Math.max(notBefore, now + Math.min(100, 2 ** idleAnswers));
  }

  function fail(asked: Watch[], error: unknown): void {
    const now = clock.now();
    failingSince ??= now;
    if (!(error instanceof WilcoError) || error.code !== "unreachable") return waits.reject(asked, error);
    const left = isPermanent(error) ? 0 : failingSince + api.retryTime - now;
    if (left > 0) notBefore = now + Math.min(backoffDelay(failures++, {}, random), Math.max(1, left));
    else waits.reject(waits.all(), withEntries(error, waits.all()));
  }

  return {
    wait,
    know(entry) {
      if (waits.has(entry.id)) return;
      known.set(entry.id, entry);
      if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
    },
    close() {
      closed = true;
      cancelTimer?.();
      request?.abort();
      known.clear();
      waits.reject(waits.all(), closedError());
    },
  };
}

function isPermanent(error: WilcoError): boolean {
  return (error.details as { permanent?: unknown } | undefined)?.permanent === true;
}

function withEntries(error: WilcoError, lost: Watch[]): WilcoError {
  const entries = lost.map((watch) => watch.id);
  return new WilcoError({
    code: error.code,
    message: error.message,
    hint: `What was submitted goes on; when the server is back, wait again: "wilco entry wait ${entries[0]}".`,
    details: { ...(error.details as object | undefined), entries },
    cause: error,
  });
}

function closedError(): WilcoError {
  return new WilcoError({ code: "interrupted", message: "The client was closed", hint: "What was submitted goes on." });
}
