/** What a transaction changed, collected for the signals after its commit. */
import type { Transaction } from "../database/database.ts";
import type { Status } from "../domain/status.ts";
import { promoteHeads } from "../queue/heads.ts";
import type { Change } from "../queue/signals.ts";
import type { Move } from "../queue/moves.ts";
import type { Context } from "./context.ts";

export interface Changes {
  entries: Set<number>;
  /** That got something to claim. Complete only when an answer of the database was awaited since the last change. */
  routes: Set<string>;
  /** Of everything that became queued, whether it can be claimed or waits for its resource. */
  queued: Set<string>;
  sessions: Set<string>;
  freed: Set<string>;
  moves: Move[];
}

/**
 * One transaction whose changes are announced after its commit. Each attempt collects its own: one that was rolled back,
 * for a serialization failure or a lost connection, has changed nothing, and what it would have told must not be told
 * beside what the next one did.
 */
export function transition<T>(
  { database, signals }: Pick<Context, "database" | "signals">,
  work: (tx: Transaction, changes: Changes) => Promise<T>,
): Promise<T> {
  return database.transaction(async (tx) => {
    const changes = newChanges();
    const value = await work(tx, changes);
    tx.afterCommit(() => {
      const change = toChange(changes);
      if (Object.values(change).some((list: readonly unknown[]) => list.length > 0)) signals.publish(change);
    });
    return value;
  });
}

export function newChanges(): Changes {
  return { entries: new Set(), routes: new Set(), queued: new Set(), sessions: new Set(), freed: new Set(), moves: [] };
}

export function toChange(changes: Changes): Change {
  const { entries, routes, sessions, freed, moves } = changes;
  return { entries: [...entries], routes: [...routes], sessions: [...sessions], freed: [...freed], moves };
}

/** What a statement that moves entries to the queue answers with. */
export interface QueuedRow {
  id: number;
  status: Status;
  route: string;
  exclusive: number;
  resource: number | null;
  last_event: number;
}

/** After entries became queued: heads of their resources, and the routes to wake. */
export function announceQueued(
  tx: Transaction,
  queued: ReadonlyArray<Omit<QueuedRow, "last_event">>,
  changes: Changes,
): void {
  const resources: number[] = [];
  for (const row of queued) {
    changes.entries.add(row.id);
    if (row.status !== "queued") continue;
    changes.queued.add(row.route);
    if (row.exclusive === 1 && row.resource !== null) resources.push(row.resource);
    else changes.routes.add(row.route);
  }
  promoteHeads(tx, resources, changes.routes);
}
