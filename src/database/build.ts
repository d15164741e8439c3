/** Builds statements that vary: filters that may or may not be there. What is built runs as any other text does. */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql as template,
  type RawBuilder,
} from "kysely";
import type { Sql } from "./sql.ts";
import type { Tables } from "./tables.ts";

/** Of both engines: SQLite takes PostgreSQL's quotes, and its placeholders are those of every other text. */
export function statementBuilder(): Kysely<Tables> {
  return new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (of) => new PostgresIntrospector(of),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

/** A piece of SQL in what is built, such as the dialect's. @param text never what somebody gave. */
export function fragment<T>(text: string): RawBuilder<T> {
  return template.raw<T>(text);
}

/** Runs what was built. */
export function runBuilt<R>(
  sql: Sql,
  built: { compile(): { sql: string; parameters: readonly unknown[] } },
): Promise<R[]> {
  const { sql: text, parameters } = built.compile();
  return sql.query<R>(text, parameters);
}
