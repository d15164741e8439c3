/** Servers that die, or are held up, at a point of their transactions that the test names. */
import type { Database, Transaction } from "../../src/database/database.ts";

export class Died extends Error {}

export interface DyingDatabase {
  database: Database;
  /** Whether it has come to the point. */
  readonly died: boolean;
}

/**
 * The database of a server that dies with its `statement`th statement inside transactions (1 is the first): the
 * transaction is not committed, as after kill -9, and none comes after it. "answer" = it dies after its first commit,
 * before it could answer.
 */
export function dyingAt(database: Database, statement: number | "answer"): DyingDatabase {
  let count = 0;
  let died = false;
  const step = () => {
    if (died || ++count === statement) {
      died = true;
      throw new Died(`died at statement ${count}`);
    }
  };
  return {
    get died() {
      return died;
    },
    database: over(database, {
      async transaction(work) {
        if (died) throw new Died("is dead");
        const value = await database.transaction((tx) =>
          work({
            ...tx,
            async query<R>(text: string, parameters?: readonly unknown[]) {
              step();
              return tx.query<R>(text, parameters);
            },
            send<R>(text: string, parameters?: readonly unknown[], receive?: (rows: R[]) => void) {
              step();
              tx.send(text, parameters, receive);
            },
          }),
        );
        if (statement !== "answer") return value;
        died = true;
        throw new Died("died before it could answer");
      },
    }),
  };
}

/** Runs `meanwhile` before the `number`th transaction (1 is the first). */
export function heldUpBeforeTransaction(
  database: Database,
  number: number,
  meanwhile: () => Promise<unknown>,
): Database {
  let count = 0;
  return over(database, {
    async transaction(work) {
      if (++count === number) await meanwhile();
      return database.transaction(work);
    },
  });
}

/** Runs `meanwhile` once, inside the transaction, after the first statement that matches. PostgreSQL only: SQLite has one writer. */
export function heldUpAfter(database: Database, statement: RegExp, meanwhile: () => Promise<unknown>): Database {
  let done = false;
  return over(database, {
    transaction: (work) =>
      database.transaction((tx: Transaction) =>
        work({
          ...tx,
          async query<R>(text: string, parameters?: readonly unknown[]) {
            const rows = await tx.query<R>(text, parameters);
            if (!done && statement.test(text)) {
              done = true;
              await meanwhile();
            }
            return rows;
          },
        }),
      ),
  });
}

/**
 * The first attempt of every transaction does all of its work and is then refused, by turns with a serialization failure
 * and a deadlock. PostgreSQL only: SQLite has one writer, and refuses none.
 */
export function refusedAtFirst(database: Database): { database: Database; refusals: () => number } {
  const codes = ["40001", "40P01"];
  let refusals = 0;
  const refusing = over(database, {
    transaction(work) {
      let refused = database.dialect.engine === "sqlite";
      return database.transaction(async (tx) => {
        const value = await work(tx);
        if (!refused) {
          refused = true;
          const code = codes[refusals++ % 2];
          await tx.query(`DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '${code}'; END $$`);
        }
        return value;
      });
    },
  });
  return { database: refusing, refusals: () => refusals };
}

function over(database: Database, own: Pick<Database, "transaction">): Database {
  return {
    ...database,
    ...own,
    get listening() {
      return database.listening;
    },
  };
}
