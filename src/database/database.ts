/**
 * One schema on two engines. `openDatabase` gives the same small surface for both: `query` with SQL texts that are
 * written once (numbered placeholders, prepared and cached) or built (`build.ts`), and `transaction`.
 */
import { migrate } from "./migrate.ts";
import { outlast } from "./outlast.ts";
import { createPipelinedTransactions } from "./pipelined-transactions.ts";
import { createSharedCommits } from "./shared-commits.ts";
import type { PostgresOptions } from "./postgres.ts";
import type { Database, Engine } from "./sql.ts";

export type { Database, Sql, Transaction } from "./sql.ts";

export type DatabaseOptions = { dataDir: string } | ({ url: string } & PostgresOptions);

/**
 * Opens and migrates the database.
 * @param options `dataDir`: the embedded engine in that directory (created with mode 0700, owned by one process at a
 *   time); `url`: PostgreSQL, `postgres://…`.
 * @throws WilcoError `data_directory_in_use`, `data_directory_unusable`, `database_unusable`, `database_newer`.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const engine = await openEngine(options);
  const database = databaseOn(engine);
  try {
    await migrate(database);
  } catch (error) {
    await engine.close().catch(() => {});
    throw engine.explain(error);
  }
  return database;
}

async function openEngine(options: DatabaseOptions): Promise<Engine> {
  if ("dataDir" in options) {
    const { openSqlite } = await import("./sqlite.ts");
    return openSqlite(options.dataDir);
  }
  const { openPostgres } = await import("./postgres.ts");
  return openPostgres(options.url, options);
}

function databaseOn(engine: Engine): Database {
  const transaction = engine.pipelines ? createPipelinedTransactions(engine) : createSharedCommits(engine);
  return {
    dialect: engine.dialect,
    query<R>(text: string, parameters?: readonly unknown[]) {
      const readOnly = /^\s*SELECT\b/i.test(text);
      const ask = async () => {
        const session = await engine.connect();
        try {
          return await session.query<R>(text, parameters);
        } finally {
          session.release();
        }
      };
      return outlast(engine, ask, () => !readOnly);
    },
    transaction,
    notify: (payload) => engine.notify(payload),
    listen: (receive) => engine.listen(receive),
    get listening() {
      return engine.listening();
    },
    close: () => engine.close(),
  };
}
