/**
 * Files the checks and metrics that are due by their interval. They are entries like all others, but for the mark
 * `automatic`; a unique index refuses a second one of a resource while the first is unfinished.
 */
import { WilcoError } from "../../core/errors.ts";
import { formatDuration } from "../../core/durations.ts";
import type { Transaction } from "../../database/database.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import type { Availability } from "../../domain/resource.ts";
import type { SchemaValidator } from "../../domain/schema.ts";
import { LOOKS, operationOf, type Look } from "../../inventory/look-schedule.ts";
import type { Target } from "../../inventory/targets.ts";
import { lockResources } from "../../queue/heads.ts";
import { readPaused } from "../../queue/paused.ts";
import type { Changes } from "../changes.ts";
import type { Context } from "../context.ts";
import type { Principal } from "../contract.ts";
import { writeObservations } from "../effects/availability.ts";
import { fileCall, type Filing } from "../filing.ts";
import { fileEntries } from "../submit.ts";
import { servedRoutes } from "../unserved.ts";

/** Looks a tick and kind: what is more waits for the next tick, and the checks of a large fleet come spread. */
const BATCH = 500;
/** Older than so many intervals, an observation says nothing any more. */
const STALE_AFTER = 3;
/** ms. Where no worker is live: one may be about to come, and a fleet's worth of looks a second would be for nothing. */
const UNSERVED_PAUSE = 5_000;

/** Who asks for them, as the history shows it. */
const WILCO: Principal = { name: "wilco", role: "operator", zones: null, roles: null };

interface DueRow {
  id: number;
  due: number;
  every: number | null;
  availability: Availability;
  availability_at: number | null;
}

export async function fileDue(
  context: Context,
  validator: SchemaValidator,
  tx: Transaction,
  changes: Changes,
): Promise<void> {
  if (!context.settings.automatic) return;
  for (const look of LOOKS) await fileLooks(context, validator, look, tx, changes);
}

async function fileLooks(
  context: Context,
  validator: SchemaValidator,
  look: Look,
  tx: Transaction,
  changes: Changes,
): Promise<void> {
  const now = tx.now();
  const rows = await tx.query<DueRow>(
    `SELECT r.id, r.${look}_due AS due, coalesce(r.${look}_every, t.${look}_every) AS every, r.availability, r.availability_at
     FROM (SELECT id FROM resource WHERE ${look}_due <= $1 ORDER BY ${look}_due LIMIT ${BATCH}) AS d
     JOIN resource r ON r.id = d.id JOIN resource_type t ON t.name = r.type ORDER BY r.id`,
    [now],
  );
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  lockResources(tx, ids);
  const targets = await context.targets.find(tx, ids);
  const open = await openLooks(tx, ids);
  const [served, paused] = [await servedRoutes(tx, context.settings.lease, now), await readPaused(tx)];
  const pauses = new Set(paused.map(({ route }) => route));

  const filings: Filing[] = [];
  /** Of which an answer is under way, or a word that there will be none: an entry ends in any case. */
  const looking = new Set<number>();
  const next: Array<{ id: number; due: number | null }> = [];
  for (const { id, due, every } of rows) {
    const target = targets.get(id);
    const operation = target && operationOf(target.type, look);
    if (!operation || !every) {
      next.push({ id, due: null });
      continue;
    }
    // From the time that it was due, so that what was spread stays so.
    next.push({ id, due: due + every > now ? due + every : now + every });
    const silent = open.get(`${id} ${operation}`);
    if (silent === false) looking.add(id);
    if (silent !== undefined) continue;
    const filing = filingOf(context, validator, tx, target, operation, every);
    if (!filing) continue;
    const { route, priority } = filing.row;
    if (served.has({ route, priority: priority! }) && !pauses.has(route)) {
      filings.push(filing);
      looking.add(id);
    } else next.at(-1)!.due = now + Math.min(every, rows.length < BATCH ? UNSERVED_PAUSE : every);
  }
  if (look === "check")
    forgetStale(
      tx,
      rows.filter(({ id }) => !looking.has(id)),
    );
  tx.send(
    `UPDATE resource SET ${look}_due = v.due FROM ${tx.dialect.rows("v", { id: "int", due: "int" }, "$1")}
     WHERE ${tx.dialect.matches("resource.id", "v", "id", "$1")} AND availability <> 'disabled'`,
    [JSON.stringify(next)],
  );
  await fileEntries(tx, filings, served, changes);
}

/** By resource and operation, those that have not ended: whether their worker has fallen silent. */
async function openLooks(tx: Transaction, ids: readonly number[]): Promise<Map<string, boolean>> {
  const rows = await tx.query<{ resource: number; operation: string; silent: number }>(
    `SELECT resource, operation, silent FROM entry
     WHERE ${tx.dialect.inIds("resource", "$1")} AND automatic = 1 AND finished_at IS NULL`,
    [JSON.stringify(ids)],
  );
  return new Map(rows.map(({ resource, operation, silent }) => [`${resource} ${operation}`, silent === 1]));
}

/** null when a call without parameters is refused: a type whose check can't be made by itself. */
function filingOf(
  context: Context,
  validator: SchemaValidator,
  tx: Transaction,
  target: Target,
  operation: string,
  every: number,
): Filing | null {
  // It expires before the next: late, it would only say what that one says better.
  const submission = { resource: target.id, operation, priority: PRIORITIES.low, expiresIn: every };
  const input = { submission, principal: WILCO, key: undefined, retryOf: null, used: [], trace: null };
  const means = { settings: context.settings, sealer: context.secrets.sealer };
  try {
    return fileCall({ ...input, automatic: true }, target, validator, means, tx.now());
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    const { message } = error;
    tx.afterCommit(() =>
      context.log.warn(
        { resource: target.name, operation, error: message },
        "the resource can't be looked at by itself",
      ),
    );
    return null;
  }
}

/**
 * What was seen long ago, and nobody looks again, is not known any more. A check that takes longer than its interval is
 * looking: what was seen before it stands until it says otherwise.
 */
function forgetStale(tx: Transaction, rows: readonly DueRow[]): void {
  const now = tx.now();
  const stale = rows.flatMap(({ id, every, availability, availability_at: at }) => {
    if ((availability !== "up" && availability !== "down") || at === null || !every) return [];
    const age = now - at;
    if (age <= STALE_AFTER * every) return [];
    const reason = `No check has answered for ${formatDuration(age)}; it was ${availability} then`;
    return [{ resource: id, availability: "unknown" as const, reason, at: now, entry: null }];
  });
  writeObservations(tx, stale);
}
