/** Wakes what is held open for a worker session. One subscription to the signals serves a thousand of them. */
import { createMultiMap } from "../core/multi-map.ts";
import type { Signals } from "../queue/signals.ts";

export interface SessionWatch {
  /** @returns what ends it. */
  watch(session: string, wake: () => void): () => void;
  stop(): void;
}

export function createSessionWatch(signals: Signals): SessionWatch {
  const bySession = createMultiMap<() => void>();
  const unsubscribe = signals.subscribe((change) => {
    for (const session of change === null ? bySession.keys() : (change.sessions ?? [])) {
      for (const wake of bySession.get(session)) wake();
    }
  });
  return {
    watch(session, wake) {
      bySession.add(session, wake);
      return () => bySession.delete(session, wake);
    },
    stop: unsubscribe,
  };
}
