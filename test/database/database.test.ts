import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { readOwner, writeOwner } from "../../src/database/data-directory.ts";
import { migrate } from "../../src/database/migrate.ts";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { optionsOf } from "../operations/world.ts";

async function open(engine: EngineWorld): Promise<Database> {
  const database = await openDatabase(optionsOf(await engine.createDatabase()));
  engine.onCleanup(() => database.close());
  return database;
}

describeOnBothEngines("the database", (engine) => {
  it("commits what a transaction wrote and rolls back what threw", async () => {
    const database = await open(engine);
    await database.transaction((tx) => tx.query("INSERT INTO setting (name, value) VALUES ('kept', 'é☃')"));
    let committed = false;
    const failing = database.transaction(async (tx) => {
      tx.afterCommit(() => (committed = true));
      await tx.query("INSERT INTO setting (name, value) VALUES ('gone', '1')");
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(committed).toBe(false);
    expect(await database.query("SELECT name, value FROM setting ORDER BY name")).toEqual([
      { name: "kept", value: "é☃" },
    ]);
  });

  it("has a clock that goes on inside a transaction", async () => {
    const database = await open(engine);
    const [first, second] = await database.transaction(async (tx) => {
      const before = tx.now();
      await new Promise((resolve) => setTimeout(resolve, 15));
      return [before, tx.now()];
    });
    expect(second - first).toBeGreaterThanOrEqual(10);
    expect(Math.abs(first - Date.now())).toBeLessThan(60_000);
  });

  it("runs concurrent transactions so that none sees half of another", async () => {
    const database = await open(engine);
    await database.query("INSERT INTO setting (name, value) VALUES ('n', '0')");
    const raise = () =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<{ value: string }>(
          `SELECT value FROM setting WHERE name = 'n' ${tx.dialect.forUpdate}`,
        );
        await tx.query("UPDATE setting SET value = $1 WHERE name = 'n'", [String(Number(row!.value) + 1)]);
      });
    await Promise.all(Array.from({ length: 20 }, raise));
    expect(await database.query("SELECT value FROM setting")).toEqual([{ value: "20" }]);
  });

  it("takes placeholders in any order and more than once, and batches as one JSON parameter", async () => {
    const database = await open(engine);
    await database.query("INSERT INTO setting (name, value) VALUES ($2, $1), ($1, $2)", ["one", "two"]);
    expect(
      await database.query("SELECT name FROM setting WHERE name = $1 OR value = $1 ORDER BY name", ["one"]),
    ).toEqual([{ name: "one" }, { name: "two" }]);
    const { rows, inIds, inTexts } = database.dialect;
    const batch = JSON.stringify([
      { id: 1, name: "a\u0000b'" },
      { id: 2, name: null },
    ]);
    if (engine.engine === "sqlite") {
      expect(
        await database.query(`SELECT id, name FROM ${rows("v", { id: "int", name: "text" }, "$1")} ORDER BY id`, [
          batch,
        ]),
      ).toHaveLength(2);
    } else {
      // PostgreSQL has no NUL in texts: it is refused at the door, and here a whole batch would be.
      await expect(
        database.query(`SELECT id, name FROM ${rows("v", { id: "int", name: "text" }, "$1")}`, [batch]),
      ).rejects.toThrow();
    }
    expect(
      await database.query(`SELECT 1 AS one WHERE ${inIds("2", "$1")} AND ${inTexts("'x'", "$2")}`, ["[1,2]", '["x"]']),
    ).toEqual([{ one: 1 }]);
  });

  it("that is closed refuses every transaction, also those that wait together", async () => {
    const database = await openDatabase(optionsOf(await engine.createDatabase()));
    await database.close();
    const asked = Array.from({ length: 3 }, () => database.transaction((tx) => tx.query("SELECT 1")));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
  });

  it("is refused when a newer wilco wrote it, and left as it was", async () => {
    const place = await engine.createDatabase();
    const database = await openDatabase(optionsOf(place));
    await database.query("INSERT INTO migration (number, name, applied_at) VALUES (999, 'future', 1)");
    await database.close();
    await expect(openDatabase(optionsOf(place))).rejects.toMatchObject({ code: "database_newer" });
    await expect(openDatabase(optionsOf(place))).rejects.toThrow("schema 999");
  });

  it("applies each migration once, in one transaction, and keeps none that fails", async () => {
    const database = await open(engine);
    const [{ newest }] = (await database.query<{ newest: number }>("SELECT max(number) AS newest FROM migration")) as [
      { newest: number },
    ];
    const next = (statements: string[]) => [{ number: newest + 1, name: "next", statements: () => statements }];
    await expect(migrate(database, next(["CREATE TABLE extra (id bigint)", "NOT SQL"]))).rejects.toThrow();
    await expect(database.query("SELECT * FROM extra")).rejects.toThrow();
    await migrate(database, next(["CREATE TABLE extra (id bigint)"]));
    await migrate(database, next(["CREATE TABLE extra (id bigint)"]));
    expect(await database.query("SELECT number FROM migration WHERE number >= $1 ORDER BY number", [newest])).toEqual([
      { number: newest },
      { number: newest + 1 },
    ]);
  });
});

describe("an embedded database whose disk is full", () => {
  it("says so to everybody whose commit it was, and goes on when there is room", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "wilco-full-"));
    const database = await openDatabase({ dataDir });
    onTestFinished(async () => {
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    });
    const write = (name: string, size: number) =>
      database.transaction((tx) =>
        tx.query("INSERT INTO setting (name, value) VALUES ($1, $2)", [name, "x".repeat(size)]),
      );
    const [pages] = await database.query<{ page_count: number }>("PRAGMA page_count");
    await database.query(`PRAGMA max_page_count = ${pages!.page_count}`);
    // Both wait for the connection, so they share a commit.
    const [small, large] = await Promise.allSettled([write("small", 1), write("large", 1_000_000)]);
    expect(large).toMatchObject({ status: "rejected", reason: { code: "storage_full" } });
    const kept = await database.query("SELECT name FROM setting WHERE name IN ('small', 'large')");
    expect(kept).toEqual(small.status === "fulfilled" ? [{ name: "small" }] : []);
    await database.query("PRAGMA max_page_count = 1000000");
    await write("larger", 1_000_000);
    expect(await database.query("SELECT name FROM setting WHERE name = 'larger'")).toHaveLength(1);
  });
});

describe("a data directory", () => {
  async function directory(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "wilco-data-"));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  it("is made with mode 0700, and one that was open to others is closed to them", async () => {
    const parent = await directory();
    const dataDir = join(parent, "deep", "data");
    await (await openDatabase({ dataDir })).close();
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    await chmod(dataDir, 0o755);
    await (await openDatabase({ dataDir })).close();
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  });

  it("refuses a second process with a sentence that names the first", async () => {
    const dataDir = await directory();
    const database = await openDatabase({ dataDir });
    writeOwner(dataDir, "http://127.0.0.1:7461");
    await expect(openDatabase({ dataDir })).rejects.toMatchObject({
      code: "data_directory_in_use",
      message: expect.stringContaining(`process ${process.pid} (http://127.0.0.1:7461)`) as string,
    });
    await database.close();
    expect(readOwner(dataDir)).toBeNull();
    await (await openDatabase({ dataDir })).close();
  });

  it("that is a file, or whose database is damaged, is refused with what to do", async () => {
    const parent = await directory();
    const file = join(parent, "file");
    await writeFile(file, "x");
    await expect(openDatabase({ dataDir: file })).rejects.toMatchObject({
      code: "data_directory_unusable",
      hint: expect.stringContaining("--data-dir") as string,
    });
    const damaged = join(parent, "damaged");
    await mkdir(damaged);
    await writeFile(join(damaged, "wilco.db"), "this is not a database".repeat(100));
    await expect(openDatabase({ dataDir: damaged })).rejects.toMatchObject({ code: "data_directory_unusable" });
    await expect(openDatabase({ dataDir: damaged })).rejects.not.toMatchObject({ code: "data_directory_in_use" });
  });
});

describe("a PostgreSQL that is not there", () => {
  it("is refused with its host and never its password", async () => {
    const opening = openDatabase({ url: "postgres://wilco:geheim@127.0.0.1:1/wilco" });
    await expect(opening).rejects.toMatchObject({
      code: "database_unusable",
      message: expect.stringContaining("127.0.0.1:1/wilco") as string,
    });
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining("geheim") as string });
  });
});

describeOnBothEngines("a work that fails", (engine) => {
  it("leaves nothing of what it sent and did not wait for", async () => {
    const database = await open(engine);
    const insert = "INSERT INTO setting (name, value) VALUES ($1, '1')";
    for (let round = 0; round < 5; round++) {
      await Promise.allSettled([
        database.transaction(async (tx) => {
          for (let i = 0; i < 3; i++) tx.send(insert, [`left behind ${round}.${i}`]);
          throw new Error("changed my mind");
        }),
        database.transaction((tx) => tx.query(insert, [`kept ${round}`])),
      ]);
    }
    const rows = await database.query<{ name: string }>("SELECT name FROM setting ORDER BY name");
    expect(rows.map((row) => row.name)).toEqual(["kept 0", "kept 1", "kept 2", "kept 3", "kept 4"]);
  });
});
