/** The waits of a poller: which entries, when their next looks are due, and what ends them. Knows nothing of requests. */
import { WilcoError } from "../core/errors.ts";
import type { Entry } from "../domain/entry.ts";
import { pollDelay, type PollPolicy } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { PollChange } from "../protocol/messages.ts";
import type { WaitResult } from "./port.ts";

interface Wait {
  policy: PollPolicy;
  /** Counted so far. */
  looks: number;
  /** When the next look is due, clock ms. */
  due: number;
  /** When the wait ends whatever happens, clock ms. */
  deadline: number;
  resolve: (result: WaitResult) => void;
  reject: (error: unknown) => void;
}

/** One entry that somebody waits for. */
export interface Watch {
  readonly id: number;
  /** Its `lastEvent` as known; 0 = nothing. */
  seen: number;
  entry: Entry | undefined;
  /** The server remembers it by the cursor of the last answer. */
  covered: boolean;
  waits: Wait[];
}

export interface OutstandingWaits {
  /** How many entries are waited for. */
  readonly size: number;
  /** How often nobody waited any more for an entry that had not ended. */
  readonly givenUp: number;
  has(id: number): boolean;
  all(): Watch[];
  /** Those with a look or a deadline that is due. */
  due(now: number): Watch[];
  /**
   * The next look or deadline, and the next deadline; Infinity when there is none. `bounded`: a wait may end before its
   * entry, and then tells what state that is in.
   */
  next(): { due: number; deadline: number; bounded: boolean };
  add(id: number, entry: Entry | undefined, policy: PollPolicy, now: number): Promise<WaitResult>;
  /**
   * Takes in an answer about `asked`: ends what ended, counts the looks that are due, ends waits at their limit.
   * @returns whether anything came of it: a look was counted or a wait ended.
   */
  take(asked: Watch[], changes: PollChange[], now: number): boolean;
  /** Ends the waits whose deadline passed with what is known of their entries. */
  endOverdue(now: number): void;
  reject(which: Watch[], error: unknown): void;
}

export function createOutstandingWaits(random: () => number): OutstandingWaits {
  const watches = new Map<number, Watch>();
  let givenUp = 0;

  /** Looks of waits with like delays fall together, at most a twentieth of the delay (and 50 ms) late. */
  function dueAfter(now: number, policy: PollPolicy, look: number): number {
    const delay = pollDelay(policy, look, random);
    const grid = Math.min(50, Math.max(1, Math.floor(delay / 20)));
    return Math.ceil((now + delay) / grid) * grid;
  }

  function drop(watch: Watch, end: (one: Wait) => void): void {
    watches.delete(watch.id);
    for (const one of watch.waits.splice(0)) end(one);
  }

  function apply(change: PollChange, now: number): void {
    const watch = watches.get(change.id);
    if (!watch) return;
    if ("error" in change) return drop(watch, (one) => one.reject(WilcoError.fromBody(change.error)));
    const { entry } = change;
    watch.seen = entry.lastEvent;
    watch.entry = entry;
    if (!isTerminal(entry.status)) return;
    drop(watch, (one) => one.resolve({ entry, ended: true, looks: one.looks + (one.due <= now ? 1 : 0) }));
  }

  function endWaits(ends: (one: Wait) => boolean): void {
    for (const watch of watches.values()) {
      if (!watch.waits.some(ends)) continue;
      const ended = watch.waits.filter(ends);
      watch.waits = watch.waits.filter((one) => !ends(one));
      if (watch.waits.length === 0) {
        watches.delete(watch.id);
        givenUp++;
      }
      for (const one of ended) {
        if (watch.entry) one.resolve({ entry: watch.entry, ended: false, looks: one.looks });
        else one.reject(neverAnswered(watch.id));
      }
    }
  }

  return {
    get size() {
      return watches.size;
    },
    get givenUp() {
      return givenUp;
    },
    has: (id) => watches.has(id),
    all: () => [...watches.values()],
    due: (now) =>
      [...watches.values()].filter(({ waits }) => waits.some((one) => one.due <= now || one.deadline <= now)),
    next() {
      let due = Infinity;
      let deadline = Infinity;
      let bounded = false;
      for (const { waits } of watches.values()) {
        for (const one of waits) {
          due = Math.min(due, one.due, one.deadline);
          deadline = Math.min(deadline, one.deadline);
          bounded ||= one.policy.limit !== Infinity || one.deadline !== Infinity;
        }
      }
      return { due, deadline, bounded };
    },
    add(id, entry, policy, now) {
      let watch = watches.get(id);
      if (!watch) watches.set(id, (watch = { id, seen: entry?.lastEvent ?? 0, entry, covered: false, waits: [] }));
      const { waits } = watch;
      const deadline = now + policy.waitTimeout;
      return new Promise((resolve, reject) => {
        waits.push({ policy, looks: 0, due: dueAfter(now, policy, 1), deadline, resolve, reject });
      });
    },
    take(asked, changes, now) {
      const before = watches.size;
      let looked = false;
      for (const change of changes) apply(change, now);
      for (const { waits } of asked) {
        for (const one of waits) {
          if (one.due > now) continue;
          looked = true;
          one.looks++;
          one.due = dueAfter(now, one.policy, one.looks + 1);
        }
      }
      endWaits((one) => one.looks >= one.policy.limit || one.deadline <= now);
      return looked || watches.size < before;
    },
    endOverdue: (now) => endWaits((one) => one.deadline <= now),
    reject(which, error) {
      for (const watch of which) drop(watch, (one) => one.reject(error));
    },
  };
}

function neverAnswered(id: number): WilcoError {
  return new WilcoError({
    code: "unreachable",
    message: `The server said nothing about entry ${id} in all the time of the wait`,
    hint: "Give a longer waitTimeout, or check that the server runs.",
    details: { entries: [id] },
  });
}
