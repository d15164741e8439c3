/** The postgres type against the PostgreSQL that the tests start, in a database of its own. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { postgresType } from "../../src/resource-types/postgres/type.ts";
import { testResourceType, type TestCall } from "../../src/testing.ts";
import { until } from "./context.ts";

const url = new URL(inject("postgresUrl"));
const database = `test_type_${randomBytes(6).toString("hex")}`;
const connection = {
  host: decodeURIComponent(url.hostname) || "127.0.0.1",
  port: Number(url.port || 5432),
  user: decodeURIComponent(url.username),
  database,
  ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
};
let admin: pg.Client;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "wilco-postgres-"));
  admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  const client = await session("setup");
  await client.query('CREATE TABLE "Orders" (id int PRIMARY KEY, note text)');
  await client.query("INSERT INTO \"Orders\" SELECT n, 'note ' || n FROM generate_series(1, 500) n");
  await client.end();
});
afterAll(async () => {
  await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
  await admin.end();
  rmSync(directory, { recursive: true });
});

async function session(name: string): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, application_name: name });
  // Sessions are ended by the tests on purpose.
  client.on("error", () => {});
  await client.connect();
  return client;
}
const ask = (operation: string, parameters = {}, more: Partial<TestCall> = {}) =>
  testResourceType(postgresType, { operation, connection, parameters, ...more });

describe("postgres", () => {
  it("is up with its version; down when nobody listens; and a wrong login is no word about it", async () => {
    const { result } = await ask("check");
    expect(result).toMatchObject({ availability: "up", version: expect.stringMatching(/^\d+/), replica: false });
    const nobody = { ...connection, host: "127.0.0.1", port: 1 };
    expect((await ask("check", {}, { connection: nobody })).result).toMatchObject({
      availability: "down",
      reason: "PostgreSQL at 127.0.0.1:1 can't be reached: nobody listens there.",
    });
    const stranger = await ask("check", {}, { connection: { ...connection, database: "not_there" } });
    expect(stranger).toMatchObject({ status: "failed", error: { code: "login_refused", source: "system" } });
  });

  it("shows who blocks whom, and ends a session once", async () => {
    const holder = await session("holder");
    const waiter = await session("waiter");
    await holder.query("BEGIN");
    await holder.query('LOCK TABLE "Orders"');
    const waiting = waiter.query('SELECT count(*) FROM "Orders"');
    const find = async (application: string) =>
      ((await ask("activity")).result.sessions as Array<Record<string, unknown>>).find(
        (one) => one["application"] === application,
      );
    await until(async () => {
      const { blockedBy = [] } = ((await find("waiter")) ?? {}) as { blockedBy?: number[] };
      return blockedBy.length === 1;
    });
    const blocker = (await find("holder"))!;
    expect(await find("waiter")).toMatchObject({
      blockedBy: [blocker["pid"]],
      state: "active",
      waitsFor: "Lock: relation",
      database,
      query: 'SELECT count(*) FROM "Orders"',
    });
    const pid = blocker["pid"];
    expect((await ask("terminate", { pid, user: "somebody-else" })).error).toMatchObject({ code: "no_such_session" });
    expect((await ask("terminate", { pid })).result).toMatchObject({ pid, application: "holder", queryOnly: false });
    expect((await waiting).rowCount).toBe(1);
    await until(async () => (await find("holder")) === undefined);
    expect((await ask("terminate", { pid })).error).toMatchObject({ code: "no_such_session" });
    await waiter.end();
  });

  it("vacuums one table or all, and names what there is not", async () => {
    const one = await ask("vacuum", { table: '"Orders"', full: true });
    expect(one.result).toMatchObject({ table: '"Orders"', before: expect.any(Number), after: expect.any(Number) });
    expect((await ask("vacuum", {})).result).toMatchObject({ table: null });
    const missing = await ask("vacuum", { table: "orders; DROP TABLE x" });
    expect(missing.status).toBe("failed");
    expect((await ask("vacuum", { table: "orders" })).error).toMatchObject({ code: "no_such_table" });
  });

  it("cancels in the database what is canceled", async () => {
    const holder = await session("holder");
    await holder.query("BEGIN");
    await holder.query('LOCK TABLE "Orders" IN SHARE UPDATE EXCLUSIVE MODE');
    const run = ask("vacuum", { table: '"Orders"' });
    const waits = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'VACUUM%' AND datname = $1";
    await until(async () => (await admin.query(waits, [database])).rowCount === 1);
    run.abort();
    expect((await run).status).toBe("canceled");
    await until(async () => (await admin.query(`${waits} AND state = 'active'`, [database])).rowCount === 0);
    await holder.end();
  });

  it("measures", async () => {
    const { result } = await ask("metrics");
    expect(Object.keys(result).toSorted()).toEqual(Object.keys(postgresType.descriptor.metrics!).toSorted());
    expect(result.size).toBeGreaterThan(1_000_000);
  });
});

describe("a backup", () => {
  it("is the whole database in a file that only its owner reads, or says that pg_dump can't", async () => {
    const path = join(directory, "deep", "orders.sql");
    const run = await ask("backup", { path, format: "plain", parents: true });
    if (dumps(await serverVersion())) {
      expect(run).toMatchObject({ status: "succeeded", result: { path, format: "plain" } });
      expect(readFileSync(path, "utf8")).toContain("note 500");
    } else {
      // Nothing is left of a machine's older tools, or of none, but the reason.
      expect(run.error!.code).toMatch(/^(pg_dump_too_old|command_not_found)$/);
      expect(existsSync(path)).toBe(false);
    }
    expect(readdirSync(join(directory, "deep")).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("gives pg_dump its arguments, keeps the password out of them, and renames at the end", async () => {
    const pgDump = tool(
      "fake_dump",
      'for a in "$@"; do case $a in --file=*) printf "$PGPASSWORD@$PGHOST $*" > "${a#--file=}";; esac; done',
    );
    const path = join(directory, "faked.dump");
    const faked = { ...connection, password: "s3cret-word", pgDump };
    const run = await ask("backup", { path, schemaOnly: true }, { connection: faked });
    expect(run).toMatchObject({ status: "succeeded", result: { path, format: "custom", bytes: expect.any(Number) } });
    expect(readFileSync(path, "utf8")).toBe(
      `s3cret-word@${connection.host} --format=custom --file=${path}.partial-1-1 --no-password --schema-only`,
    );
    const again = await ask("backup", { path }, { connection: faked });
    expect(again.error).toMatchObject({ code: "file_exists" });
    expect((await ask("backup", { path, overwrite: true }, { connection: faked })).status).toBe("succeeded");
  });

  it("that fails or is canceled leaves nothing, and a former one as it was", async () => {
    const path = join(directory, "kept.dump");
    writeFileSync(path, "former");
    const failing = tool(
      "failing_dump",
      'for a in "$@"; do case $a in --file=*) echo half > "${a#--file=}";; esac; done; echo "pg_dump: error: aborting because of server version mismatch" >&2; echo "pg_dump: detail: server version: 99.1; pg_dump version: 15.1" >&2; exit 1',
    );
    const failed = await ask("backup", { path, overwrite: true }, { connection: { ...connection, pgDump: failing } });
    expect(failed.error).toMatchObject({
      code: "pg_dump_too_old",
      message: expect.stringContaining("server version: 99.1; pg_dump version: 15.1"),
    });
    const endless = tool("endless_dump", "echo started; exec sleep 60");
    const run = ask(
      "backup",
      { path, overwrite: true },
      { connection: { ...connection, pgDump: endless }, onOutput: () => run.abort(), killGrace: 50 },
    );
    expect((await run).status).toBe("canceled");
    expect(readFileSync(path, "utf8")).toBe("former");
    expect(readdirSync(directory).filter((name) => name.includes("partial"))).toEqual([]);
    expect((await ask("backup", { path: "/not-there/x" })).error).toMatchObject({ code: "no_directory" });
  });
});

function tool(name: string, script: string): string {
  const file = join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function serverVersion(): Promise<number> {
  const { rows } = await admin.query<{ server_version_num: string }>("SHOW server_version_num");
  return Math.floor(Number(rows[0]!.server_version_num) / 10_000);
}

/** Whether the machine has a pg_dump that can dump this server. */
function dumps(server: number): boolean {
  try {
    return Number(/(\d+)/.exec(execFileSync("pg_dump", ["--version"], { encoding: "utf8" }))![1]) >= server;
  } catch {
    return false;
  }
}
