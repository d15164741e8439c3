/** One key for all servers of a database, and another one in its place. */
import { expect, test } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { createSealer } from "../../src/inventory/sealer.ts";
import { rekey, requireSealingKey } from "../../src/inventory/sealing-key.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addEntry, inventoryOn, optionsOf, SERVICE } from "./world.ts";

const sealerOf = (byte: number) => createSealer(new Uint8Array(32).fill(byte));

describeOnBothEngines("The key of a database's secrets", (world) => {
  test("is that of its first server, and all that is sealed can be given another", async () => {
    const place = await world.createDatabase({
      migrate: async (template) => (await openDatabase(optionsOf(template))).close(),
    });
    const [old, next] = [sealerOf(7), sealerOf(9)];

    const first = await openDatabase(optionsOf(place));
    await requireSealingKey(first, old);
    await requireSealingKey(first, old);
    await expect(requireSealingKey(first, next)).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/sealed with another key/) as string,
    });
    const inventory = inventoryOn(first, old);
    await inventory.registerBuiltinTypes([SERVICE]);
    await inventory.apply({
      resources: {
        open: { type: "service", connection: { url: "http://x" } },
        shut: { type: "service", connection: { token: "t" } },
      },
    });
    await inventory.secrets.set("root", "db-password", "p");
    await inventory.secrets.set("root", "other", "o");
    const { id } = await inventory.resource("shut");
    await addEntry(first, id);
    const entry = (await first.query<{ id: number }>("SELECT id FROM entry"))[0]!.id;
    const stored = JSON.stringify({ plain: { a: "********" }, sealed: old.seal('[[["a"],"c"]]') });
    await first.query("UPDATE entry SET sealed = $1 WHERE id = $2", [old.seal('{"values":[],"used":["u"]}'), entry]);
    await first.query("UPDATE resource SET configuration = $1 WHERE id = $2", [stored, id]);
    await first.query(
      `INSERT INTO configuration_version (resource, version, content, changes, author, at) VALUES ($1, 1, $2, '[]', 'a', 1)`,
      [id, stored],
    );
    await first.query(
      `INSERT INTO configuration_change (entry, resource, base, content, changes) VALUES ($1, $2, 1, $3, '[]')`,
      [entry, id, stored],
    );
    if (place.engine === "postgres") {
      const beside = await openDatabase({ url: place.url, poolSize: 1 });
      await expect(rekey(beside, { from: old, to: next, lost: false })).rejects.toMatchObject({ code: "conflict" });
      await beside.close();
    }
    await first.close();

    const second = await openDatabase(place.engine === "postgres" ? { url: place.url, poolSize: 1 } : optionsOf(place));
    world.onCleanup(() => second.close());
    await expect(rekey(second, { from: next, to: sealerOf(1), lost: false })).rejects.toThrow(/another key/);
    expect(await rekey(second, { from: old, to: next, lost: false })).toEqual({ resealed: 7, left: [] });
    // Again, as after an interruption.
    expect(await rekey(second, { from: old, to: next, lost: false })).toEqual({ resealed: 0, left: [] });
    await expect(requireSealingKey(second, old)).rejects.toThrow(/another key/);
    await requireSealingKey(second, next);
    const opened = inventoryOn(second, next);
    expect(await opened.secrets.reveal("db-password")).toMatchObject({ value: "p" });
    expect((await opened.targets.open(second, [id])).get(id)).toMatchObject({ connection: { token: "t" } });
    for (const [table, column] of [
      ["entry", "sealed"],
      ["resource", "configuration"],
      ["configuration_version", "content"],
      ["configuration_change", "content"],
    ] as const) {
      const rows = await second.query<{ value: string }>(
        `SELECT ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL`,
      );
      expect(rows.map(({ value }) => value.includes(`v1.${next.keyId}.`))).toEqual([true]);
    }

    // A key that is lost: what it sealed is named, and stays.
    await opened.secrets.set("root", "other", "again");
    const strange = rekey(second, { from: sealerOf(2), to: sealerOf(3), lost: true });
    expect((await strange).left.toSorted()).toEqual([
      "configuration of shut",
      `entry ${entry}`,
      "resource shut",
      "running change of the configuration of shut",
      "secret db-password",
      "secret other",
      "version 1 of the configuration of shut",
    ]);
    await requireSealingKey(second, sealerOf(3));
    // Of several keys, what can be opened is; without --lost nothing changes.
    await expect(rekey(second, { from: sealerOf(3), to: next, lost: false })).rejects.toThrow(
      /7 of what is sealed can't be opened[^]* and 2 more/,
    );
    await requireSealingKey(second, sealerOf(3));
  });
});
