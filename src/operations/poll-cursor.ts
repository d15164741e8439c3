/**
 * What a poll's answer lets its asker prove at the next one: "up to here I know". Then only what changed since is looked
 * at; a look at 10,000 entries takes PostgreSQL 12 ms, and a burst of them is some hundred polls.
 */
import { randomId } from "../core/ids.ts";

export interface PollCursor {
  /** Of the watch (`entry-watch.ts`). */
  position: number;
  /** When all entries were looked at last, ms of this process's monotonic clock. */
  lookedAt: number;
}

export interface PollCursors {
  write(cursor: PollCursor): string;
  /** undefined for one of another process, or a text that is none. */
  read(text: string | undefined): PollCursor | undefined;
}

export function createPollCursors(): PollCursors {
  const origin = randomId();
  return {
    write: ({ position, lookedAt }) => `${origin}.${position}.${Math.round(lookedAt)}`,
    read(text) {
      const [of, position, lookedAt] = text?.split(".") ?? [];
      if (of !== origin) return undefined;
      const cursor = { position: Number(position), lookedAt: Number(lookedAt) };
      return Number.isSafeInteger(cursor.position) && Number.isFinite(cursor.lookedAt) ? cursor : undefined;
    },
  };
}
