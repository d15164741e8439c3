/** Where in the order of ids a time is. Ids and times of filing grow together, so no index of times is needed. */
import type { Sql } from "../database/database.ts";

/**
 * The first id filed at `time` (ms since 1970) or later; one more than the last where there is none. Found by halving, in
 * some twenty looks at the primary key. What is filed at once on several servers can be out of order by the length of a
 * transaction, and by whatever a clock was set back: a bound for reading, beside the condition itself.
 */
export async function firstIdSince(sql: Sql, time: number): Promise<number> {
  const [last] = await sql.query<{ id: number | null }>("SELECT max(id) AS id FROM entry");
  let low = 0;
  let high = (last?.id ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await sql.query<{ id: number; created_at: number }>(
      "SELECT id, created_at FROM entry WHERE id >= $1 ORDER BY id LIMIT 1",
      [middle],
    );
    if (row === undefined || row.created_at >= time) high = middle;
    else low = row.id + 1;
  }
  return low;
}
