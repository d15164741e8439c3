/** What differs between two values, leaf by leaf, for people to read: secrets only as "changed". */
import { isJsonObject, isSameJson, type Json, type JsonObject } from "../core/json.ts";
import type { PlanDifference } from "../protocol/messages.ts";

/** Deeper than this, and lists, are compared as a whole: a path of ten keys tells nobody more than one of four. */
const MAX_DEPTH = 6;

/**
 * @param from undefined = there was nothing. @param to undefined = there will be nothing.
 * @param isSecret whether the value at this path (below `path`) must not be shown.
 * @param absent how what only one side has is told: an operation of a type has a dozen leaves that nobody wrote.
 */
export function differencesBetween(
  path: string,
  from: Json | undefined,
  to: Json | undefined,
  isSecret: (below: readonly string[]) => boolean = () => false,
  absent: "leaf by leaf" | "whole" = "leaf by leaf",
): PlanDifference[] {
  const found: PlanDifference[] = [];
  walk([], from, to, 0);
  return found;

  function walk(below: string[], before: Json | undefined, after: Json | undefined, depth: number): void {
    if (isSameJson(before ?? null, after ?? null)) return;
    if (isSecret(below)) return void found.push({ path: [path, ...below].join("."), secret: true });
    const oneSided = before === undefined || after === undefined;
    const opens =
      depth < MAX_DEPTH && !(absent === "whole" && oneSided) && (isJsonObject(before) || isJsonObject(after));
    // Only what is an object on both sides, or absent on one, is worth to be looked into.
    if (opens && [before, after].every((side) => side === undefined || side === null || isJsonObject(side))) {
      const left = isJsonObject(before) ? before : {};
      const right = isJsonObject(after) ? after : {};
      // In order: PostgreSQL gives the keys of labels in one of its own.
      const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].toSorted();
      if (keys.length > 0) {
        for (const key of keys) walk([...below, key], own(left, key), own(right, key), depth + 1);
        return;
      }
    }
    found.push({
      path: [path, ...below].join("."),
      ...(before === undefined || before === null ? {} : { from: before }),
      ...(after === undefined || after === null ? {} : { to: after }),
    });
  }
}

/** A key may be named like what every object inherits. */
function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
