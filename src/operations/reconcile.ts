/** Repairs what disagrees with the entries; in a healthy database it finds nothing, so what it finds is counted. */
import { appendEvents } from "../audit/append.ts";
import type { Transaction } from "../database/database.ts";
import { isTerminal, type Status } from "../domain/status.ts";
import { lockResources, promoteHeads, readHeadless } from "../queue/heads.ts";
import type { Context } from "./context.ts";
import { announceQueued, transition, type Changes, type QueuedRow } from "./changes.ts";
import { endEntries, meets, neverMet } from "./end.ts";
import { lockEntries } from "./locked.ts";
import { repairRequests } from "./repair-requests.ts";
import { startRequests } from "./tasks.ts";
import { releaseForcedEntries } from "./sessions.ts";

export interface Repairs {
  /** Resources that had something queued and no head. */
  heads: number;
  /** Entries that waited for nothing any more. */
  blocked: number;
  /** Resources that were held for a worker session which has ended. */
  held: number;
  /** Requests whose counters disagreed with their tasks, or that neither went on nor ended. */
  requests: number;
}

const BATCH = 500;

export async function reconcile(context: Context): Promise<Repairs> {
  const repairs = await transition(context, async (tx, changes) => {
    const found = {
      held: await repairHeld(tx, changes),
      heads: await repairHeads(tx, changes),
      blocked: await repairBlocked(tx, changes),
      requests: await repairRequests(tx, changes),
    };
    return found;
  });
  if (Object.values(repairs).some((count) => count > 0)) context.log.error({ repairs }, "reconciler repaired entries");
  return repairs;
}

/** A forced end holds its resource until the worker answers; nobody will, once its session has ended. */
async function repairHeld(tx: Transaction, changes: Changes): Promise<number> {
  const rows = await tx.query<{ id: number }>(
    `SELECT e.id FROM entry e WHERE e.forced = 1 AND e.head = 1 AND NOT EXISTS (
       SELECT 1 FROM worker w WHERE w.session = e.worker_session AND w.state IN ('starting', 'ready', 'draining'))
     ORDER BY e.id LIMIT ${BATCH}`,
  );
  await releaseForcedEntries(
    tx,
    rows.map((row) => row.id),
    changes,
  );
  return rows.length;
}

/** Resources with something queued and no head would wait for ever. */
async function repairHeads(tx: Transaction, changes: Changes): Promise<number> {
  const resources = await readHeadless(tx, BATCH);
  lockResources(tx, resources);
  promoteHeads(tx, resources, changes.routes);
  return resources.length;
}

/** Blocked entries none of whose dependencies is open any more. */
async function repairBlocked(tx: Transaction, changes: Changes): Promise<number> {
  const rows = await tx.query<{ id: number }>(
    `SELECT e.id FROM entry e WHERE e.status = 'blocked' AND e.held = 0 AND NOT EXISTS (
       SELECT 1 FROM entry_dependency d JOIN entry n ON n.id = d.needs WHERE d.entry = e.id AND n.finished_at IS NULL)
     ORDER BY e.id LIMIT ${BATCH}`,
  );
  if (rows.length === 0) return 0;
  const locked = await lockEntries(
    tx,
    rows.map((row) => row.id),
  );
  const links = await tx.query<{ entry: number; needs: number; condition: string; status: Status }>(
    `SELECT d.entry, d.needs, d.condition, n.status FROM entry_dependency d JOIN entry n ON n.id = d.needs
     WHERE ${tx.dialect.inIds("d.entry", "$1")}`,
    [JSON.stringify([...locked.keys()])],
  );
  const unmet = links.filter((link) => isTerminal(link.status) && !meets(link.condition, link.status));
  const hopeless = new Map(unmet.map((link) => [link.entry, neverMet(link, link.status)]));
  const still = [...locked.values()].filter((entry) => entry.status === "blocked");
  await endEntries(
    tx,
    locked,
    still
      .filter((entry) => hopeless.has(entry.id))
      .map((entry) => ({ id: entry.id, status: "canceled", error: hopeless.get(entry.id)! })),
    changes,
  );
  const free = still.filter((entry) => !hopeless.has(entry.id));
  const now = tx.now();
  const queued = await tx.query<QueuedRow>(
    `UPDATE entry SET status = CASE WHEN kind = 'request' THEN 'running' ELSE 'queued' END, waits = 0, queued_at = $2,
       started_at = CASE WHEN kind = 'request' THEN $2 ELSE started_at END,
       expires_at = CASE WHEN kind = 'request' THEN NULL ELSE $2 + expires_in END, last_event = last_event + 1
     WHERE ${tx.dialect.inIds("id", "$1")} RETURNING id, status, route, exclusive, resource, last_event`,
    [JSON.stringify(free.map((entry) => entry.id)), now],
  );
  appendEvents(
    tx,
    queued.map((row) => ({
      entry: row.id,
      seq: row.last_event,
      at: now,
      type: "queued" as const,
      attempt: 0,
      data: {},
    })),
  );
  announceQueued(tx, queued, changes);
  await startRequests(
    tx,
    queued.filter((row) => row.status === "running").map((row) => row.id),
    changes,
    endEntries,
  );
  return still.length;
}
