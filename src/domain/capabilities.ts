/**
 * Operations whose name means something to wilco. A type declares them like any other operation; what their calls change
 * is recorded when they end, in the same transaction (`operations/effects/`).
 *
 * - `check` answers with `availability`, `metrics` with numbers by name;
 * - `discover` answers with resources that it found;
 * - `readConfiguration` answers with the live configuration, `updateConfiguration` applies one and verifies it;
 * - `deploy` puts content on the resource, `createChild` makes a resource below it.
 */
import type { EntryKind } from "./entry.ts";

/** Makes a resource below its own: parameters `type` and `name`, and what the type asks for. */
export const CREATE_CHILD = "createChild";

/** Puts content on its resource. */
export const DEPLOY = "deploy";

const KINDS: ReadonlyMap<string, EntryKind> = new Map<string, EntryKind>([
  ["discover", "discovery"],
  ["updateConfiguration", "configuration"],
  [DEPLOY, "deployment"],
  [CREATE_CHILD, "deployment"],
]);

/** The kind of the audit entry that a call of this operation is. */
export function entryKindOf(operation: string): EntryKind {
  return KINDS.get(operation) ?? "operation";
}
