/** Applies an inventory document: a plan, every problem told at once, then one transaction. Nothing is half-written. */
import type { ApplyAnswer, InventoryDocument, PlanChange } from "../protocol/messages.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { liveWorkers } from "./bindings.ts";
import { mergeWithStored } from "./merge-document.ts";
import { parseDocument, type ParseType } from "./parse-document.ts";
import { planGroups, writeGroups } from "./plan-groups.ts";
import { planResources } from "./plan-resources.ts";
import { planTypes } from "./plan-types.ts";
import { collectProblems, throwProblems } from "./problems.ts";
import { planRemovals, removePlanned } from "./prune.ts";
import type { Sealer } from "./sealer.ts";
import { resealType } from "./reseal.ts";
import type { Types } from "./types.ts";
import { lockInventory, writeResources } from "./write-resources.ts";

export interface ApplyOptions {
  database: Database;
  types: Types;
  schemas: SchemaValidator;
  sealer: Sealer;
  parseType: ParseType;
}

/**
 * What the document does not name stays as it is, unless `prune` names it; what it names becomes as it says. With
 * `merge`, so do its keys: a key that the document does not have stays as it is.
 * @throws WilcoError `invalid_inventory` with every problem and its path (`details.problems`); one problem alone may
 *   have a code of its own, such as `ambiguous_binding`.
 */
export async function applyInventory(options: ApplyOptions, document: InventoryDocument): Promise<ApplyAnswer> {
  return options.database.transaction((tx) => applyIn(tx, options, document));
}

/** The same inside a transaction. */
export async function applyIn(
  tx: Transaction,
  options: ApplyOptions,
  document: InventoryDocument,
): Promise<ApplyAnswer> {
  const problems = collectProblems();
  const notices: string[] = [];
  const notice = (text: string) => notices.push(text);
  const dryRun = document.dryRun ?? false;
  if (!dryRun) await lockInventory(tx);
  const whole = document.merge === true ? await mergeWithStored(tx, document, problems.report) : document;
  const parsed = parseDocument(whole, options.parseType, problems.report);
  const planned = await planTypes(tx, options.types, parsed, problems.report);
  const resources = await planResources(tx, parsed.resources, {
    types: planned.known,
    wrongTypes: new Set(Object.keys(document.types ?? {})),
    workers: await liveWorkers(tx),
    schemas: options.schemas,
    sealer: options.sealer,
    report: problems.report,
    mayGuess: problems.mayGuess,
    notice,
  });
  // Resources with problems count as added here: their own problem is told, not one more for each group.
  const named = new Set(Object.keys(document.resources ?? {}));
  const groups = await planGroups(tx, parsed.groups, named, problems);
  const removals = await planRemovals(tx, document.prune ?? [], parsed, {
    types: options.types,
    report: problems.report,
    notice,
  });
  throwProblems(problems.list, "The inventory", "invalid_inventory");
  if (!dryRun) {
    await options.types.save(
      tx,
      parsed.types.map(({ descriptor }) => descriptor),
    );
    await options.types.keepSources(tx, parsed.types);
    await writeResources(tx, resources);
    await removePlanned(tx, removals);
    await writeGroups(tx, groups, notice);
  }
  for (const type of planned.reshaped) {
    const except = new Set(parsed.resources.map(({ name }) => name));
    notices.push(...(await resealType(tx, type, except, { ...options, dryRun })));
  }
  const changes: PlanChange[] = [
    ...planned.changes.map((change) => ({ ...change, reason: reasonOf(change) })),
    ...resources.map((one) => changeOf("resource", one)),
    ...groups.map((one) => changeOf("group", one)),
    ...removals.changes,
  ];
  return { applied: !dryRun, changes, notices };
}

type Planned = Pick<PlanChange, "action" | "keys" | "differences">;

function changeOf(what: PlanChange["what"], planned: Planned & { draft: { name: string } }): PlanChange {
  const { action, keys, differences, draft } = planned;
  return { what, name: draft.name, action, keys, differences, reason: reasonOf(planned) };
}

function reasonOf({ action, keys }: Planned): string {
  switch (action) {
    case "add":
      return "there is none of that name";
    case "change":
      return `${keys.join(", ")} differ${keys.length === 1 ? "s" : ""}`;
    case "same":
      return "it is as the document says";
    case "remove":
      return "it is named by --prune";
  }
}
