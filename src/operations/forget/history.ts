/** Forgets entries that people asked for, when somebody has set for how long they are kept: `keep-history`. */
import { formatDuration } from "../../core/durations.ts";
import { deleteEntries } from "../../audit/delete.ts";
import { firstIdSince } from "../../audit/ids-by-time.ts";
import type { Transaction } from "../../database/database.ts";
import type { Context } from "../context.ts";
import { settingOf } from "../settings.ts";

/** Rows a transaction, and about as many bytes: many small ones, between which others write. */
const BATCH = 200;
const BATCH_BYTES = 16 * 1024 * 1024;
/** Ids a transaction: what stays is looked at by every sweep. */
const WINDOW = 20_000;
/** A sweep begins once an hour: with every sixtieth comparison of the reconciler's. */
const RARELY = 60;

/** It goes down from the newest, so that the parts of a whole come before it. */
interface Sweep {
  /** Entries below this id are still to be looked at, down to the first. */
  below: number;
  first: number;
  /** Parts are gone whose wholes had been looked at by then, or in the same moment. */
  again: boolean;
}

interface Candidate {
  id: number;
  parent: number | null;
  bytes: number;
  /** It has some. */
  parts: number;
}

/**
 * One pass deletes one batch. An entry goes when it, what it is a part of, and the whole of that ended that long ago. What
 * stays: what has parts that stay, what holds its resource until its worker answers, what a version of a resource was
 * deployed by, for a roll-back runs it again, and the other tasks of the request of that, for its result counts them.
 */
export function createForgetHistory(): (context: Context, tx: Transaction) => Promise<boolean> {
  let sweep: Sweep | undefined;
  let kept: number | null = null;
  let restsUntil = -Infinity;
  /** Since it was said last. */
  let deleted = 0;

  return async ({ log, settings }, tx) => {
    const asked = await settingOf(tx, "keep-history");
    if (asked !== kept) [kept, sweep, restsUntil] = [asked, undefined, -Infinity];
    if (asked === null || (sweep === undefined && performance.now() < restsUntil)) return false;
    const before = tx.now() - asked;
    sweep ??= await begin(tx, before);
    const from = Math.max(sweep.first, sweep.below - WINDOW);
    const rows = await candidates(tx, before, from, sweep.below);
    const taken = upTo(rows, BATCH_BYTES);
    const whole = await wholeRequests(tx, taken);
    const gone = taken.filter(({ parent, parts }) => parts === 0 && (parent === null || !whole.has(parent)));
    await deleteEntries(
      tx,
      gone.map(({ id }) => id),
    );
    const again = sweep.again || gone.some(({ parent }) => parent !== null);
    const below = taken.length === BATCH || taken.length < rows.length ? taken.at(-1)!.id : from;
    if (below > sweep.first) sweep = { ...sweep, below, again };
    else sweep = again ? await begin(tx, before) : undefined;
    const isDone = sweep === undefined;
    if (isDone) restsUntil = performance.now() + settings.reconcileEvery * RARELY;
    tx.afterCommit(() => {
      deleted += gone.length;
      if (!isDone || deleted === 0) return;
      log.info({ deleted, keepHistory: formatDuration(asked) }, "history deleted");
      deleted = 0;
    });
    return !isDone;
  };
}

async function begin(tx: Transaction, before: number): Promise<Sweep> {
  const [row] = await tx.query<{ id: number | null }>("SELECT min(id) AS id FROM entry");
  return { below: await firstIdSince(tx, before), first: row?.id ?? 0, again: false };
}

async function candidates(tx: Transaction, before: number, from: number, below: number): Promise<Candidate[]> {
  const { indexedBy, forUpdate, skipLocked } = tx.dialect;
  return tx.query<Candidate>(
    `SELECT e.id, e.parent, CASE WHEN EXISTS (SELECT 1 FROM entry c WHERE c.parent = e.id) THEN 1 ELSE 0 END AS parts,
       e.output_bytes + e.last_event * 200 + octet_length(e.parameters) + coalesce(octet_length(e.result), 0)
         + coalesce((SELECT octet_length(s.files) FROM script s WHERE s.entry = e.id), 0) AS bytes
     FROM entry e ${indexedBy("entry_asked")}
     WHERE e.automatic = 0 AND e.id >= $1 AND e.id < $2 AND e.finished_at <= $3 AND e.head = 0
       AND NOT EXISTS (SELECT 1 FROM deployment d WHERE d.entry = e.id)
       AND (e.parent IS NULL OR EXISTS (SELECT 1 FROM entry p WHERE p.id = e.parent AND p.finished_at <= $3))
       AND (e.root IS NULL OR EXISTS (SELECT 1 FROM entry r WHERE r.id = e.root AND r.finished_at <= $3))
     ORDER BY e.id DESC LIMIT ${BATCH} ${forUpdate} ${skipLocked}`,
    [from, below, before],
  );
}

/** Of the requests that these are tasks of, those with a task that stays. */
async function wholeRequests(tx: Transaction, taken: readonly Candidate[]): Promise<Set<number>> {
  const parents = new Set(taken.flatMap(({ parent }) => parent ?? []));
  if (parents.size === 0) return parents;
  const rows = await tx.query<{ entry: number }>(
    `SELECT r.entry FROM request r WHERE ${tx.dialect.inIds("r.entry", "$1")}
       AND EXISTS (SELECT 1 FROM entry s JOIN deployment d ON d.entry = s.id WHERE s.parent = r.entry)`,
    [JSON.stringify([...parents])],
  );
  return new Set(rows.map(({ entry }) => entry));
}

/** At least one, so that it goes on. */
function upTo(rows: readonly Candidate[], most: number): readonly Candidate[] {
  let bytes = 0;
  const end = rows.findIndex((row, at) => (bytes += row.bytes) > most && at > 0);
  return end === -1 ? rows : rows.slice(0, end);
}
