/** One try of a claim, in one transaction. Holding it open is the broker's (`held-claims.ts`). */
import { appendEvents } from "../audit/append.ts";
import { messageOf } from "../core/errors.ts";
import type { EntryRow } from "../database/tables.ts";
import type { Transaction } from "../database/database.ts";
import type { OpenedTarget } from "../inventory/targets.ts";
import type { Assignment } from "../domain/worker.ts";
import { mayClaim, routesOf } from "../queue/eligibility.ts";
import { findCandidates, takeEntries, withinSlots } from "../queue/take.ts";
import { assignmentsOf } from "./assign.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { newChanges, toChange, type Changes } from "./changes.ts";
import { endEntries } from "./end.ts";
import { lockEntries } from "./locked.ts";
import { requireSession, type WorkerRow } from "./sessions.ts";

export interface ClaimTry {
  assignments: Assignment[];
  routes: string[];
  /** It took all that it could carry, so more may be waiting for somebody else. */
  full: boolean;
  /** By the database it has fewer slots free than it says: a finish may be on its way. */
  short: boolean;
}

/**
 * @param known the session's routes, when an earlier try learned them: then the candidates are looked for in the same
 *   round trip as everything else. They never change in a session's life.
 * @throws WilcoError `session_ended`.
 */
export async function tryClaim(
  context: Context,
  principal: Principal,
  session: string,
  request: { claimId: string; slots: number },
  known?: readonly string[],
): Promise<ClaimTry> {
  return context.database.transaction(async (tx) => {
    const [worker, used, repeated, early] = await Promise.all([
      requireSession(tx, principal, session, true),
      usedSlots(tx, session),
      claimedBefore(tx, session, request.claimId),
      known && findCandidates(tx, known, request.slots),
    ]);
    const routes = known ? [...known] : routesOf(worker);
    if (worker.claim_id === request.claimId && repeated.length > 0) {
      // The answer was lost on its way: the same id gets the same entries, from any server.
      return { assignments: await assignmentsOf(context, tx, repeated, tx.now()), routes, full: false, short: false };
    }
    const slots = Math.min(request.slots, worker.capacity - used);
    const short = slots < request.slots;
    const nothing = { assignments: [], routes, full: false, short };
    if (!mayClaim(worker) || slots <= 0) return nothing;
    const candidates = withinSlots(early ?? (await findCandidates(tx, routes, slots)), slots);
    if (candidates.length === 0) return nothing;
    const lease = { session, worker: worker.name, claimId: request.claimId, duration: context.settings.lease };
    const [rows, targets] = await Promise.all([
      takeEntries(
        tx,
        candidates.map(({ id }) => id),
        lease,
      ),
      context.targets.open(tx, [...new Set(candidates.flatMap(({ resource }) => resource ?? []))]),
    ]);
    const changes = recordClaim(context, tx, worker, request.claimId, rows);
    const shut = new Map(rows.flatMap((row) => unopened(context, row, targets)));
    await failSealed(tx, shut, changes);
    const open = rows.filter((row) => !shut.has(row.id));
    return {
      assignments: await assignmentsOf(context, tx, open, tx.now(), targets),
      routes,
      full: candidates.length >= slots,
      short,
    };
  });
}

/** The entry's id with what of it stays shut and why; empty when everything opens. */
function unopened(
  { secrets }: Context,
  row: EntryRow,
  targets: ReadonlyMap<number, OpenedTarget>,
): Array<[number, string]> {
  const target = targets.get(row.resource ?? 0);
  if (typeof target?.sealed === "string")
    return [[row.id, `The connection of ${row.resource_name} can't be opened: ${target.sealed}`]];
  if (row.sealed === null) return [];
  try {
    secrets.sealer.open(row.sealed);
    return [];
  } catch (error) {
    return [[row.id, `The secret parameters of entry ${row.id} can't be opened: ${messageOf(error)}`]];
  }
}

/** An entry whose secrets can't be opened ends here: claimed again and again, it would block its route for everyone. */
async function failSealed(tx: Transaction, shut: ReadonlyMap<number, string>, changes: Changes): Promise<void> {
  if (shut.size === 0) return;
  const ends = [...shut].map(([id, message]) => ({
    id,
    status: "failed" as const,
    error: {
      code: "sealed",
      message,
      source: "system" as const,
      hint: "Give the server the key it was sealed with, or apply the resource again with its secrets.",
    },
  }));
  await endEntries(tx, await lockEntries(tx, [...shut.keys()]), ends, changes);
}

function recordClaim(context: Context, tx: Transaction, worker: WorkerRow, claimId: string, rows: EntryRow[]): Changes {
  const now = tx.now();
  tx.send("UPDATE worker SET claim_id = $2, seen_at = $3 WHERE session = $1", [worker.session, claimId, now]);
  appendEvents(
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
  const changes = newChanges();
  for (const row of rows) changes.entries.add(row.id);
  tx.afterCommit(() => context.signals.publish(toChange(changes)));
  return changes;
}

function claimedBefore(tx: Transaction, session: string, claimId: string): Promise<EntryRow[]> {
  return tx.query<EntryRow>(
    `SELECT * FROM entry WHERE claim_id = $1 AND worker_session = $2 AND status IN ('running', 'canceling') ORDER BY priority, id`,
    [claimId, session],
  );
}

/** The worker's word about its slots is not enough: a late claim could be counted twice. */
async function usedSlots(tx: Transaction, session: string): Promise<number> {
  const [row] = await tx.query<{ used: number }>(
    "SELECT coalesce(sum(weight), 0) AS used FROM entry WHERE worker_session = $1 AND status IN ('running', 'canceling')",
    [session],
  );
  return row?.used ?? 0;
}
