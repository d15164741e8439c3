/** Which resource types a selector written in a line can select. */
import { globToRegExp, isGlob, parseSelector, type Selector } from "../../domain/selector.ts";
import type { Token } from "../../sandbox/line-tokens.ts";
import { stringText } from "./cursor.ts";
import type { Snapshot } from "./names.ts";

/** Operations of more types than that are not offered: nearly none would be right. */
const MAX_TYPES = 20;

/** @param tokens the arguments of `resources(…)`. @returns empty when it could be any. */
export function typesSelected(tokens: readonly Token[], snapshot: Snapshot): string[] {
  const selector = selectorOf(tokens);
  const wanted = selector?.terms.find((term) => term.key === "type" && !term.label && !term.negated)?.value;
  if (wanted !== undefined && !isGlob(wanted)) return snapshot.types.has(wanted) ? [wanted] : [];
  const matches = (selector?.names ?? []).map((name) => (isGlob(name) ? globToRegExp(name) : name));
  const types = new Set<string>();
  for (const { name, type } of snapshot.resources) {
    if (types.has(type)) continue;
    const fits =
      matches.length === 0 || matches.some((one) => (typeof one === "string" ? one === name : one.test(name)));
    if (fits) types.add(type);
    if (types.size > MAX_TYPES) return [];
  }
  return [...types];
}

function selectorOf([first, ...rest]: readonly Token[]): Selector | undefined {
  if (!first) return { names: [], terms: [] };
  if (first.kind === "string" || (first.kind === "template" && !first.text.endsWith("${"))) {
    try {
      return parseSelector(stringText(first));
    } catch {
      return undefined; // Half typed, or wrong: what it selects is said when it runs.
    }
  }
  if (first.text !== "{") return undefined;
  const text = (key: string): string[] => {
    const at = rest.findIndex((token, index) => token.text === key && rest[index + 1]?.text === ":");
    const value = at < 0 ? undefined : rest[at + 2];
    return value?.kind === "string" ? [stringText(value)] : [];
  };
  return {
    names: text("name"),
    terms: text("type").map((value) => ({ key: "type", label: false, value, negated: false })),
  };
}
