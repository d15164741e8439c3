/**
 * What happens by time alone: due, expiry, unserved routes, lapsed leases, deadlines, silent workers, repairs. Each
 * pass is one transaction over a bounded batch, under a lock, so that of several servers one does it.
 */
import { messageOf } from "../core/errors.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { fileDue } from "./automatic/file-due.ts";
import { createForgetHistory } from "./forget/history.ts";
import { forgetChanges, forgetEntries, forgetFindings, forgetSamples } from "./forget/observations.ts";
import { forgetSessions } from "./forget/sessions.ts";
import { PASSES, type Pass } from "./maintenance-passes.ts";
import type { Context } from "./context.ts";
import { transition } from "./changes.ts";
import { keepTick } from "./reaper-tick.ts";
import { reconcile } from "./reconcile.ts";

export interface Maintenance {
  start(): void;
  /** Looks now instead of at the next tick: something was scheduled. */
  wake(): void;
  stop(): Promise<void>;
  /** One round of every pass, for tests and for the start. */
  round(): Promise<void>;
}

/** ms a round: what is due must not wait until a year of history is deleted. */
const FORGETTING = 250;

/** @param takeFound takes findings that rules select; locks the inventory by itself, so it needs no lock of a pass. */
export function createMaintenance(
  context: Context,
  validator: SchemaValidator,
  takeFound: () => Promise<unknown> = async () => {},
): Maintenance {
  const passes: Pass[] = [
    ...Object.values(PASSES),
    async (_context, tx, changes) => {
      await fileDue(context, validator, tx, changes);
      return false;
    },
  ];
  const forget = [forgetEntries, forgetSamples, forgetChanges, forgetFindings, createForgetHistory(), forgetSessions];
  /** Of these, where there was more to forget than in one round. */
  let forgetting: readonly Pass[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let started = false;
  let stopped = false;
  let reconciledAt = -Infinity;

  async function round(): Promise<void> {
    for (const pass of passes) while (await runPass(context, pass)) if (stopped) return;
    await takeFound();
    if (performance.now() - reconciledAt >= context.settings.reconcileEvery) {
      reconciledAt = performance.now();
      // With the repairs: a look at what may be forgotten costs more than one at what is due.
      if (forgetting.length === 0) forgetting = forget;
      await reconcile(context);
    }
    const until = performance.now() + FORGETTING;
    while (forgetting.length > 0 && performance.now() < until && !stopped) {
      // One that throws is tried again with the next repairs, and those behind it before.
      const [next, ...others] = forgetting;
      forgetting = others;
      if (await runPass(context, next!)) forgetting = [...others, next!];
    }
  }

  async function tick(): Promise<void> {
    try {
      await round();
    } catch (error) {
      // The next tick tries again; whoever waits for the database to come back is told by its own call.
      context.log.warn({ error: messageOf(error) }, "maintenance failed, it will be repeated");
    }
    running = undefined;
    if (!stopped) schedule(await nextDelay(context));
  }

  function schedule(delay: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => (running = tick()), delay);
    timer.unref();
  }

  return {
    round,
    start() {
      started = true;
      schedule(0);
    },
    wake: () => {
      if (started && !stopped && !running) schedule(0);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Sleeps until the next due time, at most one tick. */
async function nextDelay(context: Context): Promise<number> {
  const { tick } = context.settings;
  try {
    const [row] = await context.database.query<{ next: number | null }>(
      "SELECT min(deliver_at) AS next FROM entry WHERE status = 'scheduled'",
    );
    return row?.next ? Math.max(1, Math.min(tick, row.next - Date.now())) : tick;
  } catch {
    return tick;
  }
}

async function runPass(context: Context, pass: Pass): Promise<boolean> {
  return transition(context, async (tx, changes) => {
    if (tx.dialect.maintenanceLock !== "") {
      const [row] = await tx.query<{ locked: number }>(tx.dialect.maintenanceLock);
      if (row?.locked !== 1) return false;
    }
    await keepTick(context.settings, tx);
    const more = await pass(context, tx, changes);
    return more;
  });
}
