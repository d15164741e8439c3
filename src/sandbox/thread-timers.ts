/** The timers of the VM, on the thread's own event loop. */

/** Node takes no longer delay: beyond it a timer fires at once. */
const LONGEST = 2 ** 31 - 1;

export interface Timers {
  /** @param ms any number; what is not one counts as 0. */
  start(id: number, ms: number): void;
  /** False when there is no such timer. */
  clear(id: number): boolean;
  has(id: number): boolean;
  count(): number;
  close(): void;
}

export function createTimers(onTimer: (id: number) => void): Timers {
  const timers = new Map<number, NodeJS.Timeout>();

  function arm(id: number, ms: number): void {
    const now = Math.min(ms, LONGEST);
    const fire = (): void => {
      if (ms > LONGEST) return arm(id, ms - LONGEST);
      timers.delete(id);
      onTimer(id);
    };
    timers.set(id, setTimeout(fire, now));
  }

  return {
    start: (id, ms) => arm(id, ms > 0 ? ms : 0),
    clear(id) {
      clearTimeout(timers.get(id));
      return timers.delete(id);
    },
    has: (id) => timers.has(id),
    count: () => timers.size,
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
