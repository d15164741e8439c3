/** Reads resources: one by name or id, or pages of those that a selector names. */
import { WilcoError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import type { Sql } from "../database/database.ts";
import { isGlob, parseSelector, type Selector } from "../domain/selector.ts";
import type { Resource } from "../domain/resource.ts";
import type { ResourcesAnswer, ResourcesQuery } from "../protocol/messages.ts";
import { groupMembers } from "./groups.ts";
import { inheritedWorkers, resourceOf, SELECT_RESOURCES, type ResourceRow } from "./resource-rows.ts";
import { selectorCondition } from "./selectors.ts";
import { typeNames, unknownType, type Types } from "./types.ts";

export interface Resources {
  /** @param ref a name, or an id as a number or its digits. @throws WilcoError `unknown_resource` with the nearest name. */
  get(sql: Sql, ref: string | number): Promise<Resource>;
  /**
   * One page, in the order in which the resources were added.
   * @throws WilcoError `invalid_selector`, `unknown_group`; `unknown_resource` and `unknown_type` for a name in the
   *   selector that there is not; `invalid_request` for a cursor that no page gave.
   */
  list(sql: Sql, query: ResourcesQuery): Promise<ResourcesAnswer>;
}

const DEFAULT_PAGE = 100;

export function createResources({ types }: { types: Types }): Resources {
  async function shown(sql: Sql, rows: ResourceRow[]): Promise<Resource[]> {
    const inherited = await inheritedWorkers(sql, rows);
    const known = await types.find(sql, [...new Set(rows.map(({ type }) => type))]);
    return rows.map((row) => resourceOf(row, inherited.get(row.id) ?? null, known.get(row.type)?.connection));
  }
  return {
    async get(sql, ref) {
      const row = await findResourceRow(sql, ref);
      if (!row) throw await unknownResource(sql, ref);
      return (await shown(sql, [row]))[0]!;
    },
    async list(sql, query) {
      const limit = query.limit ?? DEFAULT_PAGE;
      const selector = parseSelector(query.selector ?? "");
      const after = query.cursor === undefined ? 0 : idOfCursor(query.cursor);
      if (query.cursor === undefined) await requireKnownNames(sql, selector);
      const parameters: unknown[] = [after, limit + 1];
      let where = "r.id > $1";
      if (query.parent !== undefined) {
        const parent = await findResourceRow(sql, query.parent);
        if (!parent) throw await unknownResource(sql, query.parent);
        parameters.push(parent.id);
        where += " AND r.parent = $3";
      }
      const condition = await selectorCondition(sql, selector, parameters.length, (group) => groupMembers(sql, group));
      const rows = await sql.query<ResourceRow>(
        // The ids first, which indexes tell; only the page's rows are read.
        `${SELECT_RESOURCES} WHERE r.id IN (
           SELECT r.id FROM resource r WHERE ${where} AND ${condition.text} ORDER BY r.id LIMIT $2) ORDER BY r.id`,
        [...parameters, ...condition.parameters],
      );
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return { items: await shown(sql, page), next: last ? cursorOf(last.id) : null };
    },
  };
}

/** @param lock FOR NO KEY UPDATE and the like of the dialect, inside a transaction. */
export async function findResourceRow(
  sql: Sql,
  ref: string | number,
  lock: "" | "forUpdate" = "",
): Promise<ResourceRow | undefined> {
  const locking = lock !== "" && sql.dialect[lock] !== "" ? ` ${sql.dialect[lock]} OF r` : "";
  const by = (column: "id" | "name", value: string | number) =>
    sql.query<ResourceRow>(`${SELECT_RESOURCES} WHERE r.${column} = $1${locking}`, [value]);
  if (typeof ref === "number") return (await by("id", ref))[0];
  // No resource has digits only for a name, see `RESOURCE_NAME`.
  if (/^\d+$/.test(ref)) return Number.isSafeInteger(Number(ref)) ? (await by("id", Number(ref)))[0] : undefined;
  return ref.includes("\0") || !ref.isWellFormed() ? undefined : (await by("name", ref))[0];
}

/**
 * `There is no resource "web1". Did you mean "web-1"?` The candidates are bounded, so that a typing error costs the
 * same in a fleet of any size: names with the same start, with the same end, and of about the same length.
 * @param alsoNamed more names that could be meant, such as those of the same document.
 */
export async function unknownResource(
  sql: Sql,
  ref: string | number,
  alsoNamed: Iterable<string> = [],
): Promise<WilcoError> {
  const text = String(ref);
  let near: string | undefined;
  let any = true;
  if (text.length <= MAX_GUESSED && !text.includes("\0") && text.isWellFormed() && typeof ref === "string") {
    const like = (glob: string) =>
      sql.query<{ name: string }>(
        `SELECT name FROM resource WHERE ${sql.dialect.glob("name", "$1")} LIMIT ${MAX_CANDIDATES}`,
        [sql.dialect.globPattern(glob)],
      );
    const plain = text.replace(/[*?]/g, "");
    const alike = await sql.query<{ name: string }>(
      `SELECT name FROM resource WHERE length(name) BETWEEN $1 AND $2 ORDER BY id LIMIT ${MAX_CANDIDATES}`,
      [text.length - 2, text.length + 2],
    );
    const rows = [...(await like(`${plain.slice(0, 2)}*`)), ...(await like(`*${plain.slice(-2)}`)), ...alike];
    near = nearest(text, [...rows.map(({ name }) => name), ...alsoNamed]);
  }
  if (near === undefined) any = (await sql.query("SELECT 1 AS one FROM resource LIMIT 1")).length > 0;
  if (near !== undefined) return noResource(ref, `Did you mean "${near}"?`);
  return any ? noResource(ref) : noResource(ref, "There are no resources yet: add some with `wilco apply FILE`.");
}

/** Without looking for the nearest name. */
export function noResource(ref: string | number, hint = "`wilco resources list` shows those there are."): WilcoError {
  const shown = typeof ref === "number" ? ref : JSON.stringify(ref.slice(0, 256));
  return new WilcoError({ code: "unknown_resource", message: `There is no resource ${shown}`, hint });
}

const MAX_CANDIDATES = 500;
const MAX_GUESSED = 64;

/** A name or a type that is nowhere is a typing error, not an empty answer. */
export async function requireKnownNames(sql: Sql, selector: Selector): Promise<void> {
  const exact = selector.names.filter((name) => !isGlob(name) && !name.includes("\0") && name.isWellFormed());
  if (exact.length > 0) {
    const rows = await sql.query<{ name: string }>(
      `SELECT name FROM resource WHERE ${sql.dialect.inTexts("name", "$1")}`,
      [JSON.stringify(exact)],
    );
    const known = new Set(rows.map(({ name }) => name));
    const unknown = exact.find((name) => !known.has(name));
    if (unknown !== undefined) throw await unknownResource(sql, unknown);
  }
  const wanted = selector.terms.filter((term) => !term.label && term.key === "type").map(({ value }) => value);
  if (wanted.length === 0) return;
  const known = await typeNames(sql);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownType(unknown, known);
}

function cursorOf(id: number): string {
  return Buffer.from(`resource:${id}`).toString("base64url");
}

function idOfCursor(cursor: string): number {
  const match = /^resource:(\d{1,16})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (match) return Number(match[1]);
  throw new WilcoError({
    code: "invalid_request",
    message: "The cursor is not one that a page of resources gave",
    hint: "Pass `next` of the page before as `cursor`, or leave it out for the first page.",
  });
}
