import { expect, it } from "vitest";
import { splitShared } from "../../src/database/shared-columns.ts";
import { openDatabase } from "../../src/database/database.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { migrated, optionsOf } from "../operations/world.ts";

it("what is the same in all rows is said once", () => {
  const rows = [
    { a: 1, b: null, c: "x", d: null },
    { a: 1, b: null, c: "y", d: 0 },
  ];
  expect(splitShared(rows)).toEqual({
    shared: { a: 1 },
    rows: [
      { c: "x", d: null },
      { c: "y", d: 0 },
    ],
  });
  expect(splitShared(rows.slice(1))).toEqual({ shared: { a: 1, c: "y", d: 0 }, rows: [{}] });
  expect(splitShared([])).toEqual({ shared: {}, rows: [] });
});

describeOnBothEngines("written rows", (engine) => {
  it("are read as they were, in their order", async () => {
    const database = await openDatabase(optionsOf(await engine.createDatabase(migrated)));
    engine.onCleanup(() => database.close());
    const { dialect } = database;
    const table = dialect.writtenRows("v", { id: "int", text: "text", same: "int", none: "text" }, "$1");
    const read = (rows: Array<Record<string, unknown>>) =>
      database.query(`SELECT id, text, same, none FROM ${table}`, [dialect.writeRows(rows)]);
    const row = (id: number, text: string | null) => ({ id, text, same: 7, none: null });
    const rows = [row(3, "c"), row(1, null), row(2, '"\\ü\u2028')];
    expect(await read(rows)).toEqual(rows);
    expect(await read([row(1, "only")])).toEqual([row(1, "only")]);
    expect(await read([])).toEqual([]);
  });
});
