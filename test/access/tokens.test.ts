import { mkdtemp, readFile, rm, stat, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureLocalAdminToken, LOCAL_ADMIN } from "../../src/access/local-admin.ts";
import { createTokens } from "../../src/access/tokens.ts";
import type { Database } from "../../src/database/database.ts";
import { openTestDatabase } from "../inventory/world.ts";
import { describeOnBothEngines } from "../support/engines.ts";

/** The database with a count of what was asked of it. */
function counted(database: Database): { database: Database; count: () => number } {
  let asked = 0;
  return {
    database: { ...database, query: async (text, parameters) => (asked++, database.query(text, parameters)) },
    count: () => asked,
  };
}

describeOnBothEngines("A token", (world) => {
  test("is verified by its secret, of which only a hash is stored", async () => {
    const database = await openTestDatabase(world);
    const tokens = createTokens({ database });
    const created = await tokens.create("root", { name: "w", role: "worker", zones: ["eu"], roles: ["automate"] });
    expect(created).toMatchObject({
      name: "w",
      role: "worker",
      zones: ["eu"],
      createdBy: "root",
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    });
    expect(await tokens.verify(created.token)).toEqual({
      name: "w",
      role: "worker",
      zones: ["eu"],
      roles: ["automate"],
    });
    expect(JSON.stringify(await database.query("SELECT * FROM token"))).not.toContain(created.token);
    const [listed] = await tokens.list();
    expect(listed).toMatchObject({ name: "w", lastUsedAt: expect.stringMatching(/Z$/) });
    expect(listed).not.toHaveProperty("token");
  });

  test("is looked up once for many requests, and its use is written once", async () => {
    const database = await openTestDatabase(world);
    const { token } = await createTokens({ database }).create("root", { name: "v", role: "viewer" });
    const watched = counted(database);
    const tokens = createTokens({ database: watched.database });
    await Promise.all(Array.from({ length: 50 }, async () => tokens.verify(token)));
    expect(watched.count()).toBe(1);
    // Known by now: no promise.
    expect(tokens.verify(token)).toMatchObject({ name: "v" });
    expect(watched.count()).toBe(1);
  });

  test("that is revoked is refused at once, and its name is free again", async () => {
    const database = await openTestDatabase(world);
    const tokens = createTokens({ database });
    const first = await tokens.create("root", { name: "ci", role: "operator" });
    await tokens.verify(first.token);
    expect(await tokens.revoke("ci")).toMatchObject({ name: "ci", revokedAt: expect.stringMatching(/Z$/) });
    await expect(tokens.verify(first.token)).rejects.toMatchObject({ code: "unauthenticated" });
    const second = await tokens.create("root", { name: "ci", role: "viewer" });
    expect(await tokens.verify(second.token)).toMatchObject({ role: "viewer" });
    expect((await tokens.list()).map(({ name, revokedAt }) => [name, revokedAt === null])).toEqual([
      ["ci", true],
      ["ci", false],
    ]);
  });

  test("that has expired is refused with its time, and gives up its name", async () => {
    const database = await openTestDatabase(world);
    const tokens = createTokens({ database });
    const { token } = await tokens.create("root", { name: "short", role: "viewer", expiresIn: 3_600_000 });
    await database.query("UPDATE token SET expires_at = 1000");
    await expect(tokens.verify(token)).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("1970-01-01T00:00:01.000Z"),
    });
    await tokens.create("root", { name: "short", role: "viewer" });
  });

  test("has a name that no other live token has, also when two ask at once", async () => {
    const tokens = createTokens({ database: await openTestDatabase(world) });
    const both = await Promise.allSettled([1, 2].map(() => tokens.create("root", { name: "one", role: "viewer" })));
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(both.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "conflict" } });
  });

  test("of an admin is made without another once, and the last one can't be revoked", async () => {
    const tokens = createTokens({ database: await openTestDatabase(world) });
    const both = await Promise.allSettled([tokens.bootstrap("root"), tokens.bootstrap("other")]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const [admin] = await tokens.list();
    await expect(tokens.revoke(admin!.name)).rejects.toMatchObject({ code: "conflict" });
    await tokens.create("root", { name: "second", role: "admin" });
    const revoked = await Promise.allSettled([tokens.revoke(admin!.name), tokens.revoke("second")]);
    expect(revoked.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  test("of the embedded server is kept in a file that only its user reads, and replaced when it is no longer good", async () => {
    const database = await openTestDatabase(world);
    const dataDir = await mkdtemp(join(tmpdir(), "wilco-admin-"));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const file = join(dataDir, "admin.token");
    const tokens = createTokens({ database });
    const secret = await ensureLocalAdminToken(database, dataDir);
    expect(await readFile(file, "utf8")).toBe(`${secret}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await tokens.verify(secret)).toMatchObject({ name: LOCAL_ADMIN, role: "admin" });

    await chmod(file, 0o644);
    expect(await ensureLocalAdminToken(database, dataDir)).toBe(secret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    await writeFile(file, "wilco_stolen\n");
    const next = await ensureLocalAdminToken(database, dataDir);
    expect(next).not.toBe(secret);
    expect((await tokens.list()).filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
    await expect(createTokens({ database }).verify(secret)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
