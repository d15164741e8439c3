/**
 * A claim that takes the worker's heartbeat along: a worker that has nothing to do then holds one request and not two,
 * and sends half as many.
 */
import type { ClaimAnswer, ClaimRequest, HeartbeatAnswer } from "../protocol/messages.ts";
import type { Beats, CarriedBeat } from "./beats.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { hasOrders, heartbeat } from "./heartbeat.ts";
import type { HeldClaims } from "./held-claims.ts";
import type { SessionWatch } from "./session-watch.ts";

export interface BeatingClaimsOptions {
  context: Context;
  claims: Pick<HeldClaims, "claim">;
  beats: Beats;
  watches: SessionWatch;
}

/** Answered as a claim is, and besides as soon as there is something to obey. */
export async function claimWithBeat(
  { context, claims, beats, watches }: BeatingClaimsOptions,
  principal: Principal,
  session: string,
  { beat, ...request }: ClaimRequest & { beat: CarriedBeat },
  signal: AbortSignal,
): Promise<ClaimAnswer> {
  const over = new AbortController();
  const end = () => over.abort();
  // Not waited for: the claim is open meanwhile.
  let answer: Promise<HeartbeatAnswer> = beats.add(principal, session, beat);
  const obeyed = (found: HeartbeatAnswer) => {
    if (hasOrders(found)) end();
    return found;
  };
  answer.then(obeyed, end);
  /** What it finds stays to be obeyed until it is, so nothing is lost with a claim that ends meanwhile. */
  const look = () => {
    answer = answer.then(() => heartbeat(context, principal, session, { leases: [], state: beat.state })).then(obeyed);
    answer.catch(end);
    beats.hurry(session);
  };
  const unwatch = watches.watch(session, look);
  signal.addEventListener("abort", end, { once: true });
  try {
    const { assignments } = await claims.claim(principal, session, request, over.signal);
    beats.hurry(session);
    return { assignments, beat: await answer };
  } finally {
    unwatch();
    signal.removeEventListener("abort", end);
  }
}
