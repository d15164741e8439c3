/** Time as the poller needs it, so that its tests can drive it by hand. */

export interface Clock {
  /** Monotonic, ms. */
  now(): number;
  /** Calls once after `ms`; 0 = after this turn of the event loop. @returns what takes it back. */
  after(ms: number, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    if (ms <= 0) {
      const immediate = setImmediate(call);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
