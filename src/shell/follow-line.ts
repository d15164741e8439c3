/** Follows the entries that a line waits for, for the eye only: status, attempt, progress, last output. */
import type { EntryEvent } from "../domain/entry.ts";
import type { Api } from "../client/api.ts";
import type { Activity, Known } from "./activity.ts";
import { lateOne } from "./waiting.ts";

export interface FollowLineOptions {
  activity: Activity;
  api: Pick<Api, "poll" | "why">;
}

/** A line that is done sooner is not worth a request. */
const BEGIN_AFTER = 200;
/** Between two looks. */
const PAUSE = 150;
/** The server answers earlier when something changes; entries that join are asked about with the next look. */
const HOLD = 1_000;
/** Entries whose output is read along; of more, only how they stand. */
const MAX_OUTPUT = 20;
const MAX_FOLLOWED = 1_000;
/** Between two questions why one does not run: what frees it may change at any time. */
const WHY_EVERY = 2_000;

/** @returns what ends it. What it could not learn is not missed: the line's own wait does not depend on it. */
export function followLine({ activity, api }: FollowLineOptions): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const read = new Map<number, number>();
  const output = new Map<number, string>();
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  let askedAt = -Infinity;
  const again = (ms: number): void => {
    timer = setTimeout(() => void look(), ms);
    timer.unref();
  };

  async function look(): Promise<void> {
    const open = activity.open().slice(0, MAX_FOLLOWED);
    if (open.length > 0) {
      const withOutput = open.length <= MAX_OUTPUT;
      const entries = open.map(({ id, entry }) => ({
        id,
        seen: entry?.lastEvent ?? 0,
        ...(withOutput ? { after: read.get(id) ?? 0 } : {}),
      }));
      try {
        const answer = await api.poll({ entries, wait: HOLD }, { signal, retryTime: 0 });
        for (const change of answer.entries) if ("entry" in change) take(change.entry, change.events ?? []);
      } catch {
        // The server is away, or the line is over: whoever waits for the entry says so.
      }
    }
    void explain(open);
    if (!signal.aborted) again(PAUSE);
  }

  /** In the words of `wilco entry why`, for the one that is shown. */
  async function explain(open: readonly Known[]): Promise<void> {
    const late = lateOne(open, Date.now());
    if (!late || asking || performance.now() - askedAt < WHY_EVERY) return;
    asking = true;
    askedAt = performance.now();
    try {
      activity.explained(late.id, (await api.why(late.id, { signal, retryTime: 0 })).message);
    } catch {
      // An older server, or none just now: the line says what the entry itself tells.
    }
    asking = false;
  }

  function take(entry: Parameters<Activity["seen"]>[0], events: readonly EntryEvent[]): void {
    for (const event of events) {
      read.set(entry.id, Math.max(event.seq, read.get(entry.id) ?? 0));
      const text = event.type === "output" ? event.data["text"] : undefined;
      const last = typeof text === "string" ? text.trimEnd().split("\n").at(-1) : undefined;
      if (last) output.set(entry.id, last);
    }
    activity.seen(entry, output.get(entry.id));
  }

  again(BEGIN_AFTER);
  return () => {
    clearTimeout(timer);
    controller.abort();
  };
}
