/** Forgets entries that people asked for, when somebody has set for how long they are kept: `keep-history`. */
import { formatDuration } from "../../core/durations.ts";
import { deleteEntries } from "../../audit/delete.ts";
import { firstIdSince } from "../../audit/ids-by-time.ts";
import type { Transaction } from "../../database/database.ts";
import type { Context } from "../context.ts";
import { settingOf } from "../settings.ts";

/** Rows a transaction, and bytes of output: many small ones, between which others write. */
const BATCH = 200;
const BATCH_BYTES = 16 * 1024 * 1024;

/** It goes down from the newest, so that the parts of a whole come before it. */
interface Sweep {
  /** Entries below this id are still to be looked at. */
  below: number;
  /** Parts are gone whose wholes had been looked at by then, or in the same moment. */
  again: boolean;
}

interface Candidate {
  id: number;
  parent: number | null;
  output_bytes: number;
  parts: number;
}

/**
 * One pass deletes one batch. An entry goes when the whole that it is part of ended that long ago. What stays: what has
 * parts that stay, what holds its resource until its worker answers, and what a version of a resource was deployed by,
 * for a roll-back runs it again.
 */
export function createForgetHistory(): (context: Context, tx: Transaction) => Promise<boolean> {
  let sweep: Sweep | undefined;
  /** Since it was said last. */
  let deleted = 0;

  return async ({ log }, tx) => {
    const kept = await settingOf(tx, "keep-history");
    if (kept === null) return false;
    const before = tx.now() - kept;
    sweep ??= { below: await firstIdSince(tx, before), again: false };
    const rows = await tx.query<Candidate>(
      `SELECT e.id, e.parent, e.output_bytes,
         CASE WHEN EXISTS (SELECT 1 FROM entry c WHERE c.parent = e.id) THEN 1 ELSE 0 END AS parts
       FROM entry e ${tx.dialect.indexedBy("entry_asked")}
       WHERE e.automatic = 0 AND e.id < $1 AND e.finished_at <= $2 AND e.head = 0
         AND NOT EXISTS (SELECT 1 FROM deployment d WHERE d.entry = e.id)
         AND EXISTS (SELECT 1 FROM entry r WHERE r.id = coalesce(e.root, e.parent, e.id) AND r.finished_at <= $2)
       ORDER BY e.id DESC LIMIT ${BATCH} ${tx.dialect.forUpdate} ${tx.dialect.skipLocked}`,
      [sweep.below, before],
    );
    const taken = upTo(rows, BATCH_BYTES);
    const gone = taken.filter(({ parts }) => parts === 0);
    await deleteEntries(
      tx,
      gone.map(({ id }) => id),
    );
    const again = sweep.again || gone.some(({ parent }) => parent !== null);
    if (taken.length === BATCH || taken.length < rows.length) sweep = { below: taken.at(-1)!.id, again };
    else sweep = again ? { below: await firstIdSince(tx, before), again: false } : undefined;
    const isDone = sweep === undefined;
    tx.afterCommit(() => {
      deleted += gone.length;
      if (!isDone || deleted === 0) return;
      log.info({ deleted, keepHistory: formatDuration(kept) }, "history deleted");
      deleted = 0;
    });
    return !isDone;
  };
}

/** At least one, so that it goes on. */
function upTo(rows: readonly Candidate[], most: number): readonly Candidate[] {
  let bytes = 0;
  const end = rows.findIndex((row, at) => (bytes += row.output_bytes) > most && at > 0);
  return end === -1 ? rows : rows.slice(0, end);
}
