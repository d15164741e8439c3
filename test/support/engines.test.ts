import { existsSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { createTestDatabase, describeOnBothEngines, type DatabasePlace } from "./engines.ts";

describeOnBothEngines("a test database", (world) => {
  test("is a place of the engine asked for, and each is another one", async () => {
    const first = await world.createDatabase();
    const second = await world.createDatabase();
    expect(first.engine).toBe(world.engine);
    expect(first).not.toEqual(second);
    if (first.engine === "sqlite") expect(statSync(first.dataDir).mode & 0o777).toBe(0o700);
    else await expect(query(first.url, "SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
  });

  test("is migrated when a migration is given", async () => {
    const places = await Promise.all([1, 2].map(() => world.createDatabase({ migrate: mark, template: "marked" })));
    for (const place of places) expect(await isMarked(place)).toBe(true);
  });

  test("is cut off and removed after the test, after the steps registered for it", async () => {
    const { cleanup, ...place } = await createTestDatabase(world.engine);
    if (place.engine === "postgres") {
      const open = new pg.Client({ connectionString: place.url });
      const cut = new Promise<void>((resolve) => open.on("error", () => resolve()));
      await open.connect();
      await cleanup();
      await cut;
      const name = new URL(place.url).pathname.slice(1);
      expect(await query(inject("postgresUrl"), `SELECT 1 FROM pg_database WHERE datname = '${name}'`)).toEqual([]);
    } else {
      await mkdir(join(place.dataDir, "sub"));
      await cleanup();
      expect(existsSync(place.dataDir)).toBe(false);
    }
  });
});

describe("a template whose migration fails", () => {
  test("is not used by the next test", async () => {
    const broken = createTestDatabase("postgres", {
      template: "broken",
      migrate: () => Promise.reject(new Error("no such column")),
    });
    await expect(broken).rejects.toThrow("no such column");
    const place = await createTestDatabase("postgres", { template: "broken", migrate: mark });
    expect(await isMarked(place)).toBe(true);
    await place.cleanup();
  });
});

async function mark(place: DatabasePlace): Promise<void> {
  if (place.engine === "sqlite") await writeFile(join(place.dataDir, "marked"), "");
  else await query(place.url, "CREATE TABLE marked ()");
}

async function isMarked(place: DatabasePlace): Promise<boolean> {
  if (place.engine === "sqlite") return existsSync(join(place.dataDir, "marked"));
  return (await query(place.url, "SELECT 1 FROM pg_tables WHERE tablename = 'marked'")).length === 1;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
