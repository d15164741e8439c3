import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { optionsOf } from "../operations/world.ts";

describeOnBothEngines("statements whose texts vary without end", (engine) => {
  it("are kept as long as they are used, and take no place of one that is used again and again", async () => {
    const place = await engine.createDatabase();
    const database = await openDatabase({ ...optionsOf(place), poolSize: 1 });
    engine.onCleanup(() => database.close());
    const hot = "SELECT name FROM setting WHERE name = $1";
    const varying = (n: number) => `SELECT value AS v${n} FROM setting WHERE name = $1`;
    for (let n = 0; n < 500; n++) {
      expect(await database.query(varying(n), ["x"])).toEqual([]);
      if (n % 100 === 0) expect(await database.query(hot, ["x"])).toEqual([]);
    }
    // Also in the middle of a transaction, and one that was forgotten meanwhile.
    await database.transaction(async (tx) => {
      tx.send(varying(0), ["x"]);
      expect(await tx.query(varying(0), ["x"])).toEqual([]);
      for (let n = 500; n < 520; n++) await tx.query(varying(n), ["x"]);
      expect(await tx.query(varying(500), ["x"])).toEqual([]);
    });
    if (engine.engine === "sqlite") return;
    const kept = await database.query<{ statement: string }>("SELECT statement FROM pg_prepared_statements");
    const texts = kept.map(({ statement }) => statement);
    expect(texts.length).toBeLessThanOrEqual(401);
    expect(texts.length).toBeGreaterThan(350);
    for (const text of [hot, varying(0), varying(519), varying(499)]) expect(texts).toContain(text);
    expect(texts).not.toContain(varying(1));
  });
});
