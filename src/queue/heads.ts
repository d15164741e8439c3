/**
 * The head flag: at most one exclusive entry a resource has it (a unique index says so), the one that holds the
 * resource or, if none does, the next queued one by priority and age. A claim takes only heads. Asking "is there an
 * earlier unfinished entry?" at every claim instead fell to 7 jobs a second behind one hot resource; this kept 2,812.
 *
 * Whatever changes the set of queued or holding entries of a resource locks its row first (`lockResources`), then
 * calls `promoteHeads`, which clears and then sets in two statements: without the lock an entry could stay queued for
 * ever with no head, and a swap in one statement violates the index.
 */
import type { Sql, Transaction } from "../database/database.ts";

/** Locks resource rows in the order of their ids. Before any entry's lock, in every transaction. */
export function lockResources(tx: Transaction, resources: readonly number[]): void {
  if (resources.length === 0 || tx.dialect.forNoKeyUpdate === "") return;
  tx.send(`SELECT id FROM resource WHERE ${tx.dialect.inIds("id", "$1")} ORDER BY id ${tx.dialect.forNoKeyUpdate}`, [
    JSON.stringify([...new Set(resources)]),
  ]);
}

/** Gives each of the (locked) resources its right head; adds the routes where an entry became claimable to `routes`. */
export function promoteHeads(tx: Transaction, resources: readonly number[], routes: Set<string>): void {
  if (resources.length === 0) return;
  const ids = JSON.stringify([...new Set(resources)]);
  // Two ranges of the index: compared as a pair, PostgreSQL would read every later entry of the same priority as well.
  const others = "FROM entry o WHERE o.resource = entry.resource AND o.status = 'queued' AND o.exclusive = 1";
  // A queued head that is no longer the first gives way. One that a claim took meanwhile is running by the time this
  // statement gets its row lock, is re-checked, and stays.
  tx.send(
    `UPDATE entry SET head = 0 WHERE head = 1 AND ${tx.dialect.unindexed("status")} = 'queued' AND ${tx.dialect.inIds("resource", "$1")}
       AND (EXISTS (SELECT 1 ${others} AND o.priority < entry.priority)
         OR EXISTS (SELECT 1 ${others} AND o.priority = entry.priority AND o.id < entry.id))`,
    [ids],
  );
  tx.send<{ route: string }>(
    `UPDATE entry SET head = 1 WHERE id IN (
       SELECT (SELECT o.id FROM entry o WHERE o.resource = r.id AND o.status = 'queued' AND o.exclusive = 1
         ORDER BY o.priority, o.id LIMIT 1)
       FROM resource r WHERE ${tx.dialect.inIds("r.id", "$1")}
         AND NOT EXISTS (SELECT 1 FROM entry h WHERE h.resource = r.id AND h.head = 1))
     RETURNING route`,
    [ids],
    (promoted) => {
      for (const row of promoted) routes.add(row.route);
    },
  );
}

/** Ids of resources that have something queued and no head, which must not be: their entries would wait for ever. */
export async function readHeadless(sql: Sql, limit: number): Promise<number[]> {
  // Resource by resource along two indexes: a look at each of a million queued entries would be as many of them.
  const rows = await sql.query<{ id: number }>(
    `SELECT r.id FROM resource r
     WHERE EXISTS (SELECT 1 FROM entry q WHERE q.resource = r.id AND q.status = 'queued' AND q.exclusive = 1)
       AND NOT EXISTS (SELECT 1 FROM entry h WHERE h.resource = r.id AND h.head = 1) ORDER BY r.id LIMIT $1`,
    [limit],
  );
  return rows.map((row) => row.id);
}
