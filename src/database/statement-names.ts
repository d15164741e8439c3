/**
 * Which texts are kept as named prepared statements: those used last. Texts that are built (selectors, filters of lists)
 * vary without end, and must not take the places of those that run a thousand times a second.
 */
import { createHash } from "node:crypto";
import type pg from "pg";

export interface StatementNames {
  /** Of a text that is about to be used. */
  nameOf(text: string): string;
  /** Has a connection forget what is no longer named, before it is used for something else. */
  tidy(client: pg.ClientBase): void;
}

/** What a `pg` connection knows of its statements: name → text. */
type Prepared = Record<string, string>;

/** @param most a connection has one more than this for a moment. */
export function createStatementNames(most: number): StatementNames {
  /** By text, the one used last at the end. */
  const names = new Map<string, string>();
  const kept = new Set<string>();
  let given = 0;
  /** What was given out when a connection was tidied last: nothing has been forgotten since if it still is that. */
  const tidied = new WeakMap<pg.ClientBase, number>();

  return {
    nameOf(text) {
      let name = names.get(text);
      if (name === undefined) {
        name = createHash("sha1").update(text).digest("base64url");
        kept.add(name);
        given += 1;
      } else names.delete(text);
      names.set(text, name);
      if (names.size > most) {
        const [oldest, forgotten] = names.entries().next().value!;
        names.delete(oldest);
        kept.delete(forgotten);
      }
      return name;
    },
    tidy(client) {
      if (tidied.get(client) === given) return;
      tidied.set(client, given);
      const prepared = preparedOf(client);
      const forgotten = Object.keys(prepared).filter((name) => !kept.has(name));
      if (forgotten.length === 0) return;
      // The client prepares anew what it does not know; the order in which it sends is the order in which this happens.
      for (const name of forgotten) delete prepared[name];
      const text = forgotten.map((name) => `DEALLOCATE "${name}"`).join("; ");
      client.query(text).catch(() => {}); // a connection that is gone has none of them either
    },
  };
}

function preparedOf(client: pg.ClientBase): Prepared {
  return (client as unknown as { connection: { parsedStatements: Prepared } }).connection.parsedStatements;
}
