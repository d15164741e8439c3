/** `resource.waitUntil(…)`: looks by running the type's check anew, so that a stale "up" never lets a script go on. */
import { WilcoError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { availabilityOf } from "../domain/availability.ts";
import type { Entry } from "../domain/entry.ts";
import { pollDelay, type PollPolicy } from "../domain/poll-policy.ts";
import type { Availability } from "../domain/resource.ts";
import type { CallSite } from "./call-site.ts";
import { atCallSite, interrupted, PollLimitReached } from "./errors.ts";
import type { ClientPort } from "./port.ts";

/** "up", "down", or a function of the check's result (null when the check failed), which may be asynchronous. */
export type WaitUntilTarget<P = unknown> =
  | "up"
  | "down"
  | ((result: Json, resource: P) => boolean | PromiseLike<boolean>);

export interface WaitUntilInit<P> {
  port: ClientPort;
  /** ms; only differences count. */
  now: () => number;
  resource: P;
  resourceName: string;
  target: WaitUntilTarget<P>;
  policy: PollPolicy;
  site: CallSite;
  /** Files one check. */
  check: () => Promise<Entry>;
  /** Called with what each check saw, before the target is asked. */
  observed: (availability: Availability) => void;
}

/**
 * One look is one check. A check that can't be submitted ends the wait with that error; a check that fails is an
 * observation ("down"), because that is how a check of commands or HTTP says so.
 * @throws PollLimitReached when `limit` checks, or `waitTimeout`, brought no such observation.
 */
export async function waitUntil<P>(init: WaitUntilInit<P>): Promise<Entry> {
  const { port, now, policy, resource, target, site } = init;
  const deadline = now() + policy.waitTimeout;
  let last: Entry | undefined;
  try {
    for (let looks = 1; ; looks++) {
      last = await init.check();
      const bounds = {
        limit: Infinity,
        waitTimeout: Math.max(1, deadline - now()),
        backoff: 1,
        onLimit: "return",
      } as const;
      const result = await port.wait(last.id, { ...policy, ...bounds });
      last = result.entry;
      if (result.ended) {
        const availability = availabilityOf(last);
        init.observed(availability);
        const accepted = typeof target === "function" ? await target(last.result, resource) : availability === target;
        if (accepted) return last;
      }
      const delay = pollDelay(policy, looks);
      if (!result.ended || looks >= policy.limit || now() + delay > deadline) {
        if (policy.onLimit === "return") return last;
        throw limitReached(init, last, looks);
      }
      await port.sleep(delay);
    }
  } catch (error) {
    const stopped = error instanceof WilcoError && error.code === "interrupted";
    throw atCallSite(stopped ? interrupted(`${init.resourceName} ${wanted(target)}`, last, error) : error, site);
  }
}

/** @throws WilcoError `invalid_request` for anything but "up", "down" or a function. */
export function requireTarget(target: unknown): void {
  if (target === "up" || target === "down" || typeof target === "function") return;
  throw new WilcoError({
    code: "invalid_request",
    message: `waitUntil can't wait for ${typeof target === "string" ? JSON.stringify(target) : String(target)}`,
    hint: 'Write "up", "down", or a function of the check\'s result: (result) => result.ready === true.',
  });
}

function limitReached<P>(init: WaitUntilInit<P>, entry: Entry, looks: number): PollLimitReached {
  const saw = entry.finishedAt === null ? `the last is ${entry.status}` : `the last says ${availabilityOf(entry)}`;
  return new PollLimitReached({
    message: `${init.resourceName} is not ${wanted(init.target)} after ${looks} ${looks === 1 ? "check" : "checks"}, ${saw} (entry ${entry.id})`,
    hint: 'Give it longer: waitUntil("up", { waitTimeout: "2m" }).',
    entry,
  });
}

function wanted(target: WaitUntilTarget<never>): string {
  return typeof target === "string" ? target : "as asked for";
}
