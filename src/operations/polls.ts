/** One poll of many entries: looks at those that may have changed, holds it open, and answers with what is new. */
import { readEntries, readEvents, unknownEntry } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import type { Entry } from "../domain/entry.ts";
import { isTerminal } from "../domain/status.ts";
import type { PollAnswer, PollChange, PollRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { AwaitNews, EntryWatch } from "./entry-watch.ts";
import { createPollMemory, type PollMemory, type Remembered, type Told } from "./poll-memory.ts";

/** Entries in one answer; the rest comes with the next poll, which is answered at once. */
const MAX_CHANGES = 2_000;
/** Events of one entry in a poll's answer. */
const MAX_EVENTS = 500;
/** Below this many ids, whole entries are read at once instead of asking first which of them changed. */
const FEW = 20;
/** A poll of many waits this long for more changes before it answers, µs an entry and ms at most. */
const COALESCE = { perEntry: 20, most: 200 };
/** So many entries are looked at each time that the polling floor is reached, more of them that much more rarely. */
const AT_THE_FLOOR = 1_000;
/** Times the polling floor. */
const RAREST = 10;

export function createPolls(
  context: Context,
  watches: EntryWatch,
  news: AwaitNews,
  memory: PollMemory = createPollMemory(),
): (request: PollRequest, signal: AbortSignal) => Promise<PollAnswer> {
  const { database, settings } = context;

  /** Whole entries that changed since `seen`, with their events where those were asked for. */
  async function read(ids: readonly number[], seen: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>) {
    const entries = await readEntries(database, ids);
    const missing = new Set(ids);
    const changes: PollChange[] = [];
    for (const entry of entries) {
      missing.delete(entry.id);
      if (entry.lastEvent <= seen.get(entry.id)!) continue;
      const from = after.get(entry.id);
      changes.push(from === undefined ? { id: entry.id, entry } : await withEvents(entry, from));
    }
    for (const id of missing) changes.push({ id, error: unknownEntry(id).toBody() });
    return changes;
  }

  async function withEvents(entry: Entry, after: number): Promise<PollChange> {
    const { events, end } = await readEvents(database, entry.id, after, MAX_EVENTS);
    // What was written between the two reads comes with the next poll: an answer must not show the last event of an
    // entry that it shows as running.
    const known = events.filter((event) => event.seq <= entry.lastEvent);
    return { id: entry.id, entry, events: known, more: !end || known.length < events.length };
  }

  /**
   * Which of them changed since `seen`. Those that have ended come first: they are what most wait for; so do those that
   * there are not, for which nobody should wait.
   */
  async function changedOf(
    ids: readonly number[],
    seen: ReadonlyMap<number, number>,
  ): Promise<Record<"ended" | "others", number[]>> {
    const rows = await database.query<{ id: number; last_event: number; ended: number }>(
      `SELECT id, last_event, CASE WHEN finished_at IS NULL THEN 0 ELSE 1 END AS ended
       FROM entry WHERE ${database.dialect.inIds("id", "$1")} ORDER BY id`,
      [JSON.stringify(ids)],
    );
    const missing = new Set(rows.length < ids.length ? ids : []);
    for (const row of rows) missing.delete(row.id);
    const idsOf = (ended: number) =>
      rows.flatMap((row) => (row.ended === ended && row.last_event > seen.get(row.id)! ? [row.id] : []));
    return { ended: [...missing, ...idsOf(1)], others: idsOf(0) };
  }

  /** How long to wait for more, once there is news: a burst would be answered entry by entry. */
  async function coalesce(count: number): Promise<void> {
    const ms = Math.min(COALESCE.most, (count * COALESCE.perEntry) / 1_000);
    if (ms >= 1) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** For any change, or of a few entries: each look reads what may have changed. */
  async function untilChange({ entries: items, wait = 0, until: what }: PollRequest, signal: AbortSignal) {
    const until = performance.now() + wait;
    const seen = new Map(items.map((item) => [item.id, item.seen]));
    const after = new Map(items.flatMap((item) => (item.after === undefined ? [] : [[item.id, item.after]])));
    // Before the first look, so that a change between the look and the wait is not missed.
    const watch = watches.watch(seen);
    const onAbort = () => watch.end();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      // Not cleared by looks at a part: who waits for ends still wants to know at the end what else changed.
      const found = new Map<number, PollChange>();
      const lookAt = async (ids: readonly number[]): Promise<boolean> => {
        const { ended, others } = ids.length > FEW ? await changedOf(ids, seen) : { ended: ids, others: [] };
        const changes = await read([...ended, ...others].slice(0, MAX_CHANGES), seen, after);
        for (const change of changes) found.set(change.id, change);
        return what === "end" ? changes.some(isEnd) : changes.length > 0;
      };
      const all = [...seen.keys()];
      let lookedAt = performance.now();
      let enough = await lookAt(all);
      while (!enough && (await news(watch, until, signal))) {
        await coalesce(seen.size);
        const changed = watch.take();
        // At the polling floor at everything, whatever was or was not signalled.
        const whole = changed === null || changed.size === 0 || performance.now() - lookedAt >= settings.pollFloor;
        if (whole) lookedAt = performance.now();
        enough = await lookAt(whole ? all : [...changed]);
      }
      return { entries: [...found.values()] };
    } finally {
      signal.removeEventListener("abort", onAbort);
      watch.end();
    }
  }

  /** For the ends of many entries: only those that have ended are read, until the time is over. */
  async function untilEnd(
    { wait = 0, entries, tell = "all" }: PollRequest,
    before: Remembered | undefined,
    signal: AbortSignal,
  ): Promise<PollAnswer> {
    const until = performance.now() + wait;
    const watched = before?.watched ?? new Map<number, number>();
    for (const { id, seen } of entries) watched.set(id, seen);
    const watch = watches.watch(watched);
    const onAbort = () => watch.end();
    signal.addEventListener("abort", onAbort, { once: true });
    const ended = new Set(before?.told.ended);
    const changed = new Set(before?.told.changed);
    let position = watches.position();
    let lookedAt = before?.told.lookedAt ?? -Infinity;
    // What was not announced is rare while announcements arrive, and a look at 5,000 takes PostgreSQL 20 ms.
    const floor = () =>
      settings.pollFloor * (database.listening ? Math.min(RAREST, Math.max(1, watched.size / AT_THE_FLOOR)) : 1);
    /** null = at everything; so it is at the polling floor too. */
    const lookAt = async (which: ReadonlySet<number> | null): Promise<void> => {
      const all = which === null || performance.now() - lookedAt >= floor();
      if (all) lookedAt = performance.now();
      const ids = [...(all ? watched.keys() : which)].filter((id) => watched.has(id) && !ended.has(id));
      if (ids.length === 0) return;
      const looked = await changedOf(ids, watched);
      for (const id of looked.others) changed.add(id);
      for (const id of looked.ended) {
        changed.delete(id);
        ended.add(id);
      }
    };
    try {
      const since = before && watches.since(before.told.position);
      await lookAt(since ? new Set([...since, ...entries.map(({ id }) => id)]) : null);
      while (ended.size === 0 && (await news(watch, until, signal))) {
        await coalesce(watched.size);
        position = watches.position();
        await lookAt(watch.take());
      }
      const others = tell === "all" && performance.now() >= until ? changed : [];
      const ids = [...ended, ...others].slice(0, MAX_CHANGES);
      const changes = await read(ids, watched, new Map());
      // Also those that it knows already, from elsewhere.
      for (const id of ids) if (!ended.delete(id)) changed.delete(id);
      if (signal.aborted) return { entries: changes };
      const told: Told = { position, lookedAt, ended: [...ended], changed };
      const cursor = memory.remember({ client: before?.client, watched, told, seen: seenOf(changes) });
      return { entries: changes, ...(cursor === undefined ? {} : { cursor }) };
    } finally {
      signal.removeEventListener("abort", onAbort);
      watch.end();
    }
  }

  return async (request, signal) => {
    const { cursor, entries, until } = request;
    if (cursor !== undefined) {
      const before = memory.recall(cursor);
      return before ? untilEnd(request, before, signal) : { entries: [], restart: true };
    }
    if (entries.length === 0) {
      throw new WilcoError({
        code: "invalid_request",
        message: "The poll names no entry",
        hint: "Give it at least one.",
      });
    }
    const many = entries.length > FEW && entries.every((item) => item.after === undefined);
    return many && until === "end" ? untilEnd(request, undefined, signal) : untilChange(request, signal);
  };
}

function isEnd(change: PollChange): boolean {
  return "error" in change || isTerminal(change.entry.status);
}

function seenOf(changes: readonly PollChange[]): Map<number, number | null> {
  return new Map(
    changes.map((change) => [change.id, "entry" in change && !isEnd(change) ? change.entry.lastEvent : null]),
  );
}
