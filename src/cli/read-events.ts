/** All events of an entry that there are now. */
import type { Api } from "../client/api.ts";
import type { EntryEvent } from "../domain/entry.ts";

const PAGE = 1_000;

export async function readEvents(api: Pick<Api, "events">, entry: number): Promise<EntryEvent[]> {
  const events: EntryEvent[] = [];
  for (;;) {
    // A page is bounded by its bytes too: a short one is not the last one.
    const page = await api.events(entry, { after: events.at(-1)?.seq ?? 0, limit: PAGE });
    events.push(...page.events);
    if (page.done || page.events.length === 0) return events;
  }
}
