/** Findings of discoveries: listed, taken into the inventory, ignored. */
import type { Selectable } from "kysely";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import type { Sql, Transaction } from "../database/database.ts";
import type { FindingTable } from "../database/inventory-tables.ts";
import { selectsFinding, type Finding, type FindingStatus } from "../domain/finding.ts";
import type { ApplyAnswer, FindingsAnswer, FindingsQuery } from "../protocol/messages.ts";
import { applyIn, type ApplyOptions } from "./apply.ts";
import { findResourceRow, unknownResource } from "./resources.ts";
import { lockInventory } from "./write-resources.ts";

interface FindingRow extends Omit<Selectable<FindingTable>, "found_under"> {
  /** Name, zone and rule of the resource that it was found under. */
  under: string;
  zone: string;
  take_found: string | null;
}

const SELECT_FINDINGS = `SELECT f.id, f.name, f.type, r.name AS under, f.status, f.document, f.entry, f.first_seen_at,
    f.seen_at, f.decided_by, f.decided_at, f.problem, r.zone, r.take_found
  FROM finding f JOIN resource r ON r.id = f.found_under`;
const DEFAULT_PAGE = 100;
/** Of those that a rule may take, in one transaction. */
const RULE_BATCH = 500;

/** One page, by id. @throws WilcoError `unknown_resource` for a name that is not there. */
export async function listFindings(sql: Sql, query: FindingsQuery): Promise<FindingsAnswer> {
  const limit = query.limit ?? DEFAULT_PAGE;
  const parameters: unknown[] = [query.after ?? 0, limit + 1];
  let where = "f.id > $1";
  if (query.status !== undefined) where += ` AND f.status = $${parameters.push(query.status)}`;
  if (query.under !== undefined) {
    const row = await findResourceRow(sql, query.under);
    if (!row) throw await unknownResource(sql, query.under);
    where += ` AND f.found_under = $${parameters.push(row.id)}`;
  }
  const rows = await sql.query<FindingRow>(`${SELECT_FINDINGS} WHERE ${where} ORDER BY f.id LIMIT $2`, parameters);
  const page = rows.slice(0, limit);
  return { items: page.map(findingOf), next: rows.length > limit ? page.at(-1)!.id : null };
}

/**
 * Makes findings resources, all of them or none: children of what they were found under, in its zone unless they say
 * another. Keys of a resource that is there already and that were not found stay as they are.
 * @throws WilcoError `invalid_inventory` with every problem; `invalid_request` for ids that are none; `conflict` for what
 *   is gone.
 */
export async function takeFindings(
  tx: Transaction,
  options: ApplyOptions,
  { ids, by, dryRun }: { ids: readonly number[]; by: string; dryRun: boolean },
): Promise<ApplyAnswer> {
  if (!dryRun) await lockInventory(tx);
  const rows = await readFindings(tx, ids);
  const gone = rows.find(({ status }) => status === "gone");
  if (gone)
    throw conflict(`"${gone.name}" is gone: the last discovery did not find it`, "Discover again, or leave it.");
  const resources: JsonObject = {};
  for (const row of rows) {
    if (Object.hasOwn(resources, row.name))
      throw conflict(`"${row.name}" was found more than once`, "Take one of them, or ignore the other.");
    await refuseForeign(tx, row);
    resources[row.name] = documentOf(row);
  }
  const answer = await applyIn(tx, options, { resources, merge: true, dryRun });
  if (!dryRun) await decide(tx, ids, "taken", by);
  return answer;
}

/** What is ignored stays so until it is taken. */
export async function ignoreFindings(tx: Transaction, ids: readonly number[], by: string): Promise<Finding[]> {
  const rows = await readFindings(tx, ids);
  const taken = rows.find(({ status }) => status === "taken");
  if (taken)
    throw conflict(`"${taken.name}" is a resource already`, `Remove it first: wilco resources remove ${taken.name}`);
  await decide(tx, ids, "ignored", by);
  return (await readFindings(tx, ids)).map(findingOf);
}

/** Takes what the resources' rules select. Each by itself: one that can't be taken keeps no other from it. */
export async function takeByRules(tx: Transaction, options: ApplyOptions): Promise<number> {
  const rows = await tx.query<FindingRow>(
    `${SELECT_FINDINGS} WHERE r.take_found IS NOT NULL AND f.status = 'new' AND f.problem IS NULL ORDER BY f.id LIMIT $1`,
    [RULE_BATCH],
  );
  const selected = rows.filter((row) => {
    const { labels = {} } = JSON.parse(row.document) as { labels?: Record<string, string> };
    return selectsFinding(row.take_found!, { name: row.name, type: row.type, zone: zoneOf(row), labels });
  });
  const problems = await takeOrExplain(tx, options, selected);
  const left = new Set(rows.filter((row) => !selected.includes(row)).map(({ id }) => id));
  for (const id of left) problems.set(id, "the rule does not select it");
  for (const [id, problem] of problems) await tx.query("UPDATE finding SET problem = $2 WHERE id = $1", [id, problem]);
  return rows.length - problems.size;
}

/** All at once, or else one by one. @returns why, for each that could not be taken. */
async function takeOrExplain(
  tx: Transaction,
  options: ApplyOptions,
  rows: readonly FindingRow[],
): Promise<Map<number, string>> {
  const problems = new Map<number, string>();
  if (rows.length === 0) return problems;
  try {
    await takeFindings(tx, options, { ids: rows.map(({ id }) => id), by: "rule", dryRun: false });
  } catch (error) {
    // Nothing was written: a plan is refused before its first write.
    if (!(error instanceof WilcoError)) throw error;
    const [only] = rows;
    if (rows.length === 1) problems.set(only!.id, messageOf(error));
    else for (const row of rows) for (const [id, why] of await takeOrExplain(tx, options, [row])) problems.set(id, why);
  }
  return problems;
}

/** Whether there is anything for `takeByRules`. */
export async function hasRuledFindings(sql: Sql): Promise<boolean> {
  const rows = await sql.query(
    `SELECT f.id FROM resource r JOIN finding f ON f.found_under = r.id
     WHERE r.take_found IS NOT NULL AND f.status = 'new' AND f.problem IS NULL LIMIT 1`,
  );
  return rows.length > 0;
}

async function readFindings(tx: Transaction, ids: readonly number[]): Promise<FindingRow[]> {
  const lock = tx.dialect.forUpdate === "" ? "" : ` ${tx.dialect.forUpdate} OF f`;
  const rows = await tx.query<FindingRow>(
    `${SELECT_FINDINGS} WHERE ${tx.dialect.inIds("f.id", "$1")} ORDER BY f.id${lock}`,
    [JSON.stringify(ids)],
  );
  const known = new Set(rows.map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown === undefined) return rows;
  throw new WilcoError({
    code: "invalid_request",
    message: `There is no finding ${unknown}`,
    hint: "`wilco discoveries list` shows those there are.",
  });
}

/** A resource of that name that is somebody else's must not be taken over by what another one found. */
async function refuseForeign(tx: Transaction, { name, under }: FindingRow): Promise<void> {
  const row = await findResourceRow(tx, name);
  if (!row || row.parent_name === under) return;
  throw conflict(
    `there is a resource "${name}" already, ${row.parent_name === null ? "without a parent" : `under ${row.parent_name}`}`,
    `Ignore the finding, or give the resource the parent ${under}.`,
  );
}

function documentOf(row: FindingRow): JsonObject {
  return { zone: zoneOf(row), ...(JSON.parse(row.document) as JsonObject), parent: row.under };
}

function zoneOf({ document, zone }: FindingRow): string {
  const found = JSON.parse(document) as JsonObject;
  return typeof found["zone"] === "string" ? found["zone"] : zone;
}

async function decide(tx: Transaction, ids: readonly number[], status: FindingStatus, by: string): Promise<void> {
  await tx.query(
    `UPDATE finding SET status = $2, decided_by = $3, decided_at = $4, problem = NULL WHERE ${tx.dialect.inIds("id", "$1")}`,
    [JSON.stringify(ids), status, by, tx.now()],
  );
}

function findingOf(row: FindingRow): Finding {
  const document = JSON.parse(row.document) as unknown;
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    foundUnder: row.under,
    status: row.status,
    resource: isJsonObject(document) ? document : {},
    entry: row.entry,
    firstSeenAt: time(row.first_seen_at)!,
    seenAt: time(row.seen_at)!,
    decidedBy: row.decided_by,
    decidedAt: time(row.decided_at),
    problem: row.problem,
  };
}

function conflict(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "conflict", message, hint });
}
