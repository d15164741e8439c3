/** From what would be right to what Tab offers: those with the beginning typed, and never more than fit a screen. */
import type { JsonSchema } from "../../core/json.ts";
import { RESERVED_KEYS } from "../../domain/selector.ts";
import type { Snapshot } from "./names.ts";
import { NAMES_KEYWORD, propertiesOf, requiredOf, valuesOf } from "./schema.ts";

/** More are offered by their common beginnings. */
const MOST = 100;
const PLAIN_KEY = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
/** Names with these would have to be written with escapes, which a completion of what was typed can't. */
const UNTYPABLE = /["'`\\\u0000-\u001f\u007f-\u009f]/;

/** Those that begin with `prefix`, in their order; a great many as their beginnings, so that typing on narrows them. */
export function offered(all: Iterable<string>, prefix: string): string[] {
  const matches = [...new Set(all)].filter((one) => one.startsWith(prefix));
  if (matches.length <= MOST) return matches;
  let groups = [commonBeginning(matches)];
  for (let length = groups[0]!.length + 1; ; length++) {
    const longer = new Set<string>();
    for (const match of matches) {
      longer.add(match.slice(0, length));
      if (longer.size > MOST) return groups;
    }
    groups = [...longer];
  }
}

/** The names that a schema's texts stand for; `path` ends with the key whose value it is. */
export function namesFor(schema: JsonSchema, snapshot: Snapshot, path: readonly string[]): string[] | undefined {
  switch (schema[NAMES_KEYWORD]) {
    case "resources":
      return typable(snapshot.resources.map((resource) => resource.name));
    case "types":
      return typable(snapshot.types.keys());
    case "zones":
      return typable(snapshot.zones);
    case "workers":
      return typable(snapshot.workers);
    case "groups":
      return typable(snapshot.groups);
    case "labels":
      return typable(snapshot.labels.get(path.at(-1) ?? "") ?? []);
    case "operations":
      return typable([...snapshot.types.values()].flatMap((type) => Object.keys(type.operations))).toSorted();
    default:
      return undefined;
  }
}

/** The last term of a selector text: a name, a key, or the value of a key. */
export function selectorCandidates(text: string, snapshot: Snapshot): { prefix: string; candidates: string[] } {
  const term = text.slice(text.lastIndexOf(",") + 1).trimStart();
  const equals = term.indexOf("=");
  if (equals >= 0) {
    const key = term.slice(0, equals).replace(/!$/, "").trim();
    const prefix = term.slice(equals + 1).trimStart();
    return { prefix, candidates: offered(valuesOfKey(key, snapshot), prefix) };
  }
  const labels = [...snapshot.labels.keys()].map((key) => (isReserved(key) ? `label.${key}=` : `${key}=`));
  const keys = [...RESERVED_KEYS.map((key) => `${key}=`), ...labels];
  const names = typable(snapshot.resources.map((resource) => resource.name)).filter((name) => !name.includes(","));
  // Apart: the keys are few, the names may be so many that only their beginnings are offered.
  return { prefix: term, candidates: [...offered(typable(keys), term), ...offered(names, term)] };
}

/** `name: ` of every property that is not there yet; those that must be there first. */
export function keyCandidates(schema: JsonSchema, snapshot: Snapshot, given: readonly string[]): string[] {
  const required = requiredOf(schema);
  const declared = Object.keys(propertiesOf(schema)).toSorted(
    (a, b) => Number(required.includes(b)) - Number(required.includes(a)),
  );
  const labels = schema[NAMES_KEYWORD] === "labels" ? [...snapshot.labels.keys()] : [];
  return typable([...declared, ...labels]).filter((key) => !given.includes(key));
}

export function keyText(key: string): string {
  return PLAIN_KEY.test(key) ? key : `"${key}"`;
}

/** Texts that may stand in quotes. */
export function textValues(schema: JsonSchema): string[] {
  return typable(valuesOf(schema).filter((value): value is string => typeof value === "string"));
}

/** How a value may begin when nothing of it is typed: what is known, or the bracket or quote that must come. */
export function valueBeginnings(schema: JsonSchema): string[] {
  const values = valuesOf(schema).filter((value) => value !== null && typeof value !== "object");
  const types = [schema["type"] ?? []].flat();
  if (values.length > 0) return values.map((value) => JSON.stringify(value));
  if (schema[NAMES_KEYWORD] !== undefined && types[0] !== "object") return ['"'];
  if (types.includes("object") || Object.keys(propertiesOf(schema)).length > 0) return ["{ "];
  return types[0] === "string" ? ['"'] : types[0] === "array" ? ["["] : [];
}

function valuesOfKey(key: string, snapshot: Snapshot): string[] {
  switch (key) {
    case "name":
      return typable(snapshot.resources.map((resource) => resource.name));
    case "type":
      return typable(snapshot.types.keys());
    case "zone":
      return typable(snapshot.zones);
    case "worker":
      return typable(snapshot.workers);
    case "group":
      return typable(snapshot.groups);
    default:
      return typable(snapshot.labels.get(key.replace(/^label\./, "")) ?? []);
  }
}

function isReserved(key: string): boolean {
  return (RESERVED_KEYS as readonly string[]).includes(key);
}

function typable(names: Iterable<string>): string[] {
  return [...names].filter((name) => !UNTYPABLE.test(name));
}

function commonBeginning(texts: readonly string[]): string {
  let beginning = texts[0] ?? "";
  for (const text of texts) {
    while (!text.startsWith(beginning)) beginning = beginning.slice(0, -1);
  }
  return beginning;
}
