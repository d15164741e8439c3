/**
 * A claim that takes the worker's heartbeat along: a worker that has nothing to do then holds one request and not two,
 * and sends half as many.
 */
import { messageOf } from "../core/errors.ts";
import type { ClaimAnswer, ClaimRequest, HeartbeatAnswer } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { hasOrders, heartbeat } from "./heartbeat.ts";
import type { HeldClaims } from "./held-claims.ts";
import type { SessionWatch } from "./session-watch.ts";

type Beat = NonNullable<ClaimRequest["beat"]>;

/** Answered as a claim is, and besides as soon as there is something to obey. */
export async function claimWithBeat(
  context: Context,
  watches: SessionWatch,
  claims: Pick<HeldClaims, "claim">,
  principal: Principal,
  session: string,
  { beat, ...request }: ClaimRequest & { beat: Beat },
  signal: AbortSignal,
): Promise<ClaimAnswer> {
  const over = new AbortController();
  const end = () => over.abort();
  let answer: HeartbeatAnswer | undefined;
  let looking = false;
  let again = false;

  /** Told of a change, once at a time. What it finds stays to be obeyed until it is, so nothing is lost with a claim that ends meanwhile. */
  async function look(): Promise<void> {
    again = true;
    if (looking) return;
    looking = true;
    try {
      while (again && !over.signal.aborted) {
        again = false;
        answer = await heartbeat(context, principal, session, { leases: [], state: beat.state });
        if (hasOrders(answer)) end();
      }
    } catch (error) {
      // The claim hears of a session that has ended by itself; anything else the worker's next request will find.
      context.log.debug({ error: messageOf(error) }, "a held claim could not look for orders");
    } finally {
      looking = false;
    }
  }

  // Before the first look, so that what comes between the look and the wait is not missed.
  const unwatch = watches.watch(session, () => void look());
  signal.addEventListener("abort", end, { once: true });
  try {
    answer = await heartbeat(context, principal, session, { ...beat, leases: [] });
    if (hasOrders(answer) || signal.aborted) return { assignments: [], beat: answer };
    const { assignments } = await claims.claim(principal, session, request, over.signal);
    return { assignments, beat: answer };
  } finally {
    unwatch();
    signal.removeEventListener("abort", end);
    end();
  }
}
