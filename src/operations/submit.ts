/** Files entries: one transaction for everything that was submitted in the same tick. */
import { appendEvents } from "../audit/append.ts";
import { readEntries, unknownEntry } from "../audit/read.ts";
import { entryOf } from "../audit/codec.ts";
import type { EntryRow } from "../database/tables.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { Entry } from "../domain/entry.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { isTerminal, type Status } from "../domain/status.ts";
import { noResource } from "../inventory/resources.ts";
import { lockResources } from "../queue/heads.ts";
import { moveOf } from "../queue/moves.ts";
import { readPaused } from "../queue/paused.ts";
import type { SubmitAnswer, SubmitOutcome, SubmitRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { announceQueued, newChanges, toChange, type Changes } from "./changes.ts";
import { endEntries, meets, neverMet } from "./end.ts";
import { lockEntries } from "./locked.ts";
import { FILED_COLUMNS, fileCall, type Filing } from "./filing.ts";
import { createGroupCommit } from "./group-commit.ts";
import { checkScope } from "./scripts/scope.ts";
import { servedRoutes, warnOfPaused, warnOfUnserved, type Served } from "./unserved.ts";

export interface SubmitItem {
  principal: Principal;
  request: SubmitRequest;
  batchKey: string | undefined;
  retryOf?: number;
  /** Of a retry: values of the secret store that the old call had used. */
  used?: readonly string[];
  trace?: string | null;
}

/** Entries a transaction: more would make the others wait for it. */
const MAX_BATCH = 1_000;

const MAX_GUESSES = 10;

type Outcome = { filing: Filing } | { error: WilcoError };

export function createSubmit(context: Context, validator: SchemaValidator) {
  const group = createGroupCommit<SubmitItem, SubmitAnswer>({
    commit: (items) => commit(context, validator, items),
    size: (item) => item.request.entries.length,
    max: MAX_BATCH,
  });
  return (item: SubmitItem): Promise<SubmitAnswer> => group.add(item);
}

async function commit(context: Context, validator: SchemaValidator, items: SubmitItem[]): Promise<SubmitAnswer[]> {
  const changes = newChanges();
  const answers = await context.database.transaction(async (tx) => {
    const [outcomes, served, paused] = await Promise.all([
      prepare(context, validator, tx, items),
      servedRoutes(tx, context.settings.lease, tx.now()),
      readPaused(tx),
    ]);
    const filings = outcomes.flat().flatMap((outcome) => ("filing" in outcome ? [outcome.filing] : []));
    warnOfPaused(filings, paused);
    const filed = await file(tx, filings, served, changes);
    tx.afterCommit(() => context.signals.publish(toChange(changes)));
    return outcomes.map((list): SubmitAnswer | WilcoError => {
      const entries = list.map((outcome): SubmitOutcome => {
        if ("error" in outcome) return { error: outcome.error.toBody() };
        const answer = filed.get(outcome.filing)!;
        return answer instanceof WilcoError ? { error: answer.toBody() } : answer;
      });
      return { entries };
    });
  });
  return answers as SubmitAnswer[];
}

/** Resolves and checks every item. With `atomic`, one refused item refuses its request: it files nothing. */
async function prepare(
  context: Context,
  validator: SchemaValidator,
  tx: Transaction,
  items: SubmitItem[],
): Promise<Outcome[][]> {
  const refs = new Set(items.flatMap((item) => item.request.entries.map((submission) => submission.resource)));
  const named = new Set(
    items.flatMap((item) => item.request.entries.flatMap((submission) => submission.secrets ?? [])),
  );
  const targets = await context.targets.find(tx, [...refs]);
  const stored = await context.secrets.values(tx, [...named]);
  const { settings } = context;
  const { sealer } = context.secrets;
  const now = tx.now();
  let guesses = 0;
  // Looking for the nearest name costs queries; past a few, whoever reads the errors is not helped by more.
  const unknown = async (ref: string | number) =>
    guesses++ < MAX_GUESSES ? context.targets.unknown(tx, ref) : noResource(ref);
  const all: Outcome[][] = [];
  for (const item of items) {
    const outcomes: Outcome[] = [];
    for (const [index, submission] of item.request.entries.entries()) {
      const target = targets.get(submission.resource);
      const key = submission.key ?? (item.batchKey === undefined ? undefined : `${item.batchKey}#${index}`);
      try {
        if (!target) throw await unknown(submission.resource);
        await checkScope(context, tx, item.principal, { verb: "submit", operation: submission.operation, ...target });
        const missing = submission.secrets?.find((name) => !stored.has(name));
        if (missing !== undefined) throw await context.secrets.unknown(tx, missing);
        const used = [...(item.used ?? []), ...(submission.secrets ?? []).map((name) => stored.get(name)!)];
        const input = {
          submission,
          principal: item.principal,
          key,
          retryOf: item.retryOf ?? null,
          trace: item.trace ?? null,
          used,
        };
        outcomes.push({ filing: fileCall(input, target, validator, { settings, sealer }, now) });
      } catch (error) {
        if (!(error instanceof WilcoError)) throw error;
        outcomes.push({ error });
      }
    }
    all.push(item.request.atomic ? allOrNothing(outcomes) : outcomes);
  }
  return all;
}

function allOrNothing(outcomes: Outcome[]): Outcome[] {
  const refused = outcomes.find((outcome) => "error" in outcome);
  if (!refused) return outcomes;
  return outcomes.map((outcome) => {
    if ("error" in outcome) return outcome;
    return {
      error: new WilcoError({
        code: "conflict",
        message: "Not filed, because another call of the same request was refused",
        hint: "Mend the refused call and submit again.",
      }),
    };
  });
}

type FiledAnswer = { entry: Entry; replayed: boolean } | WilcoError;

async function file(
  tx: Transaction,
  filings: Filing[],
  served: Served,
  changes: Changes,
): Promise<Map<Filing, FiledAnswer>> {
  const answers = new Map<Filing, FiledAnswer>();
  if (filings.length === 0) return answers;
  lockResources(
    tx,
    filings.flatMap(({ row }) => (row.exclusive === 1 && row.resource !== null ? [row.resource] : [])),
  );
  const statuses = await lockDependencies(tx, filings);
  const accepted = filings.filter((filing) => {
    const missing = filing.after.find((dependency) => !statuses.has(dependency.entry));
    if (missing) answers.set(filing, unknownEntry(missing.entry));
    else place(filing, statuses, tx.now());
    return !missing;
  });
  warnOfUnserved(accepted, served, answers);
  const toInsert = accepted.filter((filing) => !answers.has(filing));

  const rows = await insertEntries(tx, toInsert);
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const replayed = toInsert.filter((filing) => !byKey.has(keyOf(filing.row)));
  const fresh = toInsert.filter((filing) => byKey.has(keyOf(filing.row)));
  const twice = await link(tx, fresh, byKey, statuses, changes);
  const ended = new Map(twice?.map((row) => [row.id, row]));
  const seen = new Set<number>();
  for (const filing of fresh) {
    const row = byKey.get(keyOf(filing.row))!;
    const entry = entryOf(ended.get(row.id) ?? row, filing.after, null);
    // The same key twice in one batch: the second is a replay of the first.
    answers.set(filing, sameRequest(filing, row, entry, seen.has(row.id)));
    seen.add(row.id);
  }
  await answerReplays(tx, replayed, answers);
  return answers;
}

/** Locks what calls wait for (shared, by id), so that none of it can end while the call is being filed. */
async function lockDependencies(tx: Transaction, filings: Filing[]): Promise<Map<number, Status>> {
  const ids = [...new Set(filings.flatMap((filing) => filing.after.map((dependency) => dependency.entry)))];
  if (ids.length === 0) return new Map();
  const rows = await tx.query<{ id: number; status: Status }>(
    `SELECT id, status FROM entry WHERE ${tx.dialect.inIds("id", "$1")} ORDER BY id ${tx.dialect.forShare}`,
    [JSON.stringify(ids)],
  );
  return new Map(rows.map((row) => [row.id, row.status]));
}

/** Decides where an entry starts: blocked, scheduled or queued. */
function place(filing: Filing, statuses: ReadonlyMap<number, Status>, now: number): void {
  const { row } = filing;
  const open = filing.after.filter((dependency) => !meets(dependency.on, statuses.get(dependency.entry)!));
  row.waits = open.length;
  if (open.length > 0) {
    row.status = "blocked";
    row.expires_at = now + row.expires_in!;
  } else if (row.deliver_at !== null) {
    row.status = "scheduled";
  } else {
    row.queued_at = now;
    row.expires_at = now + row.expires_in!;
  }
}

const COLUMNS = Object.keys(FILED_COLUMNS).join(", ");

/** Rows whose key was used before are missing from the answer. */
export async function insertEntries(tx: Transaction, filings: Filing[]): Promise<EntryRow[]> {
  if (filings.length === 0) return [];
  // "WHERE true" keeps SQLite from reading ON CONFLICT as part of the join.
  return tx.query<EntryRow>(
    `INSERT INTO entry (${COLUMNS}) SELECT ${COLUMNS} FROM ${tx.dialect.rows("v", FILED_COLUMNS, "$1")} WHERE true
     ON CONFLICT (requested_by, key) DO NOTHING RETURNING *`,
    [JSON.stringify(filings.map((filing) => filing.row))],
  );
}

function keyOf(row: { requested_by: string; key: string }): string {
  return `${row.requested_by} ${row.key}`;
}

/** Events, dependencies, heads. Returns the rows anew when an entry ended at once. */
async function link(
  tx: Transaction,
  filings: Filing[],
  byKey: ReadonlyMap<string, EntryRow>,
  statuses: ReadonlyMap<number, Status>,
  changes: Changes,
): Promise<EntryRow[] | null> {
  const rows = [...byKey.values()];
  appendEvents(
    tx,
    rows.map((row) => ({
      entry: row.id,
      seq: 1,
      at: row.created_at,
      type: "submitted" as const,
      attempt: 0,
      data: { status: row.status, by: row.requested_by, route: row.route },
    })),
  );
  for (const row of rows) changes.moves.push(moveOf("put", row, row.status, row.created_at));
  const links = filings.flatMap((filing) => {
    const { id } = byKey.get(keyOf(filing.row))!;
    return filing.after.map((dependency) => ({ entry: id, needs: dependency.entry, condition: dependency.on }));
  });
  if (links.length > 0) {
    tx.send(
      `INSERT INTO entry_dependency (entry, needs, condition)
       SELECT entry, needs, condition FROM ${tx.dialect.rows("v", { entry: "int", needs: "int", condition: "text" }, "$1")}
       WHERE true ON CONFLICT DO NOTHING`,
      [JSON.stringify(links)],
    );
  }
  announceQueued(tx, rows, changes);
  const hopeless = links.filter(
    (one) => isTerminal(statuses.get(one.needs)!) && !meets(one.condition, statuses.get(one.needs)!),
  );
  if (hopeless.length === 0) return null;
  const ends = new Map(
    hopeless.map((one) => [
      one.entry,
      { id: one.entry, status: "canceled" as const, error: neverMet(one, statuses.get(one.needs)!) },
    ]),
  );
  await endEntries(tx, await lockEntries(tx, [...ends.keys()]), [...ends.values()], changes);
  return tx.query<EntryRow>(`SELECT * FROM entry WHERE ${tx.dialect.inIds("id", "$1")}`, [
    JSON.stringify(rows.map((row) => row.id)),
  ]);
}

/** Keys that were used before: the same request is answered with its entry, another is refused. */
async function answerReplays(tx: Transaction, filings: Filing[], answers: Map<Filing, FiledAnswer>): Promise<void> {
  if (filings.length === 0) return;
  const keys = filings.map(({ row }) => ({ requested_by: row.requested_by, key: row.key }));
  const rows = await tx.query<EntryRow>(
    `SELECT e.* FROM entry e JOIN ${tx.dialect.rows("v", { requested_by: "text", key: "text" }, "$1")}
       ON v.requested_by = e.requested_by AND v.key = e.key`,
    [JSON.stringify(keys)],
  );
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const entries = new Map(
    (
      await readEntries(
        tx,
        rows.map((row) => row.id),
      )
    ).map((entry) => [entry.id, entry]),
  );
  for (const filing of filings) {
    const row = byKey.get(keyOf(filing.row))!;
    answers.set(filing, sameRequest(filing, row, entries.get(row.id)!, true));
  }
}

/** The same key again: the same request is answered with its entry, another is refused. */
export function sameRequest(filing: Filing, row: EntryRow, entry: Entry, replayed: boolean): FiledAnswer {
  if (row.request_hash === filing.row.request_hash) return { entry, replayed };
  return new WilcoError({
    code: "idempotency_mismatch",
    message: `The idempotency key was used before for another call, entry ${entry.id}`,
    hint: "Use a new key for a new call; the same key only for the very same one.",
    details: { entry: entry.id },
  });
}
