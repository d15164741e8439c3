/**
 * Asks for work: one held claim at a time, for as many entries as there are free slots. While outcomes are on their way the
 * question travels with them, and the server answers both in one transaction.
 */
import { messageOf } from "../core/errors.ts";
import { randomId } from "../core/ids.ts";
import type { Assignment } from "../domain/worker.ts";
import type { CarriedClaim, ClaimAnswer, ClaimRequest } from "../protocol/messages.ts";
import type { Log } from "../resource-types/log.ts";
import type { WorkerApi } from "./api.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Session } from "./session.ts";
import type { Work } from "./work.ts";

export interface Claims {
  start(): void;
  /** A slot became free. */
  wake(): void;
  /** For the next request that reports outcomes: a claim to take along, when none is open and a slot is free. */
  carry(): CarriedClaim | undefined;
  /** That request was answered; undefined = without assignments, or not at all. */
  carried(assignments: readonly Assignment[] | undefined): void;
  /** Claims nothing more. Resolves when it is known what the last claim was answered with, or that it can't be known. */
  stop(): Promise<void>;
}

export interface ClaimsOptions {
  api: WorkerApi;
  session: Session;
  work: Pick<Work, "take" | "free" | "leases">;
  /** Goes along with the claims of a worker that has nothing leased. */
  heartbeat: Pick<Heartbeat, "carry" | "carried">;
  /** Outcomes are about to be reported, or on their way. */
  finishing: () => boolean;
  /** ms the server may hold a claim open. Default 20,000. */
  wait?: number;
  log: Log;
}

/** Outcomes that the server will not take yet must not keep the free slots idle, ms. */
const PATIENCE = 250;
/** For the last look at stop; what it misses, the worker's goodbye gives back. */
const LAST_LOOK = 5_000;

export function createClaims({ api, session, work, heartbeat, finishing, wait = 20_000, log }: ClaimsOptions): Claims {
  const stopping = new AbortController();
  let wakeUp: () => void = () => {};
  let loop: Promise<void> | undefined;
  let open: { session: string; body: ClaimRequest } | null = null;
  let patient = true;
  /** The last claim was held to its end for nothing. */
  let quiet = false;
  /** It was answered early, with orders: they take a moment, and until then would be answered at once again. */
  let obeyed = false;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const slots = work.free();
      if (slots === 0) await woken();
      else if (finishing() && patient) await woken(PATIENCE);
      else {
        patient = true;
        takeAll(await claim(slots));
      }
    }
  }

  /** @param ms when it passes, the next outcome is not waited for again. */
  function woken(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(giveUp, ms);
      function giveUp(): void {
        patient = false;
        resolve();
      }
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The same id until it is answered: the server then hands out the same entries, not others. */
  async function claim(slots: number): Promise<ClaimAnswer> {
    const { signal } = stopping;
    const ask = async (id: string): Promise<ClaimAnswer> => {
      // A new session knows nothing of the old one's claims.
      if (open?.session !== id) open = { session: id, body: { claimId: randomId(), slots, wait } };
      const { body } = open;
      const isIdle = quiet && work.leases().length === 0;
      const answer = isIdle ? await beating(id, body) : await api.claim(id, body, { signal });
      quiet = answer.assignments.length === 0 && !obeyed;
      obeyed = false;
      open = null;
      return answer;
    };
    return session.call("claim", ask, signal);
  }

  /**
   * With nothing leased there is nothing to renew: one request is held instead of two. Not when it has just been at work
   * and soon may be again: a beat is a transaction, which a claim on a route known to be empty is not.
   */
  async function beating(id: string, body: ClaimRequest): Promise<ClaimAnswer> {
    let answer: ClaimAnswer | undefined;
    try {
      const beat = await heartbeat.carry();
      // A server that hears nothing of a worker for a whole lease takes it for silent.
      const held = Math.min(body.wait, Math.floor((session.current().lease * 2) / 3));
      answer = await api.claim(id, { ...body, wait: held, beat }, { signal: stopping.signal });
      return answer;
    } finally {
      obeyed = heartbeat.carried(answer?.beat);
    }
  }

  function takeAll({ assignments }: ClaimAnswer): void {
    for (const assignment of assignments) work.take(assignment);
  }

  /** The held claim may have been answered on the way: asked again with its id and without waiting, it tells. */
  async function lastLook(): Promise<void> {
    if (!open) return;
    const { session: id, body } = open;
    try {
      takeAll(await api.claim(id, { ...body, wait: 0 }, { timeout: LAST_LOOK }));
    } catch (error) {
      log.debug({ error: messageOf(error) }, "the last claim stays unanswered");
    }
  }

  return {
    carry() {
      const slots = work.free();
      if (open || slots === 0 || stopping.signal.aborted) return undefined;
      return { claimId: randomId(), slots };
    },
    carried(assignments) {
      for (const assignment of assignments ?? []) work.take(assignment);
      // The rest of the slots, if there is one, is for a held claim.
      setImmediate(() => wakeUp());
    },
    start() {
      loop ??= run().catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error: messageOf(error) }, "the worker claims nothing more");
      });
    },
    wake() {
      // After this turn of the event loop, so that one claim asks for all slots that become free within it.
      setImmediate(() => wakeUp());
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      wakeUp();
      await loop;
      await lastLook();
    },
  };
}
