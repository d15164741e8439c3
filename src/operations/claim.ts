/** One try of a claim, in one transaction. Holding it open is the broker's (`held-claims.ts`). */
import { appendEvents } from "../audit/append.ts";
import { messageOf } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { OpenedTarget } from "../inventory/targets.ts";
import type { EntryError } from "../domain/entry.ts";
import type { Assignment } from "../domain/worker.ts";
import { mayClaim } from "../queue/eligibility.ts";
import { moveOf } from "../queue/moves.ts";
import { isBanded, reachOf, type Reach } from "../queue/reach.ts";
import {
  CLAIMED_COLUMNS,
  findCandidates,
  readRoom,
  reserve,
  takeEntries,
  withinSlots,
  type ClaimedRow,
} from "../queue/take.ts";
import { assignmentsOf } from "./assign.ts";
import { mergeUpdates } from "./configuration/claimed-updates.ts";
import { refusedByType } from "./changed-types.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { newChanges, toChange, type Changes } from "./changes.ts";
import { endEntries } from "./end.ts";
import { lockEntries } from "./locked.ts";
import { requireSession, type WorkerRow } from "./sessions.ts";
import { storedSecrets } from "./stored-secrets.ts";

export interface ClaimTry {
  assignments: Assignment[];
  /** Unknown only when the worker's row was locked and no earlier try had learned it. */
  reach: Reach | undefined;
  /** It took all that it could carry, so more may be waiting for somebody else. */
  full: boolean;
  /** It looked, and left nothing that it may take. */
  empty: boolean;
  /** Some messages of its routes are not for it: outside of its band, or of types that it can't run. */
  selective: boolean;
  /** By the database it has fewer slots free than it says: a finish may be on its way. */
  short: boolean;
  /** It may pass by what another worker of its routes would take, so waking it alone is not enough. */
  picky: boolean;
  /** It held locks on entries that it did not take: who looked meanwhile has passed them by. */
  left: boolean;
  /** It begins to keep itself free for a heavy entry that others may have the room for already. */
  reserved: boolean;
}

export interface ClaimParts {
  /**
   * The session's reach, when an earlier try learned it: then the candidates are looked for in the same round trip as
   * everything else.
   */
  known?: Reach | undefined;
  /**
   * The transaction holds locks on entries already: it must not wait for the worker's row, whose holder may be waiting
   * for those. When it is locked, nothing is claimed.
   */
  holdsLocks?: boolean;
}

export interface ClaimAsked {
  claimId: string;
  slots: number;
}

/** @throws WilcoError `session_ended`. */
export async function tryClaim(
  context: Context,
  principal: Principal,
  session: string,
  request: ClaimAsked,
  known?: Reach,
): Promise<ClaimTry> {
  return context.database.transaction((tx) => claimWithin(context, tx, principal, session, request, { known }));
}

/**
 * A claim inside another transition's transaction: a finish takes the next work along, a submit hands its entries to a
 * worker that waits for them. Each of these was a transaction of its own, and a commit.
 * @throws WilcoError `session_ended`.
 */
export async function claimWithin(
  context: Context,
  tx: Transaction,
  principal: Principal,
  session: string,
  request: ClaimAsked,
  { known, holdsLocks = false }: ClaimParts,
): Promise<ClaimTry> {
  const [worker, { used, lacking }, repeated, early] = await Promise.all([
    requireSession(tx, principal, session, holdsLocks ? "unless-locked" : "wait"),
    readRoom(tx, session),
    claimedBefore(tx, session, request.claimId),
    known && findCandidates(tx, session, known, request.slots, context.settings.lease),
  ]);
  const reach = known ?? (worker && reachOf(worker));
  const left = (early?.length ?? 0) > 0;
  const nothing = {
    assignments: [],
    reach,
    full: false,
    empty: false,
    selective: true,
    short: false,
    picky: true,
    left,
    reserved: false,
  };
  if (!worker) return { ...nothing, short: true };
  if (repeated.length > 0) {
    // The answer was lost on its way: the same id gets the same entries, from any server, whatever was claimed since.
    return { ...nothing, assignments: await assignmentsOf(context, tx, repeated, tx.now()) };
  }
  const free = worker.capacity - used;
  if (!mayClaim(worker) || free <= 0) return { ...nothing, short: free < request.slots };
  const found = early ?? (await findCandidates(tx, session, reach!, request.slots, context.settings.lease));
  // Its own count may be older than what it finished since: what it has free, the database knows.
  const candidates = withinSlots(found, free, worker.capacity);
  const next = found[candidates.length];
  const heavy = next !== undefined && next.weight > 1 ? next : undefined;
  const reserved = await reserve(tx, worker, heavy?.id ?? null, context.settings.lease);
  const selective = lacking === 1 || isBanded(reach!);
  const outcome = {
    reach,
    reserved,
    full: found.length >= request.slots,
    left: candidates.length < found.length,
    empty: next === undefined && found.length < request.slots,
    selective,
    short: heavy !== undefined || free < request.slots,
    picky: selective || heavy !== undefined || free < request.slots,
  };
  if (candidates.length === 0) return { ...outcome, assignments: [], full: false };
  return { ...outcome, assignments: await handOut(context, tx, worker, request.claimId, candidates) };
}

/** Takes locked, claimable entries under a lease of the worker; those that can't be handed out end instead. */
export async function handOut(
  context: Context,
  tx: Transaction,
  worker: WorkerRow,
  claimId: string,
  candidates: ReadonlyArray<{ id: number; resource: number | null }>,
): Promise<Assignment[]> {
  const lease = { session: worker.session, worker: worker.name, claimId, duration: context.settings.lease };
  const [rows, targets] = await Promise.all([
    takeEntries(
      tx,
      candidates.map(({ id }) => id),
      lease,
    ),
    context.targets.open(tx, [...new Set(candidates.flatMap(({ resource }) => resource ?? []))]),
  ]);
  const changes = recordClaim(context, tx, worker, rows);
  const shut = new Map(rows.flatMap((row) => unopened(context, row, targets)));
  for (const row of rows) {
    const target = targets.get(row.resource ?? 0);
    const refused = target && !shut.has(row.id) ? refusedByType(context, row, target) : null;
    if (refused) shut.set(row.id, refused);
  }
  const updates = rows.filter((row) => row.kind === "configuration" && !shut.has(row.id));
  for (const [id, error] of await mergeUpdates(context, tx, updates, targets)) shut.set(id, error);
  const stored = await storedSecrets(context, tx, rows, targets);
  for (const [id, error] of stored.missing) shut.set(id, error);
  await failUnstarted(tx, shut, changes);
  const open = rows.filter((row) => !shut.has(row.id));
  return assignmentsOf(context, tx, open, tx.now(), { targets, stored });
}

/** The entry's id with what of it stays shut and why; empty when everything opens. */
function unopened(
  { secrets }: Context,
  row: ClaimedRow,
  targets: ReadonlyMap<number, OpenedTarget>,
): Array<[number, EntryError]> {
  const target = targets.get(row.resource ?? 0);
  if (typeof target?.sealed === "string")
    return [[row.id, sealedError(`The connection of ${row.resource_name} can't be opened: ${target.sealed}`)]];
  if (row.sealed === null) return [];
  try {
    secrets.sealer.open(row.sealed);
    return [];
  } catch (error) {
    return [[row.id, sealedError(`The secret parameters of entry ${row.id} can't be opened: ${messageOf(error)}`)]];
  }
}

function sealedError(message: string): EntryError {
  return {
    code: "sealed",
    message,
    source: "system",
    hint: "Give the server the key it was sealed with, or apply the resource again with its secrets.",
  };
}

/** An entry that can't be handed out ends here: claimed again and again, it would block its route for everyone. */
async function failUnstarted(tx: Transaction, shut: ReadonlyMap<number, EntryError>, changes: Changes): Promise<void> {
  if (shut.size === 0) return;
  const ends = [...shut].map(([id, error]) => ({ id, status: "failed" as const, error }));
  await endEntries(tx, await lockEntries(tx, [...shut.keys()]), ends, changes);
}

function recordClaim(context: Context, tx: Transaction, worker: WorkerRow, rows: ClaimedRow[]): Changes {
  const now = tx.now();
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
  for (const row of rows) {
    changes.entries.add(row.id);
    changes.moves.push(moveOf("claimed", row, row.status, now));
  }
  tx.afterCommit(() => context.signals.publish(toChange(changes)));
  return changes;
}

export function claimedBefore(tx: Transaction, session: string, claimId: string): Promise<ClaimedRow[]> {
  return tx.query<ClaimedRow>(
    `SELECT ${CLAIMED_COLUMNS} FROM entry WHERE claim_id = $1 AND worker_session = $2 AND status IN ('running', 'canceling') ORDER BY priority, id`,
    [claimId, session],
  );
}
