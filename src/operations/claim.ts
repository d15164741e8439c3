/** One try of a claim, in one transaction. Holding it open is the broker's (`held-claims.ts`). */
import { appendEvents } from "../audit/append.ts";
import type { EntryRow } from "../audit/codec.ts";
import type { Transaction } from "../database/database.ts";
import type { Assignment } from "../domain/worker.ts";
import { routesServedBy } from "../domain/route.ts";
import { takeEntries } from "../queue/take.ts";
import { assignmentsOf } from "./assign.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { newChanges, toChange } from "./end.ts";
import { requireSession, type WorkerRow } from "./sessions.ts";

export interface ClaimTry {
  assignments: Assignment[];
  routes: string[];
  /** It took all that it could carry, so more may be waiting for somebody else. */
  full: boolean;
}

/** @throws WilcoError `session_ended`. */
export async function tryClaim(
  context: Context,
  principal: Principal,
  session: string,
  request: { claimId: string; slots: number },
): Promise<ClaimTry> {
  const changes = newChanges();
  return context.database.transaction(async (tx) => {
    const worker = await requireSession(tx, principal, session);
    const routes = routesServedBy({ name: worker.name, zone: worker.zone, roles: JSON.parse(worker.roles) as string[] });
    const repeated = worker.claim_id === request.claimId ? await claimedBefore(tx, session, request.claimId) : [];
    if (repeated.length > 0) {
      // The answer was lost on its way: the same id gets the same entries, from any server.
      return { assignments: await assignmentsOf(context, tx, repeated, tx.now()), routes, full: false };
    }
    const slots = Math.min(request.slots, await freeSlots(tx, worker));
    if (worker.state !== "ready" || slots <= 0) return { assignments: [], routes, full: false };
    const rows = await takeEntries(tx, routes, slots, {
      session,
      worker: worker.name,
      claimId: request.claimId,
      duration: context.settings.lease,
    });
    if (rows.length === 0) return { assignments: [], routes, full: false };
    const now = tx.now();
    await tx.query("UPDATE worker SET claim_id = $2, seen_at = $3 WHERE session = $1", [session, request.claimId, now]);
    await appendEvents(
      tx,
      rows.map((row) => ({
        entry: row.id,
        seq: row.last_event,
        at: now,
        type: "claimed" as const,
        attempt: row.attempt,
        data: { worker: worker.name, waited: now - (row.queued_at ?? now) },
      })),
    );
    for (const row of rows) changes.entries.add(row.id);
    tx.afterCommit(() => context.signals.publish(toChange(changes)));
    return { assignments: await assignmentsOf(context, tx, rows, now), routes, full: rows.length >= slots };
  });
}

function claimedBefore(tx: Transaction, session: string, claimId: string): Promise<EntryRow[]> {
  return tx.query<EntryRow>(
    `SELECT * FROM entry WHERE claim_id = $1 AND worker_session = $2 AND status IN ('running', 'canceling') ORDER BY priority, id`,
    [claimId, session],
  );
}

/** The worker's word about its slots is not enough: a late claim could be counted twice. */
async function freeSlots(tx: Transaction, worker: WorkerRow): Promise<number> {
  const [row] = await tx.query<{ used: number }>(
    "SELECT coalesce(sum(weight), 0) AS used FROM entry WHERE worker_session = $1 AND status IN ('running', 'canceling')",
    [worker.session],
  );
  return worker.capacity - Number(row?.used ?? 0);
}
