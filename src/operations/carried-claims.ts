/**
 * Claims inside another transition's transaction: a finish takes the next work along, a submit hands its entries to a
 * claim that waits for them. Each of these was a transaction of its own, and a commit.
 */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { Assignment } from "../domain/worker.ts";
import type { CarriedClaim, ClaimRequest } from "../protocol/messages.ts";
import type { DryRoutes } from "../queue/dry-routes.ts";
import type { Reach } from "../queue/reach.ts";
import type { Changes } from "./changes.ts";
import { claimWithin, type ClaimTry } from "./claim.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";

/** A held claim, as far as a hand-over needs it. */
export interface WaitingClaim {
  principal: Principal;
  session: string;
  request: ClaimRequest;
  reach: Reach | undefined;
  /** Set while a submit claims for it: what it got, null = nothing. */
  handed: Promise<Assignment[] | null> | undefined;
}

/** The hand-over of one batch of submits. */
export interface HandOver {
  /** Claims for workers that wait on the routes that got something. May be called again when the transaction is retried. */
  claim(tx: Transaction, changes: Changes): Promise<void>;
  /** After the commit: answers them. */
  deliver(): void;
  /** After a roll-back: they go on waiting. */
  release(): void;
}

export interface CarriedClaims {
  /** The claim of a finish. */
  claimAlong(
    tx: Transaction,
    principal: Principal,
    session: string,
    request: CarriedClaim,
    changes: Changes,
  ): Promise<Assignment[]>;
  handOver(): HandOver;
}

export function createCarriedClaims<C extends WaitingClaim>({
  context,
  reaches,
  dryRoutes,
  firstAsleep,
  wake,
  signal,
  wakeAll,
  passOn,
}: {
  context: Context;
  /** Of sessions that have claimed here before. */
  reaches: ReadonlyMap<string, Reach>;
  dryRoutes: DryRoutes;
  firstAsleep: (route: string) => C | undefined;
  /** Ends its sleep; nothing happens to one that is awake. */
  wake: (held: C) => void;
  signal: (held: C) => void;
  wakeAll: (route: string) => void;
  passOn: (routes: readonly string[]) => void;
}): CarriedClaims {
  /** Nothing is left on these routes, so nothing is to be announced for them. */
  function settle(
    tx: Transaction,
    session: string,
    { slots }: CarriedClaim,
    found: ClaimTry,
    before: number | undefined,
    changes: Changes,
  ): void {
    const { reach } = found;
    if (found.left) tx.afterCommit(() => passOn(reach?.routes ?? []));
    if (found.reserved) tx.afterCommit(() => reach?.routes.forEach(wakeAll));
    if (!reach || !found.empty) return;
    const { selective } = found;
    if (!selective) for (const route of reach.routes) changes.routes.delete(route);
    // What a transaction took that is rolled back is there again.
    if (before !== undefined) tx.afterCommit(() => dryRoutes.isDry(session, { announced: before, slots, selective }));
  }

  async function claimAlong(
    tx: Transaction,
    principal: Principal,
    session: string,
    request: CarriedClaim,
    changes: Changes,
  ): Promise<Assignment[]> {
    const known = reaches.get(session);
    const before = known && dryRoutes.announced(known.routes);
    const found = await claimWithin(context, tx, principal, session, request, { known, holdsLocks: true });
    settle(tx, session, request, found, before, changes);
    return found.assignments;
  }

  function handOver(): HandOver {
    let reserved: Array<{ held: C; got: Assignment[]; settle: (got: Assignment[] | null) => void }> = [];

    function release(): void {
      for (const { held, settle: answer } of reserved) {
        answer(null);
        signal(held);
      }
      reserved = [];
    }

    /** @returns what it got; a claim that can't be served finds out why by itself. */
    async function claimFor(tx: Transaction, held: C, changes: Changes): Promise<Assignment[]> {
      const before = dryRoutes.announced(held.reach!.routes);
      const parts = { known: held.reach, holdsLocks: true };
      try {
        const found = await claimWithin(context, tx, held.principal, held.session, held.request, parts);
        settle(tx, held.session, held.request, found, before, changes);
        return found.assignments;
      } catch (error) {
        if (error instanceof WilcoError) return [];
        throw error;
      }
    }

    return {
      async claim(tx, changes) {
        // This may be the transaction's second attempt.
        release();
        for (const route of changes.queued) {
          const held = firstAsleep(route);
          if (!held) continue;
          const { promise, resolve } = Promise.withResolvers<Assignment[] | null>();
          held.handed = promise;
          wake(held);
          const reservation = { held, got: [] as Assignment[], settle: resolve };
          reserved.push(reservation);
          reservation.got = await claimFor(tx, held, changes);
        }
      },
      deliver() {
        const empty = reserved.filter(({ got }) => got.length === 0);
        for (const { got, settle: answer } of reserved) if (got.length > 0) answer(got);
        reserved = empty;
        release();
      },
      release,
    };
  }

  return { claimAlong, handOver };
}
