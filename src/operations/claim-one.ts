/** Claims one entry by its id, to run it by hand: under the rules of every claim, with the rule named that forbids it. */
import { unknownEntry } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { CLAIMABLE } from "../database/dialect.ts";
import type { EntryRow } from "../database/tables.ts";
import { isInBand } from "../domain/priority.ts";
import { isTerminal } from "../domain/status.ts";
import type { ClaimAnswer } from "../protocol/messages.ts";
import { mayClaim } from "../queue/eligibility.ts";
import { readPausedRoute } from "../queue/paused.ts";
import { reachOf, type Reach } from "../queue/reach.ts";
import { readRoom, withinSlots } from "../queue/take.ts";
import { assignmentsOf } from "./assign.ts";
import { claimedBefore, handOut } from "./claim.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { requireSession } from "./sessions.ts";

/**
 * @throws WilcoError `session_ended`; `unknown_entry`, `already_ended`; `conflict` when a rule of the claim is against
 *   it. It does not wait: who runs an entry by hand wants to know.
 */
export async function claimOne(
  context: Context,
  principal: Principal,
  session: string,
  request: { claimId: string; entry: number },
): Promise<ClaimAnswer> {
  return context.database.transaction(async (tx) => {
    const [worker, { used }, repeated] = await Promise.all([
      requireSession(tx, principal, session, "wait"),
      readRoom(tx, session),
      claimedBefore(tx, session, request.claimId),
    ]);
    if (repeated.length > 0) {
      return { assignments: await assignmentsOf(context, tx, repeated, tx.now()) };
    }
    const entry = await lockEntry(tx, request.entry);
    await requireClaimable(tx, entry, reachOf(worker));
    const free = mayClaim(worker) ? worker.capacity - used : 0;
    if (withinSlots([entry], free, worker.capacity).length === 0)
      throw conflict(entry, "this worker has no room for it");
    return { assignments: await handOut(context, tx, worker, request.claimId, [entry]) };
  });
}

async function lockEntry(tx: Transaction, id: number): Promise<EntryRow & { claimable: number }> {
  const [row] = await tx.query<EntryRow & { claimable: number }>(
    `SELECT *, CASE WHEN ${CLAIMABLE} THEN 1 ELSE 0 END AS claimable FROM entry WHERE id = $1 ${tx.dialect.forUpdate}`,
    [id],
  );
  if (row) return row;
  throw unknownEntry(id);
}

async function requireClaimable(
  tx: Transaction,
  entry: EntryRow & { claimable: number },
  { routes, band }: Reach,
): Promise<void> {
  if (isTerminal(entry.status)) {
    throw new WilcoError({
      code: "already_ended",
      message: `Entry ${entry.id} has ended as ${entry.status}`,
      hint: `File it again with: wilco entry retry ${entry.id} --no-wait`,
    });
  }
  if (!routes.includes(entry.route)) {
    const [zone, role] = entry.route.split("/") as [string, string];
    throw conflict(
      entry,
      `its route is ${entry.route}, and this worker serves ${routes.join(", ")}`,
      zone === "worker" ? `Start it with --name ${role}.` : `Start it with --zone ${zone} --role ${role}.`,
    );
  }
  if (entry.status === "running" || entry.status === "canceling") {
    throw conflict(entry, `it is ${entry.status} on the worker ${entry.worker_name}`);
  }
  if (entry.status !== "queued") throw conflict(entry, `it is ${entry.status}`);
  const paused = await readPausedRoute(tx, entry.route);
  if (paused) throw conflict(entry, `its route ${entry.route} was paused by ${paused.paused_by}`);
  if (!isInBand(band, entry.priority)) throw conflict(entry, `its priority ${entry.priority} is outside of the band`);
  if (entry.claimable === 0)
    throw conflict(entry, `another operation has ${entry.resource_name}, or is before it there`);
}

function conflict(
  entry: EntryRow,
  why: string,
  hint = `See what it waits for with: wilco entry why ${entry.id}`,
): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: `Entry ${entry.id} can't be claimed: ${why}`,
    hint,
    details: { entry: entry.id },
  });
}
