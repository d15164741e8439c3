/**
 * A claim that takes the worker's heartbeat along: a worker that has nothing to do then holds one request and not two,
 * and sends half as many.
 */
import { LightAbort, type LightSignal } from "../core/light-abort.ts";
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

type BeatingClaim = ClaimRequest & { beat: CarriedBeat };

export function hasBeat(request: ClaimRequest): request is BeatingClaim {
  return request.beat !== undefined;
}

/** Answered as a claim is, and besides as soon as there is something to obey. */
export async function claimWithBeat(
  { context, claims, beats, watches }: BeatingClaimsOptions,
  principal: Principal,
  session: string,
  request: BeatingClaim,
  signal: LightSignal,
): Promise<ClaimAnswer> {
  const over = new LightAbort();
  const end = () => over.abort();
  const obeyed = (found: HeartbeatAnswer) => {
    if (hasOrders(found)) end();
    return found;
  };
  // Not waited for: the claim is open meanwhile.
  let answer: Promise<HeartbeatAnswer> = beats.add(principal, session, request.beat).then(obeyed);
  answer.catch(end);
  /** What it finds stays to be obeyed until it is, so nothing is lost with a claim that ends meanwhile. */
  const look = () => {
    const { state } = request.beat;
    answer = answer.then(() => heartbeat(context, principal, session, { leases: [], state })).then(obeyed);
    answer.catch(end);
    beats.hurry(session);
  };
  const unwatch = watches.watch(session, look);
  signal.addEventListener("abort", end, { once: true });
  try {
    const { assignments } = await claims.claim(principal, session, request, over);
    beats.hurry(session);
    return { assignments, beat: await answer };
  } finally {
    unwatch();
    signal.removeEventListener("abort", end);
  }
}
