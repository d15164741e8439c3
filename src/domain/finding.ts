/** What a discovery found: a resource that could be, waiting for a yes. */
import type { JsonObject } from "../core/json.ts";
import { globToRegExp, isGlob, parseSelector } from "./selector.ts";

export const FINDING_STATUSES = ["new", "taken", "ignored", "gone"] as const;
/**
 * `new`: nobody has decided, or it changed since; `taken`: it is a resource; `ignored`: not wanted, whatever it changes;
 * `gone`: the last discovery did not find it any more.
 */
export type FindingStatus = (typeof FINDING_STATUSES)[number];

export interface Finding {
  id: number;
  name: string;
  type: string;
  /** The resource whose discovery found it, which becomes its parent. */
  foundUnder: string;
  status: FindingStatus;
  /** As in an inventory document: `type`, `zone`, `labels`, `description`, `connection`. */
  resource: JsonObject;
  /** The last discovery that found it. */
  entry: number | null;
  firstSeenAt: string;
  seenAt: string;
  /** Who took or ignored it; "rule" for the rule of the resource it was found under. */
  decidedBy: string | null;
  decidedAt: string | null;
  /** Why it could not be taken by the rule. */
  problem: string | null;
}

/** Whether a selector of names, types, zones and labels selects what was found. */
export function selectsFinding(
  selector: string,
  found: { name: string; type: string; zone: string; labels: Readonly<Record<string, string>> },
): boolean {
  const { names, terms } = parseSelector(selector);
  const named = (wanted: string) => (isGlob(wanted) ? globToRegExp(wanted).test(found.name) : wanted === found.name);
  if (names.length > 0 && !names.some(named)) return false;
  return terms.every(({ key, label, value, negated }) => {
    const holds = label
      ? found.labels[key] === value
      : key === "name"
        ? named(value)
        : key === "type"
          ? found.type === value
          : key === "zone" && found.zone === value;
    return holds !== negated;
  });
}
