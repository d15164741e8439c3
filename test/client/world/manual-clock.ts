import type { Clock } from "../../../src/client/clock.ts";

export interface ManualClock extends Clock {
  /** Lets time pass, timer by timer; between two timers everything that can run has run. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  timers(): number;
}

/** Everything that is ready to run has run: promises, and what they start. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

export function manualClock(): ManualClock {
  let now = 0;
  let timers: Array<{ at: number; call: () => void }> = [];
  return {
    now: () => now,
    timers: () => timers.length,
    after(ms, call) {
      const timer = { at: now + Math.max(0, ms), call };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    async advance(ms) {
      const until = now + ms;
      await settled();
      for (;;) {
        const next = timers.filter((one) => one.at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        now = Math.max(now, next.at);
        next.call();
        await settled();
      }
      now = until;
    },
  };
}
