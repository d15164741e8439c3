/** Compares the types of a document with those there are. Writes nothing. */
import { canonicalJson, type Json } from "../core/json.ts";
import type { Transaction } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { PlanChange } from "../protocol/messages.ts";
import { differencesBetween } from "./differences.ts";
import type { ParsedDocument } from "./parse-document.ts";
import type { Report } from "./problems.ts";
import { hasImplementation, type Types } from "./types.ts";

interface PlannedTypes {
  changes: Array<Omit<PlanChange, "reason">>;
  /** The document's types and the stored ones that its resources have. */
  known: Map<string, ResourceTypeDescriptor>;
  /** Types whose connection changed: resources that the document does not name have it too. */
  reshaped: ResourceTypeDescriptor[];
}

export async function planTypes(
  tx: Transaction,
  types: Types,
  parsed: ParsedDocument,
  report: Report,
): Promise<PlannedTypes> {
  const defined = parsed.types.map(({ descriptor }) => descriptor.name);
  const known = await types.find(tx, [...new Set([...defined, ...parsed.resources.map(({ type }) => type)])]);
  const changes: PlannedTypes["changes"] = [];
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
        differences: keys.flatMap((key) =>
          differencesBetween(
            key,
            stored?.[key] as Json | undefined,
            descriptor[key] as Json | undefined,
            () => false,
            "whole",
          ),
        ),
      });
    }
  }
  return { changes, known, reshaped };
}

/** Top-level keys; the version follows from the others. */
function differingKeys(
  stored: ResourceTypeDescriptor,
  next: ResourceTypeDescriptor,
): Array<keyof ResourceTypeDescriptor> {
  const keys = Object.keys(next) as Array<keyof ResourceTypeDescriptor>;
  return keys.filter(
    (key) => key !== "version" && canonicalJson(stored[key] ?? null) !== canonicalJson(next[key] ?? null),
  );
}
