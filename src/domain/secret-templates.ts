/** `{{secrets.NAME}}`: where types and connections name values of the secret store. */
import { isJsonObject, type Json } from "../core/json.ts";
import type { Implementation } from "./resource-type.ts";

/** `\{{` is a literal `{{`. Names are those of the store: they may have dots. */
const TEMPLATE = /\\\{\{|\{\{\s*secrets\.([A-Za-z0-9][\w.-]*)\s*\}\}/g;

/** The names in every text inside, each once. */
export function secretNames(value: unknown): string[] {
  return [...new Set(namesIn(value))];
}

function namesIn(value: unknown): string[] {
  if (typeof value === "string") {
    return value.includes("{{") ? [...value.matchAll(TEMPLATE)].flatMap(([, name]) => name ?? []) : [];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(namesIn) : [];
}

const known = new WeakMap<Implementation, string[]>();

/** Those of a command or request; found once for each descriptor. */
export function secretNamesOf(implementation: Implementation | null | undefined): string[] {
  if (!implementation) return [];
  let names = known.get(implementation);
  if (!names) known.set(implementation, (names = secretNames(implementation)));
  return names;
}

/** A copy with the values in place of their templates; one whose value is missing stays as it is. */
export function fillSecretTemplates<T extends Json>(value: T, values: ReadonlyMap<string, string>): T {
  if (typeof value === "string") {
    const filled = value.replace(TEMPLATE, (all, name?: string) =>
      name === undefined ? all : (values.get(name) ?? all),
    );
    return filled as T;
  }
  if (Array.isArray(value)) return value.map((one) => fillSecretTemplates(one, values)) as T;
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillSecretTemplates(one, values)])) as T;
}
