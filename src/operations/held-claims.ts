/**
 * The claim broker: keeps claims of idle workers open and wakes one of them for each route that got something. One held
 * claim a session; a newer one replaces it. A floor looks for what no signal announced, once for all held claims.
 */
import { messageOf } from "../core/errors.ts";
import type { LightSignal } from "../core/light-abort.ts";
import { createMultiMap } from "../core/multi-map.ts";
import { CLAIMABLE, notPaused } from "../database/dialect.ts";
import type { Assignment } from "../domain/worker.ts";
import type { ClaimAnswer, ClaimRequest } from "../protocol/messages.ts";
import { createDryRoutes } from "../queue/dry-routes.ts";
import { isBanded, type Reach } from "../queue/reach.ts";
import { createCarriedClaims, type CarriedClaims, type WaitingClaim } from "./carried-claims.ts";
import { tryClaim } from "./claim.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";

interface Held extends WaitingClaim {
  /** A signal that came while it was trying. */
  signalled: boolean;
  /** While it tries, and after a try that found fewer free slots than it has: a finish is worth another try. */
  short: boolean;
  /** By its last try it may pass by what others would take; so may one that has not tried yet. */
  picky: boolean;
  /** Its last try left entries that it had locked. */
  leaves: boolean;
  ended: boolean;
  /** Only while it sleeps: both end that. */
  timer: NodeJS.Timeout | undefined;
  resolve: ((woken: boolean) => void) | undefined;
}

export interface HeldClaims extends CarriedClaims {
  claim(principal: Principal, session: string, request: ClaimRequest, signal: LightSignal): Promise<ClaimAnswer>;
  /** Whether a claim of the session is held open here. */
  isAsking(session: string): boolean;
  /** Claims that are held open. */
  size(): number;
  stop(): void;
}

export function createHeldClaims(context: Context): HeldClaims {
  const bySession = new Map<string, Held>();
  /** Learned at a session's first claim; forgotten when it ends. */
  const reaches = new Map<string, Reach>();
  /** Only claims that sleep; the first is the one that has waited longest. */
  const sleeping = createMultiMap<Held>();
  const dryRoutes = createDryRoutes();
  let floorTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  const unsubscribe = context.signals.subscribe((change) => {
    dryRoutes.receive(change);
    if (change === null) {
      for (const held of bySession.values()) signal(held);
      return;
    }
    for (const route of change.routes ?? []) wakeOne(route);
    for (const session of change.sessions ?? []) {
      const held = bySession.get(session);
      dryRoutes.forget(session);
      if (held) signal(held);
      else reaches.delete(session);
    }
    for (const session of change.freed ?? []) {
      const held = bySession.get(session);
      if (!held?.short) continue;
      held.leaves = false;
      signal(held);
    }
  });

  function signal(held: Held): void {
    held.signalled = true;
    wake(held);
  }

  function wakeOne(route: string): void {
    for (const held of sleeping.get(route)) {
      signal(held);
      // It may be outside of a worker's band, of a type that it does not have, or behind a heavy one that it keeps itself
      // free for; the first one that takes whatever comes will do.
      if (!held.picky) return;
    }
    // Nobody else sleeps on it: whoever is trying now must look once more.
    for (const held of bySession.values()) if (held.reach?.routes.includes(route)) held.signalled = true;
  }

  function wakeFirst(route: string): void {
    const [first] = sleeping.get(route);
    if (first) signal(first);
  }

  /** Also those that are trying: they may have passed an entry by while the transaction that lets go of it now had it. */
  function wakeAll(route: string): void {
    dryRoutes.receive({ routes: [route] });
    for (const held of bySession.values()) if (held.reach?.routes.includes(route)) signal(held);
  }

  /** After a try that locked entries and left them. Not to those that did the same: they would wake each other for ever. */
  function passOn(routes: readonly string[], from?: Held): void {
    dryRoutes.receive({ routes });
    for (const held of bySession.values()) {
      if (held !== from && !held.leaves && held.reach?.routes.some((route) => routes.includes(route))) signal(held);
    }
  }

  /** Replaces the session's claim that is open. */
  function open(principal: Principal, session: string, request: ClaimRequest): Held {
    const before = bySession.get(session);
    if (before) end(before);
    const held: Held = {
      principal,
      session,
      request,
      handed: undefined,
      reach: reaches.get(session),
      signalled: false,
      short: true,
      picky: true,
      leaves: false,
      ended: false,
      timer: undefined,
      resolve: undefined,
    };
    bySession.set(session, held);
    return held;
  }

  function end(held: Held): void {
    held.ended = true;
    wake(held);
  }

  function believesDry(held: Held): boolean {
    const found = held.reach && dryRoutes.stillDry(held.session, held.reach.routes, held.request.slots);
    if (!found) return false;
    held.picky = found.selective;
    // It had room for more than there was: slots that become free say nothing new.
    held.short = false;
    return true;
  }

  /** Apart from the claim itself: what it works with is gone when the claim sleeps. */
  async function look(held: Held): Promise<Assignment[]> {
    const { principal, session, request } = held;
    held.short = true;
    const before = held.reach && dryRoutes.announced(held.reach.routes);
    const found = await tryClaim(context, principal, session, request, held.reach);
    held.short = found.short;
    const { empty, selective } = found;
    if (before !== undefined && empty) dryRoutes.isDry(session, { announced: before, slots: request.slots, selective });
    if (!held.reach) {
      // Only now are its routes known, and what was signalled before was not for them: look once more.
      held.reach = found.reach;
      if (found.reach) reaches.set(session, found.reach);
      held.signalled = found.assignments.length === 0;
    }
    const routes = found.reach?.routes ?? [];
    if (found.reserved) for (const route of routes) wakeAll(route);
    const turnedPicky = found.picky && !held.picky;
    held.picky = found.picky;
    held.leaves = found.left;
    if (found.left) passOn(routes, held);
    // One that turned picky was woken as one that takes whatever comes, and nobody else was.
    const isForOthers = found.assignments.length > 0 ? found.full : turnedPicky;
    if (isForOthers) for (const route of routes) wakeOne(route);
    return found.assignments;
  }

  /** Sleeps until a signal or a replacement; @returns false when the time was over before. */
  function sleep(held: Held, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (held.signalled || held.ended || stopped || ms <= 0) return resolve(true);
      for (const route of held.reach?.routes ?? []) sleeping.add(route, held);
      held.resolve = resolve;
      // Functions of its own for each of thousands would be most of what a claim that sleeps takes.
      held.timer = setTimeout(wake, ms, held, false);
      startFloor();
    });
  }

  /** Nothing happens to one that is awake. */
  function wake(held: Held, woken = true): void {
    const { resolve } = held;
    if (!resolve) return;
    clearTimeout(held.timer);
    held.timer = undefined;
    held.resolve = undefined;
    for (const route of held.reach?.routes ?? []) sleeping.delete(route, held);
    resolve(woken);
  }

  function startFloor(): void {
    floorTimer ??= setTimeout(() => void floor(), context.settings.pollFloor).unref();
  }

  async function floor(): Promise<void> {
    const routes = [...sleeping.keys()];
    try {
      if (routes.length > 0) {
        const rows = await context.database.query<{ route: string }>(
          `SELECT v.route FROM ${context.database.dialect.rows("v", { route: "text" }, "$1")}
           WHERE EXISTS (SELECT 1 FROM entry WHERE entry.route = v.route AND ${CLAIMABLE}) AND ${notPaused("v.route")}`,
          [JSON.stringify(routes.map((route) => ({ route })))],
        );
        // One a look, another each time: for all that a band keeps from it, this is how often it may be asked in vain.
        for (const row of rows) wakeFirst(row.route);
      }
    } catch (error) {
      context.log.warn({ error: messageOf(error) }, "the claim floor could not look");
    }
    floorTimer = undefined;
    if (sleeping.size > 0 && !stopped) startFloor();
  }

  /** One that sleeps and takes whatever its routes have. What is outside of a band would leave its worker empty-handed. */
  function firstAsleep(route: string): Held | undefined {
    for (const held of sleeping.get(route)) if (held.reach && !isBanded(held.reach)) return held;
    return undefined;
  }

  return {
    ...createCarriedClaims({ context, reaches, dryRoutes, firstAsleep, wake, signal, wakeAll, passOn }),
    async claim(principal, session, request, abort) {
      const until = performance.now() + request.wait;
      const held = open(principal, session, request);
      const onAbort = () => end(held);
      abort.addEventListener("abort", onAbort, { once: true });
      try {
        // With no time to wait the question is what there is now, whatever is believed.
        let dry = request.wait > 0 && believesDry(held);
        for (;;) {
          if (held.ended || stopped) return { assignments: [] };
          held.signalled = false;
          if (!dry) {
            const assignments = await look(held);
            if (assignments.length > 0) return { assignments };
          }
          const left = until - performance.now();
          if (left <= 0) return { assignments: [] };
          // Had there been something, a signal or the floor would have said so: with a thousand of them it shows.
          if (!(await sleep(held, left))) return { assignments: [] };
          // Whatever woke it is worth a look: the floor finds what was never announced.
          dry = false;
          const handed = await held.handed;
          held.handed = undefined;
          if (handed) return { assignments: handed };
        }
      } catch (error) {
        reaches.delete(session);
        dryRoutes.forget(session);
        throw error;
      } finally {
        abort.removeEventListener("abort", onAbort);
        held.ended = true;
        if (bySession.get(session) === held) bySession.delete(session);
      }
    },
    size: () => bySession.size,
    isAsking: (session) => bySession.has(session),
    stop() {
      stopped = true;
      unsubscribe();
      clearTimeout(floorTimer);
      for (const held of bySession.values()) wake(held);
    },
  };
}
