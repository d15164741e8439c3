/** Numbered, forward-only migrations, one transaction each where there are data, under a lock. A newer database is refused. */
import { WilcoError } from "../core/errors.ts";
import type { Database, Transaction } from "./sql.ts";
import type { Dialect } from "./dialect.ts";
import { initial } from "./migrations/0001-initial.ts";
import { requests } from "./migrations/0002-requests.ts";
import { control } from "./migrations/0003-control.ts";
import { looking } from "./migrations/0004-looking.ts";
import { scripts } from "./migrations/0005-scripts.ts";
import { content } from "./migrations/0007-content.ts";
import { secrets } from "./migrations/0006-secrets.ts";
import { inventoryAsCode } from "./migrations/0008-inventory-as-code.ts";
import { configuration } from "./migrations/0009-configuration.ts";
import { history } from "./migrations/0014-history.ts";
import { sealingKey } from "./migrations/0015-sealing-key.ts";
import { workerNames } from "./migrations/0016-worker-names.ts";
import { statistics } from "./migrations/0013-statistics.ts";
import { selectors } from "./migrations/0012-selectors.ts";
import { watching } from "./migrations/0010-watching.ts";
import { findings } from "./migrations/0011-findings.ts";

export interface Migration {
  number: number;
  name: string;
  statements(dialect: Dialect): string[];
}

export const MIGRATIONS: readonly Migration[] = [
  initial,
  requests,
  control,
  looking,
  scripts,
  secrets,
  content,
  inventoryAsCode,
  configuration,
  watching,
  findings,
  selectors,
  statistics,
  history,
  sealingKey,
  workerNames,
];

/** Any constant: the advisory lock that makes servers which start at once migrate one after the other. */
const LOCK_KEY = 7_461_001;

/**
 * A new database gets all of them in one transaction: on SQLite eleven of them, each with its own sync to the disk, were
 * three quarters of the time that `--local` takes to be ready.
 * @throws WilcoError `database_newer` when the database was written by a newer wilco.
 */
export async function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const { int } = database.dialect.types;
  for (;;) {
    const more = await database.transaction(async (tx) => {
      if (tx.dialect.engine === "postgres") await tx.query(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`);
      await tx.query(
        `CREATE TABLE IF NOT EXISTS migration (number ${int} PRIMARY KEY, name text NOT NULL, applied_at ${int} NOT NULL)`,
      );
      const [row] = await tx.query<{ number: number | null }>("SELECT max(number) AS number FROM migration");
      const current = row?.number ?? 0;
      const newest = migrations.at(-1)?.number ?? 0;
      if (current > newest) throw newer(current, newest);
      const missing = migrations.filter((migration) => migration.number > current);
      const now = current === 0 ? missing : missing.slice(0, 1);
      for (const migration of now) await apply(tx, migration);
      return missing.length > now.length;
    });
    if (!more) return;
  }
}

async function apply(tx: Transaction, { number, name, statements }: Migration): Promise<void> {
  for (const statement of statements(tx.dialect)) await tx.query(statement);
  await tx.query("INSERT INTO migration (number, name, applied_at) VALUES ($1, $2, $3)", [number, name, tx.now()]);
}

function newer(current: number, newest: number): WilcoError {
  return new WilcoError({
    code: "database_newer",
    message: `The database has schema ${current}, and this wilco knows only up to ${newest}`,
    hint: "Run the newer wilco that made it, or restore a copy from before the upgrade. Nothing was changed.",
  });
}
