/**
 * Every test that touches SQL runs on both engines, each time on a database of its own. Knows nothing of `src/database/`:
 * it hands out places, the test opens them.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, inject } from "vitest";

export const ENGINES = ["sqlite", "postgres"] as const;
export type Engine = (typeof ENGINES)[number];

export interface SqlitePlace {
  engine: "sqlite";
  /** An empty directory (mode 0700) for the embedded database. */
  dataDir: string;
}
export interface PostgresPlace {
  engine: "postgres";
  /** Of an empty database, or of a copy of the migrated template. */
  url: string;
}
export type DatabasePlace = SqlitePlace | PostgresPlace;

export type TestDatabase = DatabasePlace & {
  /** Removes the database. Connections that are still open are cut. */
  cleanup(): Promise<void>;
};

export interface TestDatabaseOptions {
  /**
   * Brings an empty database up to date. On PostgreSQL it runs once a run, on a template that every later database is
   * a copy of (a copy takes about 60 ms); on SQLite once a test file.
   */
  migrate?: (place: DatabasePlace) => Promise<void>;
  /** Names the template, for tests that need another `migrate` than the usual one. Default "migrated". */
  template?: string;
}

/** A fresh database for one test. Prefer `describeOnBothEngines`, which also cleans up. */
export async function createTestDatabase(engine: Engine, options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  return engine === "sqlite" ? createSqlite(options) : createPostgres(options);
}

export interface EngineWorld {
  engine: Engine;
  /** A fresh database. What is to be closed before the database goes is registered with `onCleanup`. */
  createDatabase(options?: TestDatabaseOptions): Promise<DatabasePlace>;
  /** Runs after the test that called it, the last registered first, before its databases are removed. */
  onCleanup(step: () => Promise<void> | void): void;
}

/** Defines the same tests once for each engine: `describe("NAME on sqlite")` and `describe("NAME on postgres")`. */
export function describeOnBothEngines(name: string, define: (world: EngineWorld) => void): void {
  for (const engine of ENGINES) {
    describe(`${name} on ${engine}`, () => {
      let steps: Array<() => Promise<void> | void> = [];
      afterEach(async () => {
        const due = steps.toReversed();
        steps = [];
        const failures: unknown[] = [];
        for (const step of due) {
          try {
            await step();
          } catch (error) {
            failures.push(error); // the remaining steps still run: a database left behind outlives the test
          }
        }
        if (failures.length > 0) throw failures[0];
      });
      define({
        engine,
        async createDatabase(options) {
          const { cleanup, ...place } = await createTestDatabase(engine, options);
          steps.push(cleanup);
          return place;
        },
        onCleanup: (step) => void steps.push(step),
      });
    });
  }
}

async function createSqlite({ migrate, template = "migrated" }: TestDatabaseOptions): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), "wilco-test-"));
  const place: SqlitePlace = { engine: "sqlite", dataDir };
  const cleanup = () => rm(dataDir, { recursive: true, force: true });
  try {
    if (migrate) await copyMigrated(place, template, migrate);
  } catch (error) {
    await cleanup();
    throw error;
  }
  return { ...place, cleanup };
}

/** Migrated once a test file: a copy takes a twentieth of the time. */
async function copyMigrated(
  { dataDir }: SqlitePlace,
  template: string,
  migrate: NonNullable<TestDatabaseOptions["migrate"]>,
): Promise<void> {
  let files = templates.get(template);
  if (!files) {
    const place: SqlitePlace = { engine: "sqlite", dataDir: await mkdtemp(join(tmpdir(), "wilco-template-")) };
    await migrate(place);
    files = new Map();
    for (const name of await readdir(place.dataDir)) files.set(name, await readFile(join(place.dataDir, name)));
    await rm(place.dataDir, { recursive: true });
    templates.set(template, files);
  }
  for (const [name, bytes] of files) await writeFile(join(dataDir, name), bytes);
}

/** By template, what is in each of its files. */
const templates = new Map<string, Map<string, Uint8Array>>();

async function createPostgres({ migrate, template = "migrated" }: TestDatabaseOptions): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await asAdmin(async (admin) => {
    if (migrate === undefined) await admin.query(`CREATE DATABASE ${name}`);
    else {
      if (!(await hasTemplate(admin, template))) await makeTemplate(template, migrate);
      // Copied file by file: through the log, as is the default, takes more than twice the time.
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(template)}${await fileCopy(admin)}`);
    }
  });
  return {
    engine: "postgres",
    url: urlOf(name),
    cleanup: () => asAdmin(async (admin) => void (await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

/**
 * Test files run in processes of their own and all want the template: an advisory lock lets one build it. It is built
 * under another name and renamed when complete, so that a failed migration never passes for a template.
 */
async function makeTemplate(template: string, migrate: NonNullable<TestDatabaseOptions["migrate"]>): Promise<void> {
  const client = await openClient(); // the lock is a connection's
  try {
    await client.query("SELECT pg_advisory_lock(hashtext($1))", [template]);
    if (await hasTemplate(client, template)) return;
    const building = `building_${randomBytes(8).toString("hex")}`;
    await client.query(`CREATE DATABASE ${building}`);
    await migrate({ engine: "postgres", url: urlOf(building) });
    await client.query(`ALTER DATABASE ${building} RENAME TO ${pg.escapeIdentifier(template)}`);
  } finally {
    await client.end(); // and the lock with it
  }
}

async function hasTemplate(client: pg.Client, template: string): Promise<boolean> {
  return (await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [template])).rowCount === 1;
}

/** Before version 15 there was no other way. */
async function fileCopy(admin: pg.Client): Promise<string> {
  const { rows } = await admin.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  return rows[0]!.version >= 150_000 ? " STRATEGY file_copy" : "";
}

/** One connection a process: it is asked twice for each database of a test. */
let shared: Promise<pg.Client> | undefined;

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  shared ??= openClient();
  return work(await shared);
}

async function openClient(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  // When the run ends, the server may be gone before this process.
  client.on("error", () => (shared = undefined));
  return client;
}

function urlOf(database: string): string {
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${database}`;
  return url.href;
}
