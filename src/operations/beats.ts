/**
 * Beats of idle workers, gathered: nothing of theirs is to be renewed, so none is in a hurry, and a thousand of them cost
 * two transactions a second instead of fifty. (Alone, each was 1 ms of the server's time, half of it system calls.)
 */
import type { Transaction } from "../database/database.ts";
import type { ClaimRequest, HeartbeatAnswer } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { heartbeat, healthColumns, type HealthColumns } from "./heartbeat.ts";
import { takeAnswers } from "./orders.ts";
import { isLive, speaksFor } from "./sessions.ts";

export type CarriedBeat = NonNullable<ClaimRequest["beat"]>;

interface Item {
  principal: Principal;
  session: string;
  beat: CarriedBeat;
  resolve(answer: HeartbeatAnswer): void;
  reject(error: unknown): void;
}

export interface Beats {
  /** Resolves within half a second, or soon after `hurry`. @throws WilcoError `session_ended`, `forbidden`. */
  add(principal: Principal, session: string, beat: CarriedBeat): Promise<HeartbeatAnswer>;
  /** Somebody waits for the answer to the session's. Nothing happens when it has been answered. */
  hurry(session: string): void;
}

/** ms that beats are gathered for. */
const GATHERED = 500;
const MAX_BATCH = 500;

/** Kept by each of a thousand claims until it ends, so they are the same for all. */
const NOTHING: HeartbeatAnswer = { cancel: [], lost: [], unlisted: [], drain: false, orders: [] };
const DRAIN: HeartbeatAnswer = { ...NOTHING, drain: true };

const COLUMNS = {
  session: "text",
  state: "text",
  skew: "int",
  free: "int",
  total: "int",
  stats: "text",
} as const;

export function createBeats(context: Context): Beats {
  let waiting: Item[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const items = waiting;
    waiting = [];
    for (let at = 0; at < items.length; at += MAX_BATCH) void answer(items.slice(at, at + MAX_BATCH));
  }

  async function answer(items: Item[]): Promise<void> {
    let answered = new Map<string, HeartbeatAnswer>();
    try {
      answered = await beatTogether(context, onlyOnes(items));
    } catch (error) {
      for (const item of items) item.reject(error);
      return;
    }
    for (const item of items) {
      const together = answered.get(item.session);
      if (together) item.resolve(together);
      else alone(item);
    }
  }

  /** What needs more than a sign of life, or is to be refused. */
  function alone({ principal, session, beat, resolve, reject }: Item): void {
    heartbeat(context, principal, session, { ...beat, leases: [] }).then(resolve, reject);
  }

  return {
    add: (principal, session, beat) =>
      new Promise((resolve, reject) => {
        waiting.push({ principal, session, beat, resolve, reject });
        timer ??= setTimeout(flush, GATHERED);
      }),
    hurry(session) {
      // Of a thousand claims fifty end a second: were each to send off what others gather, nothing would be gathered.
      if (waiting.some((item) => item.session === session)) flush();
    },
  };
}

/** Of each session whose beat came once, that one: of several, each says something of its own, and is asked by itself. */
function onlyOnes(items: readonly Item[]): Map<string, Item> {
  const found = new Map<string, Item>();
  const several = new Set<string>();
  for (const item of items) {
    if (found.has(item.session)) several.add(item.session);
    found.set(item.session, item);
  }
  for (const session of several) found.delete(session);
  return found;
}

/** By session; those are missing that somebody else has locked, that hold entries, or that are refused. */
async function beatTogether(
  context: Context,
  bySession: ReadonlyMap<string, Item>,
): Promise<Map<string, HeartbeatAnswer>> {
  if (bySession.size === 0) return new Map();
  return context.database.transaction(async (tx) => {
    const now = tx.now();
    const rows = await quiet(tx, bySession);
    const told = rows.map(({ session, state }) => {
      const { beat } = bySession.get(session)!;
      const { skew, free, total, stats }: HealthColumns = healthColumns(beat, now);
      return { session, state: state === "draining" ? state : beat.state, skew, free, total, stats };
    });
    tx.send(
      `UPDATE worker SET seen_at = $2, state = v.state, clock_skew = coalesce(v.skew, clock_skew),
         disk_free = coalesce(v.free, disk_free), disk_total = coalesce(v.total, disk_total),
         stats = coalesce(v.stats, worker.stats)
       FROM ${tx.dialect.rows("v", COLUMNS, "$1")} WHERE worker.session = v.session`,
      [JSON.stringify(told), now],
    );
    for (const { session } of told) {
      await takeAnswers(context, tx, session, bySession.get(session)!.beat.answers ?? []);
    }
    return new Map(
      told.map(({ session, state }) => {
        const drain = state === "draining" && bySession.get(session)!.beat.state === "ready";
        return [session, drain ? DRAIN : NOTHING];
      }),
    );
  });
}

interface QuietRow {
  session: string;
  state: string;
  token: string;
}

/** Locks those that hold nothing, and that nobody has an order for which is still open. It waits for no lock. */
async function quiet(tx: Transaction, items: ReadonlyMap<string, Item>): Promise<QuietRow[]> {
  const { forUpdate, skipLocked } = tx.dialect;
  const rows = await tx.query<QuietRow>(
    `SELECT session, state, token FROM worker w WHERE ${tx.dialect.inTexts("session", "$1")}
       AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.worker_session = w.session AND e.status IN ('running', 'canceling'))
       AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.worker_session = w.session AND e.forced = 1 AND e.head = 1)
       AND NOT EXISTS (SELECT 1 FROM worker_order o WHERE o.session = w.session AND o.answered_at IS NULL AND o.expires_at > $2)
     ORDER BY session ${forUpdate} ${skipLocked}`,
    [JSON.stringify([...items.keys()]), tx.now()],
  );
  return rows.filter((row) => isLive(row) && speaksFor(items.get(row.session)!.principal, row));
}
