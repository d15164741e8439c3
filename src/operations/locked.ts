/** Entries locked for a transition, with what their end will touch. */
import type { EntryRow } from "../database/tables.ts";
import type { Transaction } from "../database/database.ts";
import { lockResources } from "../queue/heads.ts";
import type { MovedRow } from "../queue/moves.ts";

/** The columns that the decision about an entry needs. */
export type LockedEntry = Pick<
  EntryRow,
  | "id"
  | "status"
  | "resource"
  | "exclusive"
  | "head"
  | "forced"
  | "attempt"
  | "tries"
  | "max_attempts"
  | "on_lost"
  | "worker_session"
  | "worker_name"
  | "finish_id"
  | "last_chunk"
  | "output_bytes"
  | "last_event"
  | "parent"
  | "cancel_by"
  | "cancel_reason"
  | "expires_in"
  | "silent"
  | "kind"
  | "route"
  | "seen_at"
  | "lease_expires"
  | "deadline"
  | "held"
> &
  MovedRow;

const LOCKED_COLUMNS = `id, status, resource, exclusive, head, forced, attempt, tries, max_attempts, on_lost,
  worker_session, worker_name, finish_id, last_chunk, output_bytes, last_event, parent, cancel_by, cancel_reason,
  expires_in, silent, kind, route, seen_at, lease_expires, deadline, root, priority, queued_at, started_at, trace,
  resource_name, operation, held`;

interface Dependent {
  entry: number;
  needs: number;
  condition: string;
}

/** Locked entries by id, with the blocked ones that wait for them. */
export type Locked = ReadonlyMap<number, LockedEntry> & { readonly dependents: readonly Dependent[] };

/**
 * Locks entries after the parents and resources that their end would touch: parents, resources, entries, each by id,
 * is the order everywhere. Which those are never changes in an entry's life, so an unlocked read can tell.
 */
export async function lockEntries(tx: Transaction, ids: readonly number[]): Promise<Locked> {
  if (ids.length === 0) return Object.assign(new Map<number, LockedEntry>(), { dependents: [] });
  const list = JSON.stringify(ids);
  if (tx.dialect.forUpdate !== "") {
    const related = await tx.query<{ resource: number | null; parent: number | null }>(
      `SELECT CASE WHEN exclusive = 1 THEN resource END AS resource, parent FROM entry
       WHERE ${tx.dialect.inIds("id", "$1")} AND (parent IS NOT NULL OR (exclusive = 1 AND resource IS NOT NULL))`,
      [list],
    );
    const resources = related.flatMap((row) => row.resource ?? []);
    const tasks = Map.groupBy(
      related.filter((row) => row.parent !== null),
      (row) => row.parent!,
    );
    if (tasks.size > 0) {
      tx.send(`SELECT id FROM entry WHERE ${tx.dialect.inIds("id", "$1")} ORDER BY id ${tx.dialect.forUpdate}`, [
        JSON.stringify([...tasks.keys()]),
      ]);
      for (const [parent, { length }] of tasks) resources.push(...(await resourcesOfNext(tx, parent, length)));
    }
    lockResources(tx, resources);
  }
  // The dependents after the lock, in the same round trip: whoever files one now waits for this transaction.
  const [rows, dependents] = await Promise.all([
    tx.query<LockedEntry>(
      `SELECT ${LOCKED_COLUMNS} FROM entry WHERE ${tx.dialect.inIds("id", "$1")} ORDER BY id ${tx.dialect.forUpdate}`,
      [list],
    ),
    tx.query<Dependent>(
      // A subquery and not a join, which would be made by reading every blocked entry.
      `SELECT d.entry, d.needs, d.condition FROM entry_dependency d
       WHERE ${tx.dialect.inIds("d.needs", "$1")}
         AND (SELECT e.status FROM entry e WHERE e.id = d.entry) = 'blocked' ORDER BY d.entry`,
      [list],
    ),
  ]);
  return Object.assign(new Map(rows.map((row) => [row.id, row])), { dependents });
}

/** Each task that ends lets one more of its request's held tasks in, whose resource then gets a new head. */
async function resourcesOfNext(tx: Transaction, parent: number, tasks: number): Promise<number[]> {
  const rows = await tx.query<{ resource: number | null; exclusive: number }>(
    "SELECT resource, exclusive FROM entry WHERE parent = $1 AND held = 1 ORDER BY id LIMIT $2",
    [parent, tasks],
  );
  return rows.flatMap((row) => (row.exclusive === 1 && row.resource !== null ? [row.resource] : []));
}
