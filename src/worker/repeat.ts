/** Repeating a call until it is answered. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Backoff, backoffDelay } from "../core/backoff.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import type { Log } from "../resource-types/log.ts";

const BACKOFF: Backoff = { first: 50, max: 5_000 };
/** The content of the request is at fault. */
const BAD_REQUESTS: ReadonlySet<string> = new Set(["invalid_request", "invalid_parameters", "too_large"]);
/** The token is: it was revoked, has expired, or is for something else, and no repetition changes that. */
const DENIALS: ReadonlySet<string> = new Set(["unauthenticated", "forbidden"]);
/** The one who asks is. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...BAD_REQUESTS,
  ...DENIALS,
  "invalid_inventory",
  "conflict",
  "unknown_entry",
  "already_ended",
  "session_ended",
  "worker_name_taken",
  "version_mismatch",
]);

/** True when another content might be taken. */
export function isBadRequest(error: { code?: unknown }): boolean {
  return BAD_REQUESTS.has(String(error.code));
}

/** True when the server does not let this worker in any more. */
export function isDenial(error: unknown): boolean {
  return error instanceof WilcoError && DENIALS.has(error.code);
}

/** True when the server has understood the call and said no for good: repeating it changes nothing. */
export function isRefusal(error: unknown): error is WilcoError {
  return error instanceof WilcoError && REFUSALS.has(error.code);
}

export interface RepeatOptions {
  /** Ends the repetition; the call then rejects with its reason. */
  signal: AbortSignal;
  log: Log;
  /** Names the call in the log. */
  what: string;
}

/**
 * Calls until answered, with growing pauses (50 ms up to 5 s).
 * @throws WilcoError when the call is refused; the signal's reason.
 */
export async function untilAnswered<T>(call: () => Promise<T>, { signal, log, what }: RepeatOptions): Promise<T> {
  for (let retry = 0; ; retry++) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error)) throw error;
      const delay = backoffDelay(retry, BACKOFF);
      const hint = retry === 1 && error instanceof WilcoError && error.hint ? { hint: error.hint } : {};
      const line = { call: what, retry, delay, error: messageOf(error), ...hint };
      if (retry === 0) log.debug(line, "not answered, trying again");
      else log.warn(line, "still not answered, trying again");
      await sleep(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
