/** Wakes held calls when one of their entries changed. One subscription to the signals serves them all. */
import type { Signals } from "../queue/signals.ts";

export interface Watch {
  /** Resolves when a watched entry changed, after `ms`, or when the watch is ended; at once if one changed already. */
  wait(ms: number): Promise<void>;
  /** The ids that changed since the last `take`; null = anything may have. */
  take(): ReadonlySet<number> | null;
  end(): void;
}

/** Waits for news of the watched entries; false when the time is over. @param until by `performance.now`. */
export type AwaitNews = (watch: Watch, until: number, signal: AbortSignal) => Promise<boolean>;

export interface EntryWatch {
  /** @param entries by id; of many, later additions are watched too. */
  watch(entries: ReadonlyMap<number, unknown>): Watch;
  /** How far the changes have come that this process has heard of. */
  position(): number;
  /** The ids that changed after `position`; null = that can't be told any more. */
  since(position: number): ReadonlySet<number> | null;
  stop(): void;
}

interface Watcher {
  changed: Set<number> | null;
  wake: (() => void) | undefined;
}

/** Changes remembered for `since`; the older half is forgotten when there are more. */
const REMEMBERED = 200_000;
/** From here on a watcher is asked "is it yours?" instead of being listed under each of its ids. */
const WIDE = 64;

export function createEntryWatch(signals: Signals): EntryWatch {
  const byId = new Map<number, Set<Watcher>>();
  const wide = new Map<Watcher, ReadonlyMap<number, unknown>>();
  const all = new Set<Watcher>();
  let stopped = false;
  let recent: number[] = [];
  /** The position of the first of them. */
  let base = 0;

  function forget(count: number): void {
    recent = recent.slice(count);
    base += count;
  }

  const mark = (watcher: Watcher, id: number) => {
    watcher.changed?.add(id);
    watcher.wake?.();
  };
  const unsubscribe = signals.subscribe((change) => {
    if (change === null) {
      forget(recent.length);
      base++;
      for (const watcher of all) {
        watcher.changed = null;
        watcher.wake?.();
      }
      return;
    }
    for (const id of change.entries ?? []) {
      recent.push(id);
      for (const watcher of byId.get(id) ?? []) mark(watcher, id);
      for (const [watcher, entries] of wide) if (entries.has(id)) mark(watcher, id);
    }
    if (recent.length > REMEMBERED) forget(REMEMBERED / 2);
  });

  return {
    position: () => base + recent.length,
    since: (position) => (position < base ? null : new Set(recent.slice(position - base))),
    watch(entries) {
      const ids = entries.size > WIDE ? [] : [...entries.keys()];
      const watcher: Watcher = { changed: new Set(), wake: undefined };
      all.add(watcher);
      if (entries.size > WIDE) wide.set(watcher, entries);
      for (const id of ids) {
        const watchers = byId.get(id);
        if (watchers) watchers.add(watcher);
        else byId.set(id, new Set([watcher]));
      }
      const hasNews = () => watcher.changed === null || watcher.changed.size > 0;
      return {
        wait: (ms) =>
          new Promise((resolve) => {
            if (stopped || hasNews()) return resolve();
            const timer = setTimeout(done, ms);
            watcher.wake = done;
            function done(): void {
              clearTimeout(timer);
              watcher.wake = undefined;
              resolve();
            }
          }),
        take() {
          const changed = watcher.changed;
          watcher.changed = new Set();
          return changed;
        },
        end() {
          all.delete(watcher);
          wide.delete(watcher);
          for (const id of ids) {
            const watchers = byId.get(id);
            watchers?.delete(watcher);
            if (watchers?.size === 0) byId.delete(id);
          }
          watcher.wake?.();
        },
      };
    },
    stop() {
      stopped = true;
      unsubscribe();
      for (const watcher of all) watcher.wake?.();
    },
  };
}
