/**
 * What the lines of a session have to do with audit entries: which ones a line filed, which it waits for, how they stand.
 * It watches the port that the sandbox's calls go through.
 */
import { hidesAutomatic } from "../client/hidden-automatic.ts";
import type { ClientPort, HistoryQuery } from "../client/port.ts";
import type { Entry } from "../domain/entry.ts";
import { isTerminal } from "../domain/status.ts";

export interface Known {
  id: number;
  /** As last seen; undefined for one that is waited for and was not read yet. */
  entry: Entry | undefined;
  /** The last line that it wrote; "" when there is none. */
  lastOutput: string;
  /** Filed by this session. */
  ours: boolean;
  /** Why it does not run, in the server's words, as of that number of its last event. */
  why?: { text: string; lastEvent: number };
}

export interface Activity {
  /** The port, watched. */
  port: ClientPort;
  /** A line begins: what is filed from here on is its own. @returns what takes that back: it was not a line yet. */
  begin(): () => void;
  /** What the current line, or the last one, filed or waits for, and is not known to have ended. */
  open(): Known[];
  /** As `open`, those that have ended included. */
  all(): Known[];
  /** Filed by any line and not known to have ended. */
  running(): Known[];
  /** The one list of the history that the current line, or the last one, has read left out automatic entries. */
  hidesAutomatic(): Promise<boolean>;
  /** A later look at an entry. */
  seen(entry: Entry, lastOutput?: string): void;
  /** The server's word on why an entry does not run. */
  explained(id: number, text: string): void;
  /** Resolves when the submits under way are answered, or after `ms`. */
  settled(ms: number): Promise<void>;
}

/** Ended entries of earlier lines are forgotten; of the line itself, this many are kept. */
const MAX_LINE = 20_000;

export function createActivity(port: ClientPort): Activity {
  /** Filed by this session and not ended. */
  const filed = new Map<number, Known>();
  let line = new Map<number, Known>();
  let lists: Array<{ query: HistoryQuery; shown: number }> = [];
  const submits = new Set<Promise<unknown>>();

  function seen(entry: Entry, lastOutput?: string): void {
    for (const known of [filed.get(entry.id), line.get(entry.id)]) {
      if (!known) continue;
      // Answers may come in another order than they were made.
      if (!known.entry || entry.lastEvent >= known.entry.lastEvent) known.entry = entry;
      if (lastOutput !== undefined) known.lastOutput = lastOutput;
    }
    if (isTerminal(entry.status)) filed.delete(entry.id);
  }

  function file(filing: Promise<Entry>): Promise<Entry> {
    const into = line;
    const recorded = filing.then((entry) => {
      const known: Known = { id: entry.id, entry, lastOutput: "", ours: true };
      filed.set(entry.id, known);
      if (into.size < MAX_LINE) into.set(entry.id, known);
      seen(entry);
      return entry;
    });
    const held: Promise<unknown> = recorded.catch(() => {}).finally(() => submits.delete(held));
    submits.add(held);
    return recorded;
  }

  async function look(read: Promise<Entry>): Promise<Entry> {
    const entry = await read;
    seen(entry);
    return entry;
  }

  return {
    port: {
      ...port,
      submit: (call) => file(port.submit(call)),
      retry: (id) => file(port.retry(id)),
      entry: (id) => look(port.entry(id)),
      cancel: (id, options) => look(port.cancel(id, options)),
      async entries(query) {
        const into = lists;
        const entries = await port.entries(query);
        into.push({ query, shown: entries.length });
        return entries;
      },
      async wait(id, policy) {
        if (!line.has(id)) line.set(id, filed.get(id) ?? { id, entry: undefined, lastOutput: "", ours: false });
        const into = line;
        try {
          const result = await port.wait(id, policy);
          into.get(id)!.entry = result.entry;
          seen(result.entry);
          return result;
        } catch (error) {
          // An id that does not exist is nothing to come back to.
          if (into.get(id)?.entry === undefined) into.delete(id);
          throw error;
        }
      },
    },
    begin() {
      const before = line;
      const listsBefore = lists;
      line = new Map();
      lists = [];
      return () => {
        line = before;
        lists = listsBefore;
      };
    },
    open: () => [...line.values()].filter(isOpen),
    all: () => [...line.values()],
    running: () => [...filed.values()],
    async hidesAutomatic() {
      const [list, another] = lists;
      if (!list || another) return false;
      const { query, shown } = list;
      return hidesAutomatic(query, shown, (limit) => port.entries({ ...query, automatic: true, limit }));
    },
    seen,
    explained(id, text) {
      const known = line.get(id);
      if (known?.entry) known.why = { text, lastEvent: known.entry.lastEvent };
    },
    async settled(ms) {
      if (submits.size === 0) return;
      const timeout = new Promise((resolve) => setTimeout(resolve, ms).unref());
      await Promise.race([Promise.all(submits), timeout]);
    },
  };
}

function isOpen({ entry }: Known): boolean {
  return !entry || !isTerminal(entry.status);
}
