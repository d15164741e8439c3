/** Looks at the audit trail that are held open until something changes: polls of many entries, events of one. */
import { readEntry, readEvents } from "../audit/read.ts";
import { isTerminal } from "../domain/status.ts";
import type { EventsAnswer, EventsQuery, PollAnswer, PollRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { AwaitNews, EntryWatch } from "./entry-watch.ts";
import { createPolls } from "./polls.ts";

export interface HeldLooks {
  poll(request: PollRequest, signal: AbortSignal): Promise<PollAnswer>;
  events(id: number, query: EventsQuery, signal: AbortSignal): Promise<EventsAnswer>;
  /** Looks that are held open. */
  size(): number;
  /** Answers everything that is held, with what there is. */
  stop(): void;
}

export function createHeldLooks(context: Context, watches: EntryWatch): HeldLooks {
  const { database, settings } = context;
  const stopping = new AbortController();
  let held = 0;

  const news: AwaitNews = async (watch, until, signal) => {
    const left = until - performance.now();
    if (left <= 0 || signal.aborted || stopping.signal.aborted) return false;
    held += 1;
    await watch.wait(Math.min(left, settings.pollFloor)).finally(() => (held -= 1));
    return true;
  };
  const poll = createPolls(context, watches, news);

  return {
    poll,
    async events(id, query, signal) {
      const { after = 0, limit = 1_000, wait = 0 } = query;
      const until = performance.now() + wait;
      const watch = watches.watch(new Map([[id, null]]));
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
