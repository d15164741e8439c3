/** Renews the leases, obeys what the answers say, and notices when no answer comes for a whole lease. */
import { backoffDelay } from "../core/backoff.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import type { ClaimRequest, HeartbeatAnswer, HeartbeatRequest, OrderAnswer } from "../protocol/messages.ts";
import type { WorkerCounts } from "../domain/worker.ts";
import type { Log } from "../resource-types/log.ts";
import type { WorkerApi } from "./api.ts";
import type { Orders } from "./orders.ts";
import type { Session } from "./session.ts";
import type { Work } from "./work.ts";

export interface Heartbeat {
  start(): void;
  /** Beats at once, for instance because there is a new session. */
  beat(): void;
  /** Says "draining" from now on. */
  drain(): void;
  /**
   * The beat of a worker that has nothing leased, for its claim to take along. Until that is answered (`carried`) none is
   * sent by itself, unless there is something to say.
   */
  carry(): Promise<CarriedBeat>;
  /** The claim came back; without an answer to its beat when it failed. @returns whether there was something to obey. */
  carried(answer?: HeartbeatAnswer): boolean;
  stop(): Promise<void>;
}

export type CarriedBeat = NonNullable<ClaimRequest["beat"]>;

export interface HeartbeatOptions {
  api: WorkerApi;
  session: Session;
  work: Pick<Work, "leases" | "abort" | "take" | "lapse" | "counts">;
  orders: Orders;
  /** Monotonic ms: a clock that somebody sets must not end anything. */
  now: () => number;
  log: Log;
  /** Told with each beat. */
  health: () => Promise<NonNullable<HeartbeatRequest["health"]>>;
  /** The server asks this worker to finish what runs and stop. */
  onDrain: () => void;
}

/** ms after orders until the next heartbeat. */
const ORDERS_AGAIN = 500;
/** ms after a claim that took the beat along: what is done by then, or the next such claim, needs no beat. */
const SETTLING = 100;
/** ms for what is said at the very end. */
const LAST_ANSWERS = 2_000;

export function createHeartbeat({
  api,
  session,
  work,
  orders,
  now,
  log,
  health,
  onDrain,
}: HeartbeatOptions): Heartbeat {
  const stopping = new AbortController();
  let state: "ready" | "draining" = "ready";
  let loop: Promise<void> | undefined;
  let lapseTimer: NodeJS.Timeout | undefined;
  let answeredAt = 0;
  let lapsed = false;
  let hurry = false;
  /** A claim has the beat with it. */
  let carrying = false;
  /** What it brought was leased some time before it arrived: a beat that is not held is to say when. */
  let confirm = false;
  /** Answers to orders that went along. */
  let given: OrderAnswer[] = [];
  let settling: NodeJS.Timeout | undefined;
  let endPause: () => void = () => {};

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      if (carrying && !hurry) {
        await pause();
        continue;
      }
      const { heartbeat } = session.current();
      hurry = false;
      const sent = now();
      const result = await attempt();
      failures = result === "unanswered" ? failures + 1 : 0;
      const delay = {
        // The server held it open for as long as there was nothing to obey; whoever does not hold is asked as often.
        quiet: Math.max(0, heartbeat - (now() - sent)),
        // What was ordered takes a moment to happen; until then the answer would be the same, and at once.
        orders: Math.min(heartbeat, ORDERS_AGAIN),
        // Repeated soon: there may be less than a lease left.
        unanswered: Math.min(heartbeat, backoffDelay(failures - 1, { first: 100, max: 5_000 })),
      }[result];
      // A stop during the attempt found no pause to end: one that began now would hold it up for a whole heartbeat.
      if (!hurry && !stopping.signal.aborted) await pause(delay);
    }
  }

  async function attempt(): Promise<"quiet" | "orders" | "unanswered"> {
    const { session: id, heartbeat, lease } = session.current();
    const told = await tell();
    // Counted from when it was sent: the server has renewed the leases some time after that.
    const sent = now();
    try {
      // Held by the server while there is nothing to obey, so that a cancel arrives at once and not at the next beat.
      const wait = confirm ? 0 : Math.min(heartbeat, Math.floor(lease / 3));
      const timeout = wait + Math.max(1_000, Math.min(heartbeat, lease / 3));
      const answer = await api.heartbeat(
        id,
        { leases: work.leases(), wait, ...told },
        { timeout, signal: stopping.signal },
      );
      answered(sent);
      orders.confirm(told.answers);
      if (confirm) hurry = true;
      confirm = false;
      return obey(answer) ? "orders" : "quiet";
    } catch (error) {
      if (stopping.signal.aborted) return "quiet";
      if (error instanceof WilcoError && error.code === "session_ended") {
        // A refusal to register again stops the worker by way of the session.
        await session.renew(id).catch(() => {});
        answered(session.registeredAt());
        hurry = true;
        return "quiet";
      }
      log.warn({ error: messageOf(error) }, "the heartbeat was not answered");
      return "unanswered";
    }
  }

  async function tell(): Promise<CarriedBeat & { answers: OrderAnswer[] }> {
    const told = await health();
    return { state, health: told, counts: countsOf(work), answers: orders.unsent() };
  }

  function answered(sent: number): void {
    answeredAt = Math.max(answeredAt, sent);
    if (lapsed) log.warn({}, "the server answers again");
    lapsed = false;
    armLapse();
  }

  function armLapse(): void {
    clearTimeout(lapseTimer);
    const left = answeredAt + session.current().lease - now();
    lapseTimer = setTimeout(lapse, Math.max(0, left));
  }

  /** A timer may fire late or early; the clock decides. */
  function lapse(): void {
    if (stopping.signal.aborted || lapsed) return;
    if (now() - answeredAt < session.current().lease) return armLapse();
    // Its answer is held for longer than that, and there is nothing to lose.
    if (carrying && work.leases().length === 0) return;
    lapsed = true;
    log.error(
      { lease: session.current().lease },
      "no heartbeat was answered for a whole lease: ending what may be repeated elsewhere",
    );
    work.lapse();
  }

  function obey({ cancel, lost, unlisted, drain, orders: given }: HeartbeatAnswer): boolean {
    for (const lease of cancel) work.abort(lease, "cancel");
    for (const lease of lost) work.abort(lease, "lost");
    for (const assignment of unlisted ?? []) work.take(assignment);
    orders.obey(given ?? []);
    if (drain) onDrain();
    return drain || cancel.length + lost.length + (unlisted ?? []).length + (given ?? []).length > 0;
  }

  /** Who asked for the stop should hear that it is obeyed; the lease of the session may be all that is left to end. */
  async function lastAnswers(): Promise<void> {
    const answers = orders.unsent();
    if (answers.length === 0) return;
    const body = { leases: work.leases(), state, answers };
    await api
      .heartbeat(session.current().session, body, { timeout: LAST_ANSWERS })
      .catch((error: unknown) => log.debug({ error: messageOf(error) }, "the last answers were not taken"));
  }

  /** @param ms default: until it is ended. */
  function pause(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function beat(): void {
    hurry = true;
    endPause();
  }

  return {
    beat,
    start() {
      answered(session.registeredAt());
      loop ??= run();
    },
    async carry() {
      clearTimeout(settling);
      carrying = true;
      const beat = await tell();
      given = beat.answers;
      return beat;
    },
    carried(answer) {
      carrying = false;
      settling = setTimeout(() => endPause(), SETTLING);
      if (!answer) return false;
      // Whatever it brought, the server has just answered; when exactly, the next beat says.
      answered(now());
      orders.confirm(given);
      confirm = true;
      return obey(answer);
    },
    drain() {
      state = "draining";
      beat();
    },
    async stop() {
      stopping.abort();
      clearTimeout(lapseTimer);
      clearTimeout(settling);
      endPause();
      await loop;
      await lastAnswers();
    },
  };
}

function countsOf(work: Pick<Work, "counts">): WorkerCounts {
  return { ...work.counts(), memory: process.memoryUsage.rss() };
}
