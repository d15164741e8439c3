/**
 * Selectors, the same in the CLI, scripts and the API: terms joined by commas. Names and globs are a union,
 * `key=value` terms narrow it, `key!=value` excludes. `inventory/` turns the parsed form into SQL.
 */
import { WilcoError } from "../core/errors.ts";
import type { Group } from "./resource.ts";

export const RESERVED_KEYS = ["name", "type", "zone", "group", "worker"] as const;
export type ReservedKey = (typeof RESERVED_KEYS)[number];

export interface SelectorTerm {
  /** A reserved key, or a label when `label` is true. */
  key: string;
  label: boolean;
  value: string;
  negated: boolean;
}

export interface Selector {
  /** Names and globs (`*`, `?`); empty = no restriction by name. */
  names: string[];
  terms: SelectorTerm[];
}

/** Objects scripts write: `{ type: "process", zone, name, group, worker, labels: { tier: "web" } }`. */
export interface SelectorQuery {
  name?: string | string[];
  type?: string;
  zone?: string;
  group?: string;
  worker?: string;
  labels?: Record<string, string>;
}

export const LABEL_KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/** @throws WilcoError `invalid_selector`. An empty text selects everything. */
export function parseSelector(text: string): Selector {
  const selector: Selector = { names: [], terms: [] };
  if (text.trim() === "" || text.trim() === "*") return selector;
  for (const raw of text.split(",")) {
    const term = raw.trim();
    if (term === "") throw invalid(text, "there is an empty term between two commas");
    const at = term.indexOf("=");
    if (at < 0) {
      if (/\s/.test(term)) throw invalid(text, `"${term}" has a space in it; terms are joined by commas`);
      selector.names.push(term);
      continue;
    }
    const negated = at > 0 && term[at - 1] === "!";
    const key = term.slice(0, negated ? at - 1 : at).trim();
    // Otherwise it would be the value "=web", which matches nothing without a word.
    if (term[at + 1] === "=") throw invalid(text, `"${term}" has two = where one is meant`);
    selector.terms.push(termOf(text, key, term.slice(at + 1).trim(), negated));
  }
  return selector;
}

/** The text of a script's query object, so that there is one form on the wire. */
export function selectorOfQuery(query: SelectorQuery): string {
  const terms: string[] = [];
  for (const name of [query.name ?? []].flat()) terms.push(name);
  for (const key of ["type", "zone", "group", "worker"] as const) {
    if (query[key] !== undefined) terms.push(`${key}=${query[key]}`);
  }
  for (const [key, value] of Object.entries(query.labels ?? {})) {
    terms.push(`${(RESERVED_KEYS as readonly string[]).includes(key) ? "label." : ""}${key}=${value}`);
  }
  return terms.join(",");
}

/** A glob as a regular expression: `*` any run, `?` one character. */
export function globToRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "u");
}

export function isGlob(text: string): boolean {
  return text.includes("*") || text.includes("?");
}

function termOf(text: string, key: string, value: string, negated: boolean): SelectorTerm {
  if ((RESERVED_KEYS as readonly string[]).includes(key)) return { key, label: false, value, negated };
  const label = key.startsWith("label.") ? key.slice("label.".length) : key;
  if (!LABEL_KEY.test(label)) throw invalid(text, `"${key}" is not a key`);
  return { key: label, label: true, value, negated };
}

function invalid(text: string, why: string): WilcoError {
  return new WilcoError({
    code: "invalid_selector",
    message: `The selector ${JSON.stringify(text)} can't be read: ${why}`,
    hint: 'Write names or globs and key=value terms: "web-*,tier=web,zone!=eu".',
  });
}

/** The groups that a group names, in its list or in its selector. */
export function groupsNamedBy(group: Pick<Group, "select" | "groups">): string[] {
  if (group.select === null) return group.groups ?? [];
  return parseSelector(group.select)
    .terms.filter((term) => !term.label && term.key === "group")
    .map((term) => term.value);
}
