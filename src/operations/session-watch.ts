/** Wakes what is held open for a worker session. One subscription to the signals serves a thousand of them. */
import type { Signals } from "../queue/signals.ts";

export interface SessionWatch {
  /** @returns what ends it. */
  watch(session: string, wake: () => void): () => void;
  stop(): void;
}

export function createSessionWatch(signals: Signals): SessionWatch {
  const bySession = new Map<string, Set<() => void>>();
  const unsubscribe = signals.subscribe((change) => {
    if (change === null) for (const watchers of bySession.values()) for (const wake of watchers) wake();
    else for (const session of change.sessions ?? []) for (const wake of bySession.get(session) ?? []) wake();
  });
  return {
    watch(session, wake) {
      const watchers = bySession.get(session) ?? new Set();
      bySession.set(session, watchers.add(wake));
      return () => {
        watchers.delete(wake);
        if (watchers.size === 0 && bySession.get(session) === watchers) bySession.delete(session);
      };
    },
    stop: unsubscribe,
  };
}
