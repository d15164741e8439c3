/** Looks at the audit trail that are held open until something changes: polls of many entries, events of one. */
import { readEntries, readEntry, readEvents, unknownEntry } from "../audit/read.ts";
import { isTerminal } from "../domain/status.ts";
import type { EventsAnswer, EventsQuery, PollAnswer, PollChange, PollRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { EntryWatch, Watch } from "./entry-watch.ts";
import { createPollCursors, type PollCursor } from "./poll-cursor.ts";

/** Entries in one answer; the rest comes with the next poll, which is answered at once. */
const MAX_CHANGES = 2_000;
/** Events of one entry in a poll's answer. */
const MAX_EVENTS = 500;
/** Below this many ids, whole entries are read at once instead of asking first which of them changed. */
const FEW = 20;
/** A poll of many waits this long for more changes before it answers, µs an entry and ms at most. */
const COALESCE = { perEntry: 20, most: 200 };

type PollItem = PollRequest["entries"][number];

export interface HeldLooks {
  poll(request: PollRequest, signal: AbortSignal): Promise<PollAnswer>;
  events(id: number, query: EventsQuery, signal: AbortSignal): Promise<EventsAnswer>;
  /** Looks that are held open. */
  size(): number;
  /** Answers everything that is held, with what there is. */
  stop(): void;
}

function isEnd(change: PollChange): boolean {
  return "error" in change || isTerminal(change.entry.status);
}

export function createHeldLooks(context: Context, watches: EntryWatch): HeldLooks {
  const { database, settings } = context;
  const stopping = new AbortController();
  const cursors = createPollCursors();
  let held = 0;

  async function look(items: readonly PollItem[]): Promise<PollChange[]> {
    const seen = new Map(items.map((item) => [item.id, item]));
    let ids = [...seen.keys()];
    if (ids.length > FEW) ids = await changedIds(seen);
    const entries = await readEntries(database, ids.slice(0, MAX_CHANGES));
    const changes: PollChange[] = [];
    for (const entry of entries) {
      const item = seen.get(entry.id)!;
      if (entry.lastEvent <= item.seen) continue;
      if (item.after === undefined) changes.push({ id: entry.id, entry });
      else {
        const { events, end } = await readEvents(database, entry.id, item.after, MAX_EVENTS);
        // What was written between the two reads comes with the next poll: an answer must not show the last event of an
        // entry that it shows as running.
        const known = events.filter((event) => event.seq <= entry.lastEvent);
        changes.push({ id: entry.id, entry, events: known, more: !end || known.length < events.length });
      }
    }
    if (items.length <= FEW) {
      const found = new Set(entries.map((entry) => entry.id));
      for (const id of seen.keys()) if (!found.has(id)) changes.push({ id, error: unknownEntry(id).toBody() });
    }
    return changes;
  }

  async function changedIds(seen: ReadonlyMap<number, PollItem>): Promise<number[]> {
    // Those that have ended first: the answer is bounded, and they are what most wait for.
    const rows = await database.query<{ id: number; last_event: number }>(
      `SELECT id, last_event FROM entry WHERE ${database.dialect.inIds("id", "$1")} ORDER BY finished_at IS NULL, id`,
      [JSON.stringify([...seen.keys()])],
    );
    return rows.filter((row) => row.last_event > seen.get(row.id)!.seen).map((row) => row.id);
  }

  function changedSince(cursor: PollCursor, fresh: readonly number[]): ReadonlySet<number> | null {
    const changed = watches.since(cursor.position);
    return changed && new Set([...changed, ...fresh]);
  }

  /** Waits for news of the watched entries; false when the time is over. */
  async function news(watch: Watch, until: number, signal: AbortSignal): Promise<boolean> {
    const left = until - performance.now();
    if (left <= 0 || signal.aborted || stopping.signal.aborted) return false;
    held += 1;
    await watch.wait(Math.min(left, settings.pollFloor)).finally(() => (held -= 1));
    return true;
  }

  return {
    async poll(request, signal) {
      const { entries: items, wait = 0, until: what = "change" } = request;
      const until = performance.now() + wait;
      // Before the first look, so that a change between the look and the wait is not missed.
      const watch = watches.watch(items.map((item) => item.id));
      const onAbort = () => watch.end();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        // Not cleared by looks at a part: who waits for ends still wants to know at the end what else changed.
        const found = new Map<number, PollChange>();
        const add = (changes: PollChange[]) => {
          for (const change of changes) found.set(change.id, change);
          return what === "end" ? changes.some(isEnd) : changes.length > 0;
        };
        const before = cursors.read(request.cursor);
        let position = watches.position();
        let lookedAt = before?.lookedAt ?? -Infinity;
        let complete = true;
        /** null = at everything; so it is at the polling floor too, whatever was or was not signalled. */
        const lookAt = async (changed: ReadonlySet<number> | null): Promise<boolean> => {
          const all = changed === null || performance.now() - lookedAt >= settings.pollFloor;
          if (all) lookedAt = performance.now();
          const changes = await look(all ? items : items.filter((item) => changed.has(item.id)));
          if (changes.length >= MAX_CHANGES || changes.some((change) => "more" in change && change.more))
            complete = false;
          return add(changes);
        };
        let enough = await lookAt(before ? changedSince(before, request.fresh ?? []) : null);
        while (!enough && (await news(watch, until, signal))) {
          const coalesce = Math.min(COALESCE.most, (items.length * COALESCE.perEntry) / 1000);
          if (coalesce >= 1) await new Promise((resolve) => setTimeout(resolve, coalesce));
          position = watches.position();
          const changed = watch.take();
          enough = await lookAt(changed?.size === 0 ? null : changed);
        }
        const entries = [...found.values()];
        return complete ? { entries, cursor: cursors.write({ position, lookedAt }) } : { entries };
      } finally {
        signal.removeEventListener("abort", onAbort);
        watch.end();
      }
    },
    async events(id, query, signal) {
      const { after = 0, limit = 1_000, wait = 0 } = query;
      const until = performance.now() + wait;
      const watch = watches.watch([id]);
      const onAbort = () => watch.end();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        for (;;) {
          watch.take();
          // The entry first: if it has ended by then, its last event is among those read after it.
          const entry = await readEntry(database, id);
          const { events } = await readEvents(database, id, after, limit);
          const done = isTerminal(entry.status) && (events.at(-1)?.seq ?? after) >= entry.lastEvent;
          if (events.length > 0 || done || !(await news(watch, until, signal))) return { events, done };
        }
      } finally {
        signal.removeEventListener("abort", onAbort);
        watch.end();
      }
    },
    size: () => held,
    stop: () => stopping.abort(),
  };
}
