/** What the variables of a session hold, for completion: nothing is called or read that could run code. */
import { isEntry, isExecution, isResource } from "./describe-value.ts";
import type { Variable } from "./value-description.ts";

const MAX_VARIABLES = 500;
const MAX_MEMBERS = 200;
/** Items of a list that are looked at for their types. */
const MAX_LOOKED = 200;

export function describeVariables(scope: object, names: readonly string[]): Variable[] {
  return names.slice(-MAX_VARIABLES).map((name) => ({
    name,
    holds: holdingOf(Object.getOwnPropertyDescriptor(scope, name)?.value),
  }));
}

function holdingOf(value: unknown): Variable["holds"] {
  if (typeof value !== "object" || value === null) return { kind: "other", members: membersOf(value) };
  if (isResource(value)) return { kind: "resource", type: value.type, name: value.name };
  if (isExecution(value)) return { kind: "execution" };
  if (isEntry(value)) return { kind: "entry" };
  if (Array.isArray(value) && value.length > 0) {
    const types = new Set<string>();
    for (const item of value.slice(0, MAX_LOOKED) as unknown[]) {
      if (typeof item !== "object" || item === null || !isResource(item)) {
        return { kind: "other", members: membersOf(value) };
      }
      types.add(item.type);
    }
    return { kind: "resources", types: [...types] };
  }
  return { kind: "other", members: membersOf(value) };
}

/** Names of the value and of its classes, nearest first; not those that every object has. */
function membersOf(value: unknown): string[] {
  const members = new Set<string>();
  let at: object | null = value === null || value === undefined ? null : (Object(value) as object);
  while (at !== null && at !== Object.prototype && members.size < MAX_MEMBERS) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (members.size >= MAX_MEMBERS) break;
      if (name !== "constructor" && !/^\d/.test(name)) members.add(name);
    }
    at = Object.getPrototypeOf(at) as object | null;
  }
  return [...members];
}
