/**
 * Follows entries to their end with their logs: one request a tick for all of them. Following ends on two facts, that
 * the entry is terminal and that its log is read to the end, so no line of output is ever missing.
 */
import { setTimeout as delay } from "node:timers/promises";
import { WilcoError } from "../core/errors.ts";
import type { Entry, EntryEvent } from "../domain/entry.ts";
import { pollDelay, type PollPolicy } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { EventsAnswer, PollAnswer, PollRequest } from "../protocol/messages.ts";

/** What following needs of the API. */
export interface TrailReader {
  poll(request: PollRequest, options: { signal: AbortSignal }): Promise<PollAnswer>;
  /** Events above `after`, gap-free. */
  events(id: number, query: { after: number; limit: number }, options: { signal: AbortSignal }): Promise<EventsAnswer>;
}

export interface FollowOptions {
  trail: TrailReader;
  entries: readonly Entry[];
  policy: PollPolicy;
  /** Ends the following; the entries go on. */
  signal: AbortSignal;
  /** Every event once, in order, per entry. */
  onEvent?: (entry: Entry, event: EntryEvent) => void;
  /** The entry changed; called after its events. */
  onChange?: (entry: Entry) => void;
  /** Skip events up to this number. Default 0. */
  after?: number;
}

export interface Followed {
  /** As last read, in the order given. */
  entries: Entry[];
  /** "ended": all are terminal and their logs read. "limit": the poll policy's end came first. */
  reason: "ended" | "limit" | "interrupted";
}

/** The server refuses to hold a request for longer. */
const LONGEST_HOLD_MS = 30_000;
const EVENTS_PAGE = 1_000;
/** Between two answers that came early: chatty output is read in bursts, not line by line. */
const BREATH_MS = 20;
/** More for many entries, because each request names all of them: 10,000 would be 400 KB each. */
const BREATH_PER_ENTRY_MS = 0.05;

interface Followee {
  entry: Entry;
  /** The number of the last event read. */
  read: number;
}

export async function follow(options: FollowOptions): Promise<Followed> {
  const { policy, signal } = options;
  const followees = new Map<number, Followee>(
    options.entries.map((entry) => [entry.id, { entry, read: options.after ?? 0 }] as const),
  );
  const pending = new Set([...followees.values()].filter((followee) => !isRead(followee)));
  const result = (reason: Followed["reason"]): Followed => ({
    entries: [...followees.values()].map(({ entry }) => entry),
    reason,
  });

  const started = performance.now();
  let looks = 0;
  let nextLook = started + pollDelay(policy, 1);
  try {
    while (pending.size > 0) {
      const now = performance.now();
      const until = Math.min(nextLook, started + policy.waitTimeout);
      const wait = Math.max(0, Math.min(LONGEST_HOLD_MS, Math.ceil(until - now)));
      const changed = await lookOnce(options, followees, pending, wait);
      if (pending.size === 0) break;
      const after = performance.now();
      if (after >= started + policy.waitTimeout) return result("limit");
      if (after >= nextLook) {
        looks += 1;
        if (looks >= policy.limit) return result("limit");
        nextLook = after + pollDelay(policy, looks + 1);
      } else if (changed || after - now >= wait) {
        await delay(Math.min(BREATH_MS + pending.size * BREATH_PER_ENTRY_MS, until - after), undefined, { signal });
      } else {
        // Answered before its time without a change: a server that does not hold requests. Then the delay is ours.
        await delay(until - after, undefined, { signal });
      }
    }
    return result("ended");
  } catch (error) {
    if (signal.aborted) return result("interrupted");
    throw error;
  }
}

async function lookOnce(
  options: FollowOptions,
  followees: ReadonlyMap<number, Followee>,
  pending: Set<Followee>,
  wait: number,
): Promise<boolean> {
  // A server reads the entry first and its events after it, so the events may be newer than the entry they came with:
  // whoever then says to have seen that event is never told that the entry has ended.
  const asked = [...pending].map(({ entry, read }) => ({
    id: entry.id,
    seen: Math.min(read, entry.lastEvent),
    after: read,
  }));
  const answer = await options.trail.poll({ entries: asked, wait }, { signal: options.signal });
  for (const change of answer.entries) {
    const followee = followees.get(change.id);
    if (!followee) continue;
    if ("error" in change) throw WilcoError.fromBody(change.error);
    followee.entry = change.entry;
    for (const event of change.events ?? []) deliver(options, followee, event);
    await catchUp(options, followee, pending);
  }
  return answer.entries.length > 0;
}

/** Reads what the poll's answer left out, and lets go of an entry that has ended and is read. */
async function catchUp(options: FollowOptions, followee: Followee, pending: Set<Followee>): Promise<void> {
  const { trail, signal } = options;
  while (followee.read < followee.entry.lastEvent) {
    const before = followee.read;
    const page = await trail.events(followee.entry.id, { after: before, limit: EVENTS_PAGE }, { signal });
    for (const event of page.events) deliver(options, followee, event);
    if (followee.read === before) break; // the entry is newer than what may be read yet; the next look has it
  }
  options.onChange?.(followee.entry);
  if (isRead(followee)) pending.delete(followee);
}

function isRead({ entry, read }: Followee): boolean {
  return isTerminal(entry.status) && read >= entry.lastEvent;
}

function deliver(options: FollowOptions, followee: Followee, event: EntryEvent): void {
  if (event.seq <= followee.read) return;
  followee.read = event.seq;
  options.onEvent?.(followee.entry, event);
}
