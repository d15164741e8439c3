/** Works that do several things at once: what the one sends when another has failed. */
import { expect, it } from "vitest";
import { openDatabase, type Transaction } from "../../src/database/database.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { migrated, optionsOf } from "../operations/world.ts";

describeOnBothEngines("a work with branches", (engine) => {
  async function open() {
    const place = optionsOf(await engine.createDatabase(migrated));
    const database = await openDatabase("url" in place ? { ...place, poolSize: 1 } : place);
    engine.onCleanup(() => database.close());
    return database;
  }
  const write = "INSERT INTO setting (name, value) VALUES ($1, '1')";

  it("sends nothing any more once one of them has failed", async () => {
    const database = await open();
    const late = Promise.withResolvers<unknown>();
    const branch = async (tx: Transaction) => {
      for (let n = 0; n < 5; n++) await tx.query("SELECT 1");
      await tx.query(write, ["late"]);
    };
    const failing = database.transaction((tx) => {
      const going = branch(tx);
      going.then(late.resolve, late.resolve);
      return Promise.all([going, tx.query("SELECT 1").then(() => Promise.reject(new Error("refused")))]);
    });
    const next = database.transaction((tx) => tx.query(write, ["next"]));
    await expect(failing).rejects.toThrow("refused");
    await next;
    expect(await late.promise).toBeInstanceOf(Error);
    expect(await database.query("SELECT name FROM setting WHERE name IN ('late', 'next')")).toEqual([{ name: "next" }]);
  });

  it("fails with what failed first, not with what failed because of it", async () => {
    const database = await open();
    const deep = async (tx: Transaction) => {
      const deeper = async () => tx.query("INSERT INTO setting (name, value) VALUES ($1, NULL)", ["x"]);
      return await deeper();
    };
    const failing = database.transaction((tx) =>
      Promise.all([deep(tx), tx.query("SELECT 1 AS one WHERE 1 = $1", [1])]),
    );
    await expect(failing).rejects.toThrow(/null/i);
  });
});
