/** What belongs together in the history: requests with their tasks, scripts with their calls, entries with their retries. */
import type { Entry } from "./entry.ts";

/** Results and parameters of more than 4,096 characters are left out: null, `{}`. */
export interface EntryNode extends Entry {
  /** The tasks of a request, the calls of a script. */
  children: EntryNode[];
  /** Entries that repeat this one, and have no place below a request or script of this tree. */
  retries: EntryNode[];
}

/** From the entry that all of it began with. */
export interface EntryTree extends EntryNode {
  /** true: there is more than could be shown. */
  truncated: boolean;
}

/** Entries of one tree. */
export const MAX_TREE = 20_000;
