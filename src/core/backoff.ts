/** Delays between retries: exponential, capped, with jitter, so that many clients do not come back at once. */

export interface Backoff {
  /** First delay, ms. Default 100. */
  first?: number;
  /** Factor from one delay to the next. Default 2. */
  factor?: number;
  /** Longest delay, ms. Default 5000. */
  max?: number;
  /** Share of the delay that is random, 0–1. Default 0.5. */
  jitter?: number;
}

/** The delay before retry number `retry` (0 is the first), in ms. */
export function backoffDelay(retry: number, backoff: Backoff = {}, random: () => number = Math.random): number {
  const { first = 100, factor = 2, max = 5_000, jitter = 0.5 } = backoff;
  const full = Math.min(max, first * factor ** Math.min(retry, 64));
  return Math.round(full * (1 - jitter * random()));
}
