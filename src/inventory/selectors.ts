/** A parsed selector as a condition on `resource r`, the same on both engines. */
import { WilcoError } from "../core/errors.ts";
import type { Sql } from "../database/database.ts";
import { isGlob, type Selector, type SelectorTerm } from "../domain/selector.ts";

export interface Condition {
  /** SQL over the alias `r`, with placeholders numbered from where the caller's end. */
  text: string;
  parameters: unknown[];
}

/** The ids of a group's members now. */
export type GroupMembers = (group: string) => Promise<number[]>;

/**
 * Values never reach the text, and lists travel as one JSON parameter, so there are few texts and each stays prepared.
 * @param taken placeholders that the caller uses already.
 * @param of whether it is asked of one resource, whose row has the answer, or selects among many, by indexes.
 * @throws WilcoError `invalid_selector` for text that no engine can compare; what `groupMembers` throws.
 */
export async function selectorCondition(
  sql: Sql,
  selector: Selector,
  taken: number,
  groupMembers: GroupMembers,
  of: "many" | "one" = "many",
): Promise<Condition> {
  const { dialect } = sql;
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  /** Queries of ids: selected is who is in each of them. */
  const sets: string[] = [];
  /** One value of a column is a range of its index, in the order of the ids. */
  const places: Array<{ column: "type" | "zone"; value: string }> = [];
  const bind = (value: unknown) => {
    parameters.push(JSON.stringify(value));
    return `$${taken + parameters.length}`;
  };
  const bindText = (text: string) => {
    parameters.push(text);
    return `$${taken + parameters.length}`;
  };
  const nameIn = (names: readonly string[]) => {
    for (const name of names) requireComparable(name);
    const exact = names.filter((name) => !isGlob(name));
    const globs = names.filter(isGlob).map((glob) => ({ pattern: dialect.globPattern(glob) }));
    const either: string[] = [];
    if (exact.length > 0) either.push(dialect.inTexts("r.name", bind(exact)));
    if (globs.length > 0) {
      const rows = dialect.rows("g", { pattern: "text" }, bind(globs));
      either.push(`EXISTS (SELECT 1 FROM ${rows} WHERE ${dialect.glob("r.name", "g.pattern")})`);
    }
    return `(${either.join(" OR ")})`;
  };
  const add = (negated: boolean, condition: string) => conditions.push(negated ? `NOT ${condition}` : condition);

  const [onlyName, ...moreNames] = selector.names;
  if (of === "many" && onlyName !== undefined && moreNames.length === 0 && isGlob(onlyName)) {
    requireComparable(onlyName);
    sets.push(dialect.namedLike(onlyName, bindText));
  } else if (onlyName !== undefined) conditions.push(nameIn(selector.names));
  const terms = Map.groupBy(selector.terms, kindOf);
  for (const [kind, group] of [...terms].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const { key, value } of group) [key, value].forEach(requireComparable);
    const negated = group[0]!.negated;
    const values = group.map(({ value }) => value);
    if (kind.startsWith("label")) {
      // Excluding two values of one key excludes both; wanting two values of one key finds nothing.
      if (negated) conditions.push(lacksLabels(sql, group, bind));
      else if (contradicts(group)) conditions.push("1 = 0");
      else {
        const labels = new Map(group.map((term) => [term.key, term.value]));
        if (of === "many") sets.push(dialect.labelled([...labels], bindText));
        else conditions.push(dialect.labelsContain("r.labels", bind(Object.fromEntries(labels))));
      }
    } else if (negated) {
      add(true, await reserved(group[0]!.key, values));
    } else {
      for (const value of new Set(values)) {
        if (kind === "worker") sets.push(dialect.idList(bind(await boundIds(sql, value))));
        else if (kind === "type" || kind === "zone") places.push({ column: kind, value: bindText(value) });
        else if (kind === "group") sets.push(dialect.idList(bind(await groupMembers(value))));
        else add(false, await reserved(group[0]!.key, [value]));
      }
    }
  }
  // Beside a set these are sets too: PostgreSQL would walk along their index and search the whole list for each row.
  for (const { column, value } of places) {
    if (sets.length > 0) sets.push(`SELECT id FROM resource WHERE ${column} = ${value}`);
    else conditions.push(`r.${column} = ${value}`);
  }
  // What is in all of them is found without a look at any row of the inventory.
  if (sets.length > 0) conditions.push(dialect.idIn("r.id", sets.join(" INTERSECT ")));
  return { text: conditions.length === 0 ? "1 = 1" : conditions.join(" AND "), parameters };

  async function reserved(key: string, values: readonly string[]): Promise<string> {
    switch (key) {
      case "name":
        return nameIn(values);
      case "group": {
        const members = new Set<number>();
        for (const value of new Set(values)) for (const id of await groupMembers(value)) members.add(id);
        return `(${dialect.inIds("r.id", bind([...members]))})`;
      }
      case "worker":
        return `(${dialect.idIn("r.id", boundTo(sql, dialect.inTexts("b.worker", bind(values))))})`;
      default:
        return `(${dialect.inTexts(`r.${key === "zone" ? "zone" : "type"}`, bind(values))})`;
    }
  }
}

/**
 * Asked by itself: as a part of the selector's statement, PostgreSQL takes the recursion for millions of rows, beside which
 * it no longer minds to read the whole inventory.
 */
async function boundIds(sql: Sql, worker: string): Promise<number[]> {
  const rows = await sql.query<{ id: number }>(boundTo(sql, "b.worker = $1"), [worker]);
  return rows.map(({ id }) => id);
}

/** Query of the ids of those bound directly, or through the nearest ancestor that has a binding. */
function boundTo({ dialect }: Sql, isWanted: string): string {
  return `SELECT id FROM (WITH RECURSIVE bound AS (
      SELECT b.id FROM resource b WHERE ${isWanted}
      UNION SELECT child.id FROM bound ${dialect.joinChildren("bound.id")} WHERE child.worker IS NULL
    ) SELECT id FROM bound) AS w`;
}

function lacksLabels(sql: Sql, terms: readonly SelectorTerm[], bind: (value: unknown) => string): string {
  const rows = sql.dialect.rows(
    "l",
    { key: "text", wanted: "text" },
    bind(terms.map(({ key, value }) => ({ key, wanted: value }))),
  );
  return `NOT EXISTS (SELECT 1 FROM ${rows} WHERE ${sql.dialect.labelValue("r.labels", "l.key")} = l.wanted)`;
}

function contradicts(terms: readonly SelectorTerm[]): boolean {
  const seen = new Map<string, string>();
  return terms.some(({ key, value }) => {
    const before = seen.get(key);
    seen.set(key, value);
    return before !== undefined && before !== value;
  });
}

function kindOf(term: SelectorTerm): string {
  return `${term.label ? "label" : term.key}${term.negated ? "!" : ""}`;
}

/** PostgreSQL refuses NUL and half of a surrogate pair with an error of its own; neither is in any name or label. */
function requireComparable(text: string): void {
  if (!text.includes("\0") && text.isWellFormed()) return;
  throw new WilcoError({
    code: "invalid_selector",
    message: "The selector has a character in it that no name or label can have",
    hint: "Write it again without copying invisible characters along.",
  });
}
