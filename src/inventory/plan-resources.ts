/** Compares resources as asked for with what there is: what would be added, changed, or is wrong. Writes nothing. */
import type { JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { Transaction } from "../database/database.ts";
import type { PlanDifference } from "../protocol/messages.ts";
import { runsOnOf, type ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { SCRIPT_TYPE } from "../domain/script.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { cycleFrom, readAncestors, type Ancestor } from "./ancestry.ts";
import { bind, type LiveWorker } from "./bindings.ts";
import { compared, opened } from "./compare-resource.ts";
import type { ResourceDraft } from "./parse-document.ts";
import type { Report } from "./problems.ts";
import { SELECT_RESOURCES, type ResourceRow } from "./resource-rows.ts";
import { noResource, unknownResource } from "./resources.ts";
import type { Sealer } from "./sealer.ts";
import { restoreMasked } from "./secrets.ts";
import { typeNames } from "./types.ts";

export interface PlannedResource {
  draft: ResourceDraft;
  existing: ResourceRow | undefined;
  action: "add" | "change" | "same";
  /** For changes: the keys that differ. */
  keys: string[];
  /** For changes: what differs in them. */
  differences: PlanDifference[];
  /** The binding to write. */
  worker: string | null;
  /** The connection to write, secrets sealed. */
  connection: string;
}

export interface PlanContext {
  /** Stored types and, before them, those of the document. */
  types: ReadonlyMap<string, ResourceTypeDescriptor>;
  /** Types of the document in which something is wrong: that is told, and not that they are missing. */
  wrongTypes?: ReadonlySet<string>;
  workers: readonly LiveWorker[];
  schemas: SchemaValidator;
  sealer: Sealer;
  report: Report;
  /** See `Problems`. */
  mayGuess: () => boolean;
  notice: (text: string) => void;
}

/** Locks the resources that exist, by id. */
export async function planResources(
  tx: Transaction,
  drafts: readonly ResourceDraft[],
  context: PlanContext,
): Promise<PlannedResource[]> {
  if (drafts.length === 0) return [];
  const existing = await lockResources(
    tx,
    drafts.map(({ name }) => name),
  );
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  const ancestors = await readAncestors(tx, [
    ...new Set(drafts.flatMap(({ parent }) => (parent !== null && !byName.has(parent) ? [parent] : []))),
  ]);
  const parentOf = (name: string) => (byName.get(name) ?? ancestors.get(name))?.parent ?? null;
  const rooted = new Set<ResourceDraft>();
  for (const draft of drafts) {
    if (await hasGoodParent(tx, draft, byName, ancestors, parentOf, context)) rooted.add(draft);
  }

  const bindings = new Map<string, string | null>();
  const effective = (name: string | null): string | null => {
    for (let at = name; at !== null; at = parentOf(at)) {
      const worker = bindings.get(at) ?? ancestors.get(at)?.worker ?? null;
      if (worker !== null) return worker;
    }
    return null;
  };
  const planned = new Map<string, PlannedResource>();
  // Parents first: a child may inherit a binding that this very plan gives to its parent.
  for (const draft of parentsFirst(
    drafts.filter((one) => rooted.has(one)),
    parentOf,
  )) {
    const type = await typeOf(tx, draft, context);
    if (!type) continue;
    const row = existing.get(draft.name);
    const worker = bindingOf(draft, row, type, effective(draft.parent), context);
    bindings.set(draft.name, worker ?? null);
    const connection = connectionOf(draft, row, type, context);
    if (worker === undefined || connection === undefined) continue;
    planned.set(draft.name, compared(draft, row, type, worker, connection, context.sealer));
  }
  await refuseBusyTypeChanges(tx, [...planned.values()], context.report);
  return drafts.flatMap(({ name }) => planned.get(name) ?? []);
}

/**
 * By id, a thousand at a time. Where a check or a metric changes a row meanwhile, PostgreSQL evaluates the condition for it
 * anew, and the list of the condition with it: with 100,000 names in one, each such row took 100 ms.
 */
const LOCKED_AT_ONCE = 1_000;

async function lockResources(tx: Transaction, names: string[]): Promise<Map<string, ResourceRow>> {
  const lock = tx.dialect.forUpdate === "" ? "" : ` ${tx.dialect.forUpdate} OF r`;
  const found = await tx.query<{ id: number }>(`SELECT id FROM resource WHERE ${tx.dialect.inTexts("name", "$1")}`, [
    JSON.stringify(names),
  ]);
  const ids = found.map(({ id }) => id).toSorted((a, b) => a - b);
  const chunks = Array.from({ length: Math.ceil(ids.length / LOCKED_AT_ONCE) }, (_, index) =>
    tx.query<ResourceRow>(`${SELECT_RESOURCES} WHERE ${tx.dialect.inIds("r.id", "$1")} ORDER BY r.id${lock}`, [
      JSON.stringify(ids.slice(index * LOCKED_AT_ONCE, (index + 1) * LOCKED_AT_ONCE)),
    ]),
  );
  return new Map((await Promise.all(chunks)).flat().map((row) => [row.name, row]));
}

async function hasGoodParent(
  tx: Transaction,
  draft: ResourceDraft,
  byName: ReadonlyMap<string, ResourceDraft>,
  ancestors: ReadonlyMap<string, Ancestor>,
  parentOf: (name: string) => string | null,
  { report, mayGuess }: PlanContext,
): Promise<boolean> {
  if (draft.parent === null) return true;
  const path = draft.path === "" ? "parent" : `${draft.path}.parent`;
  if (!byName.has(draft.parent) && !ancestors.has(draft.parent)) {
    const unknown = mayGuess() ? await unknownResource(tx, draft.parent, byName.keys()) : noResource(draft.parent);
    report(path, unknown.message, unknown.hint);
    return false;
  }
  const cycle = cycleFrom(draft.name, parentOf);
  if (!cycle) return true;
  report(path, `a resource can't be above itself: ${cycle.join(" → ")}`, "Leave out one of these parents.");
  return false;
}

function parentsFirst(drafts: ResourceDraft[], parentOf: (name: string) => string | null): ResourceDraft[] {
  const depths = new Map<string, number>();
  for (const draft of drafts) {
    let depth = 0;
    // Cycles above a draft were reported; the bound only keeps this loop finite beside them.
    for (let at = parentOf(draft.name); at !== null && depth < drafts.length; at = parentOf(at)) depth++;
    depths.set(draft.name, depth);
  }
  return drafts.toSorted((a, b) => depths.get(a.name)! - depths.get(b.name)!);
}

async function typeOf(
  tx: Transaction,
  draft: ResourceDraft,
  { types, wrongTypes, report }: PlanContext,
): Promise<ResourceTypeDescriptor | undefined> {
  const type = types.get(draft.type);
  const path = draft.path === "" ? "type" : `${draft.path}.type`;
  if (draft.type === SCRIPT_TYPE) {
    report(path, "no resource is a script", "Run one on the server: wilco run --on-server FILE", "invalid_request");
    return undefined;
  }
  if (type || wrongTypes?.has(draft.type)) return type;
  const known = new Set([...types.keys(), ...(await typeNames(tx))]);
  report(path, `there is no resource type "${draft.type}"`, suggestion(draft.type, known, "Types"), "unknown_type");
  return undefined;
}

/** @returns undefined when it was reported. */
function bindingOf(
  draft: ResourceDraft,
  row: ResourceRow | undefined,
  type: ResourceTypeDescriptor,
  inherited: string | null,
  { workers, report, notice }: PlanContext,
): string | null | undefined {
  const runsOn = runsOnOf(type, draft.connection);
  let own = draft.worker ?? null;
  // Not said: a bound resource stays where it is, unless it moves to another zone.
  if (draft.worker === undefined && runsOn === "bound" && row?.zone === draft.zone) own = row.worker;
  // What was read is the inherited binding; sending it back does not make it the resource's own.
  if (row && row.worker === null && own === inherited) own = null;
  const binding = bind({ name: draft.name, zone: draft.zone, own, inherited, runsOn }, type, workers);
  if ("ambiguous" in binding) {
    report(
      draft.path === "" ? "worker" : `${draft.path}.worker`,
      `"${type.name}" runs on one worker, and ${binding.ambiguous.length} serve ${binding.route}`,
      `Set worker to one of ${binding.ambiguous.join(", ")}.`,
      "ambiguous_binding",
    );
    return undefined;
  }
  const unchanged = row !== undefined && row.worker === binding.worker;
  if (binding.notice !== undefined && !unchanged) notice(binding.notice);
  return binding.worker;
}

/** The connection with stored secrets for masks and defaults filled in; undefined when something was reported. */
function connectionOf(
  draft: ResourceDraft,
  row: ResourceRow | undefined,
  type: ResourceTypeDescriptor,
  { schemas, sealer, report }: PlanContext,
): JsonObject | undefined {
  const path = draft.path === "" ? "connection" : `${draft.path}.connection`;
  const missing = restoreMasked(type.connection, draft.connection, row?.connection ?? null, () =>
    row ? opened(row, sealer) : null,
  );
  for (const at of missing) {
    report([path, ...at].join("."), "it is masked, and there is no stored value to keep", "Give the value itself.");
  }
  if (missing.length > 0) return undefined;
  try {
    return schemas.parse(type.connection, draft.connection, { what: path });
  } catch (error) {
    // All of them, where parse tells of them in one sentence.
    const problems = schemas.problems(type.connection, draft.connection);
    if (problems.length === 0) throw error;
    for (const problem of problems) {
      report(problem.path === "" ? path : `${path}.${problem.path}`, problem.message, problem.hint ?? undefined);
    }
    return undefined;
  }
}

async function refuseBusyTypeChanges(tx: Transaction, planned: PlannedResource[], report: Report): Promise<void> {
  for (const { draft, existing, keys } of planned) {
    if (!existing || !keys.includes("type")) continue;
    const unfinished = await unfinishedEntries(tx, existing.id);
    if (unfinished === 0) continue;
    report(
      draft.path === "" ? "type" : `${draft.path}.type`,
      `the type can't change while ${unfinished === 1 ? "an operation is" : `${unfinished} operations are`} unfinished`,
      "Wait for them, or cancel them.",
      "conflict",
    );
  }
}

/**
 * How many entries of the resource have not ended. Automatic looks do not count, unless they hold the resource: nobody
 * asked for them, and nobody could tell why they are in the way.
 */
export async function unfinishedEntries(tx: Transaction, resource: number): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    "SELECT count(*) AS count FROM entry WHERE resource = $1 AND finished_at IS NULL AND (automatic = 0 OR head = 1)",
    [resource],
  );
  return row?.count ?? 0;
}
