/** Parents by name: what a document and the database say together. */
import type { Sql } from "../database/database.ts";

export interface Ancestor {
  name: string;
  worker: string | null;
  parent: string | null;
}

/** The named resources and all their ancestors, as stored. */
export async function readAncestors(sql: Sql, names: readonly string[]): Promise<Map<string, Ancestor>> {
  if (names.length === 0) return new Map();
  const rows = await sql.query<Ancestor>(
    `WITH RECURSIVE up (id) AS (
       SELECT id FROM resource WHERE ${sql.dialect.inTexts("name", "$1")}
       UNION SELECT a.parent FROM up JOIN resource a ON a.id = up.id WHERE a.parent IS NOT NULL
     ) SELECT r.name, r.worker, p.name AS parent FROM up JOIN resource r ON r.id = up.id LEFT JOIN resource p ON p.id = r.parent`,
    [JSON.stringify(names)],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

/** The path from `name` back to itself, or null when its ancestors end. */
export function cycleFrom(name: string, parentOf: (name: string) => string | null): string[] | null {
  const path = [name];
  const seen = new Set(path);
  for (let next = parentOf(name); next !== null; next = parentOf(next)) {
    path.push(next);
    if (next === name) return path;
    // A cycle further up that does not come back here is reported for its own members.
    if (seen.has(next)) return null;
    seen.add(next);
  }
  return null;
}
