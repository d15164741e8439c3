/** Applies an inventory document: a plan, every problem told at once, then one transaction. Nothing is half-written. */
import type { ApplyAnswer, InventoryDocument, PlanChange } from "../protocol/messages.ts";
import { canonicalJson } from "../core/json.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { liveWorkers } from "./bindings.ts";
import { parseDocument, type ParsedDocument, type ParseType } from "./parse-document.ts";
import { planGroups, writeGroups } from "./plan-groups.ts";
import { planResources } from "./plan-resources.ts";
import { collectProblems, throwProblems, type Report } from "./problems.ts";
import type { Sealer } from "./sealer.ts";
import { resealType } from "./reseal.ts";
import { hasImplementation, type Types } from "./types.ts";
import { lockInventory, writeResources } from "./write-resources.ts";

export interface ApplyOptions {
  database: Database;
  types: Types;
  schemas: SchemaValidator;
  sealer: Sealer;
  parseType: ParseType;
}

/**
 * What the document does not name stays as it is; what it names becomes as it says.
 * @throws WilcoError `invalid_inventory` with every problem and its path (`details.problems`); one problem alone may
 *   have a code of its own, such as `ambiguous_binding`.
 */
export async function applyInventory(options: ApplyOptions, document: InventoryDocument): Promise<ApplyAnswer> {
  return options.database.transaction(async (tx) => {
    const problems = collectProblems();
    const notices: string[] = [];
    const dryRun = document.dryRun ?? false;
    if (!dryRun) await lockInventory(tx);
    const parsed = parseDocument(document, options.parseType, problems.report);
    const planned = await planTypes(tx, options.types, parsed, problems.report);
    const resources = await planResources(tx, parsed.resources, {
      types: planned.known,
      workers: await liveWorkers(tx),
      schemas: options.schemas,
      sealer: options.sealer,
      report: problems.report,
      mayGuess: problems.mayGuess,
      notice: (text) => notices.push(text),
    });
    // Resources with problems count as added here: their own problem is told, not one more for each group.
    const named = new Set(Object.keys(document.resources ?? {}));
    const groups = await planGroups(tx, parsed.groups, named, problems);
    throwProblems(problems.list, "The inventory", "invalid_inventory");
    if (!dryRun) {
      await options.types.save(
        tx,
        parsed.types.map(({ descriptor }) => descriptor),
      );
      await writeResources(tx, resources);
      await writeGroups(tx, groups);
    }
    for (const type of planned.reshaped) {
      notices.push(
        ...(await resealType(tx, type, new Set(parsed.resources.map(({ name }) => name)), { ...options, dryRun })),
      );
    }
    const changes: PlanChange[] = [
      ...planned.changes,
      ...resources.map(({ draft, action, keys }) => ({ what: "resource" as const, name: draft.name, action, keys })),
      ...groups.map(({ draft, action, keys }) => ({ what: "group" as const, name: draft.name, action, keys })),
    ];
    return { applied: !dryRun, changes, notices };
  });
}

interface PlannedTypes {
  changes: PlanChange[];
  /** The document's types and the stored ones that its resources have. */
  known: Map<string, ResourceTypeDescriptor>;
  /** Types whose connection changed: resources that the document does not name have it too. */
  reshaped: ResourceTypeDescriptor[];
}

async function planTypes(tx: Transaction, types: Types, parsed: ParsedDocument, report: Report): Promise<PlannedTypes> {
  const defined = parsed.types.map(({ descriptor }) => descriptor.name);
  const known = await types.find(tx, [...new Set([...defined, ...parsed.resources.map(({ type }) => type)])]);
  const changes: PlanChange[] = [];
  const reshaped: ResourceTypeDescriptor[] = [];
  for (const { path, descriptor } of parsed.types) {
    const stored = known.get(descriptor.name);
    if (stored?.builtin) {
      report(path, `"${descriptor.name}" is a built-in type`, "Choose another name.");
    } else if (stored && !hasImplementation(stored) && Object.keys(stored.operations).length > 0) {
      report(path, `"${descriptor.name}" is a type that a worker brings`, "Choose another name.");
    } else {
      known.set(descriptor.name, descriptor);
      const keys = stored ? differingKeys(stored, descriptor) : [];
      if (keys.includes("connection")) reshaped.push(descriptor);
      changes.push({
        what: "type",
        name: descriptor.name,
        action: !stored ? "add" : keys.length > 0 ? "change" : "same",
        keys,
      });
    }
  }
  return { changes, known, reshaped };
}

/** Top-level keys; the version follows from the others. */
function differingKeys(stored: ResourceTypeDescriptor, next: ResourceTypeDescriptor): string[] {
  const keys = Object.keys(next) as Array<keyof ResourceTypeDescriptor>;
  return keys.filter(
    (key) => key !== "version" && canonicalJson(stored[key] ?? null) !== canonicalJson(next[key] ?? null),
  );
}
