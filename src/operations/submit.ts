/** Files entries: one transaction for everything that was submitted in the same tick. */
import { appendEvents } from "../audit/append.ts";
import { readEntries, unknownEntry } from "../audit/read.ts";
import { entryOf, SHOWN_COLUMNS, type ShownRow } from "../audit/codec.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { Entry } from "../domain/entry.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { isTerminal, type Status } from "../domain/status.ts";
import { lockResources } from "../queue/heads.ts";
import { moveOf } from "../queue/moves.ts";
import { readPaused } from "../queue/paused.ts";
import type { SubmitAnswer, SubmitOutcome } from "../protocol/messages.ts";
import type { CarriedClaims } from "./carried-claims.ts";
import { recordContent } from "./content-use.ts";
import type { Context } from "./context.ts";
import { prepare, type SubmitItem } from "./prepare.ts";
import { announceQueued, transition, type Changes } from "./changes.ts";
import { endEntries, meets, neverMet } from "./end.ts";
import { lockEntries } from "./locked.ts";
import { fileTasks, isRequest, type FiledRequest } from "./file-tasks.ts";
import { FILED_COLUMNS, UNSTARTED, type Filed, type FiledRow, type Filing } from "./filing.ts";
import { createGroupCommit } from "./group-commit.ts";
import { answerReplays, keyOf, sameRequest, type FiledAnswer } from "./replays.ts";
import { startRequests } from "./tasks.ts";
import { servedRoutes, warnOfPaused, warnOfUnserved, type Served } from "./unserved.ts";

/** Entries a transaction: more would make the others wait for it. */
const MAX_BATCH = 1_000;

export function createSubmit(context: Context, validator: SchemaValidator, claims: Pick<CarriedClaims, "handOver">) {
  const group = createGroupCommit<SubmitItem, SubmitAnswer>({
    commit: (items) => commit(context, validator, claims, items),
    size: (item) => item.request.entries.length,
    max: MAX_BATCH,
  });
  return (item: SubmitItem): Promise<SubmitAnswer> => group.add(item);
}

async function commit(
  context: Context,
  validator: SchemaValidator,
  claims: Pick<CarriedClaims, "handOver">,
  items: SubmitItem[],
): Promise<SubmitAnswer[]> {
  const handOver = claims.handOver();
  const transaction = transition(context, async (tx, changes) => {
    const [outcomes, served, paused] = await Promise.all([
      prepare(context, validator, tx, items),
      servedRoutes(tx, context.settings.lease, tx.now()),
      readPaused(tx),
    ]);
    const filings = outcomes.flat().flatMap((outcome) => ("filing" in outcome ? [outcome.filing] : []));
    warnOfPaused(filings, paused);
    const filed = await fileEntries(tx, filings, served, changes);
    await handOver.claim(tx, changes);
    return outcomes.map((list): SubmitAnswer | WilcoError => {
      const entries = list.map((outcome): SubmitOutcome => {
        if ("error" in outcome) return { error: outcome.error.toBody() };
        const answer = filed.get(outcome.filing)!;
        return answer instanceof WilcoError ? { error: answer.toBody() } : answer;
      });
      return { entries };
    });
  });
  try {
    const answers = await transaction;
    handOver.deliver();
    return answers as SubmitAnswer[];
  } catch (error) {
    handOver.release();
    throw error;
  }
}

/** Files what passed every check, inside a transaction. */
export async function fileEntries(
  tx: Transaction,
  filings: Filing[],
  served: Served,
  changes: Changes,
): Promise<Map<Filing, FiledAnswer>> {
  const answers = new Map<Filing, FiledAnswer>();
  if (filings.length === 0) return answers;
  lockResources(
    tx,
    filings
      .flatMap((filing) => (isRequest(filing) ? filing.tasks : [filing]))
      .flatMap(({ row }) => (row.exclusive === 1 && row.resource !== null ? [row.resource] : [])),
  );
  const statuses = await lockDependencies(tx, filings);
  const accepted = filings.filter((filing) => {
    const missing = namedBy(filing).find((id) => !statuses.has(id));
    if (missing === undefined) place(filing, statuses, tx.now());
    else answers.set(filing, unknownEntry(missing));
    return missing === undefined;
  });
  warnOfUnserved(accepted, served, answers);
  const toInsert = accepted.filter((filing) => !answers.has(filing));

  const insertRows = (filed: readonly Filed[]) => insertEntries(tx, filed);
  const rows = await insertRows(toInsert.map((filing) => filing.row));
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const replayed = toInsert.filter((filing) => !byKey.has(keyOf(filing.row)));
  const fresh = toInsert.filter((filing) => byKey.has(keyOf(filing.row)));
  const requests = requestsOf(fresh, byKey);
  recordContent(
    tx,
    fresh.map((filing) => ({ id: byKey.get(keyOf(filing.row))!.id, filing })),
  );
  await fileTasks(tx, requests, insertRows, changes);
  const twice = await link(tx, fresh, byKey, statuses, changes);
  const ended = new Map(twice?.map((row) => [row.id, row]));
  await endEmpty(tx, requests, changes);
  const shown = await readRequests(tx, requests);
  const seen = new Set<number>();
  for (const filing of fresh) {
    const row = byKey.get(keyOf(filing.row))!;
    const entry = shown.get(row.id) ?? entryOf(ended.get(row.id) ?? row, filing.after);
    // The same key twice in one batch: the second is a replay of the first.
    answers.set(filing, sameRequest(filing, row, entry, seen.has(row.id)));
    seen.add(row.id);
  }
  await answerReplays(tx, replayed, answers);
  return answers;
}

/** Each once: the same key twice in one batch is one request. */
function requestsOf(filings: readonly Filing[], byKey: ReadonlyMap<string, FiledRow>): FiledRequest[] {
  const byId = new Map<number, FiledRequest>();
  for (const filing of filings) {
    const row = byKey.get(keyOf(filing.row))!;
    if (isRequest(filing) && !byId.has(row.id)) byId.set(row.id, { filing, row });
  }
  return [...byId.values()];
}

/** Nothing to wait for: a request without a target, allowed to be so, has succeeded. */
async function endEmpty(tx: Transaction, requests: readonly FiledRequest[], changes: Changes): Promise<void> {
  const empty = requests.filter(({ filing, row }) => filing.tasks.length === 0 && row.status === "running");
  await startRequests(
    tx,
    empty.map(({ row }) => row.id),
    changes,
    endEntries,
  );
}

async function readRequests(tx: Transaction, requests: readonly FiledRequest[]): Promise<Map<number, Entry>> {
  const ids = requests.map(({ row }) => row.id);
  return new Map((await readEntries(tx, ids)).map((entry) => [entry.id, entry]));
}

const NOBODY: readonly number[] = [];

/** Entries that it waits for, or that it repeats; a request that repeats one names it too. */
function namedBy(filing: Filing): readonly number[] {
  // Nearly always; a batch has a thousand.
  if (filing.after.length === 0 && filing.row.retry_of === null) return NOBODY;
  const retried = [filing, ...(isRequest(filing) ? filing.tasks : [])].flatMap(({ row }) => row.retry_of ?? []);
  return [...filing.after.map((dependency) => dependency.entry), ...retried];
}

/** Locks what calls name (shared, by id), so that none of it can end, or be deleted, while the call is being filed. */
async function lockDependencies(tx: Transaction, filings: Filing[]): Promise<Map<number, Status>> {
  const ids = [...new Set(filings.flatMap(namedBy))];
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
  } else if (isRequest(filing)) {
    row.status = "running";
    row.queued_at = now;
    row.started_at = now;
  } else {
    row.queued_at = now;
    row.expires_at = now + row.expires_in!;
  }
}

const COLUMNS = Object.keys(FILED_COLUMNS).join(", ");

/** Rows whose key was used before are missing from the answer; of two with the same key the first is filed. */
async function insertEntries(tx: Transaction, filed: readonly Filed[]): Promise<FiledRow[]> {
  if (filed.length === 0) return [];
  // "WHERE true" keeps SQLite from reading ON CONFLICT as part of the join.
  const inserted = await tx.query<Pick<FiledRow, "id" | "requested_by" | "key">>(
    `INSERT INTO entry (${COLUMNS}) SELECT ${COLUMNS} FROM ${tx.dialect.writtenRows("v", FILED_COLUMNS, "$1")} WHERE true
     ON CONFLICT (requested_by, key) DO NOTHING RETURNING id, requested_by, key`,
    [tx.dialect.writeRows(filed)],
  );
  // What was written is known: reading 1,000 rows back takes as long as filing 200.
  const written = new Map(filed.toReversed().map((row) => [keyOf(row), row]));
  return inserted.map((row) => ({ ...written.get(keyOf(row))!, ...UNSTARTED, id: row.id }) as FiledRow);
}

/** Events, dependencies, heads. Returns the rows anew when an entry ended at once. */
async function link(
  tx: Transaction,
  filings: Filing[],
  byKey: ReadonlyMap<string, FiledRow>,
  statuses: ReadonlyMap<number, Status>,
  changes: Changes,
): Promise<ShownRow[] | null> {
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
  return tx.query<ShownRow>(`SELECT ${SHOWN_COLUMNS} FROM entry WHERE ${tx.dialect.inIds("id", "$1")}`, [
    JSON.stringify(rows.map((row) => row.id)),
  ]);
}
