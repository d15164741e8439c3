/** What was seen of a resource over time, as it is told. */
import { expect, test } from "vitest";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { createObservations } from "../../src/inventory/observations.ts";
import { createTypes } from "../../src/inventory/types.ts";
import { writeObservations } from "../../src/operations/effects/availability.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { openInventory } from "./world.ts";

const HOUR = 3_600_000;

describeOnBothEngines("What was seen of a resource", (world) => {
  test("is told as changes with their reasons, and as shares of time", async () => {
    const { database, inventory } = await openInventory(world, { resources: { s: { type: "service" } } });
    const { id } = await inventory.resource("s");
    const now = Date.now();
    const start = now - 10 * HOUR;
    await database.query("UPDATE resource SET created_at = $1 WHERE id = $2", [start, id]);
    const seen = async (hours: number, availability: "up" | "down" | "unknown", reason: string | null = null) =>
      database.transaction(async (tx) =>
        writeObservations(tx, [{ resource: id, availability, reason, at: start + hours * HOUR, entry: null }]),
      );
    await seen(2, "up");
    await seen(3, "up");
    await seen(6, "down", "it does not run");
    await seen(7, "unknown");
    // Another connection: what was seen before says nothing about it, and neither does what began before.
    await inventory.putResource("s", { type: "service", connection: { port: 81 } }, undefined);
    await seen(8, "up");
    expect((await inventory.resource("s")).availability).toBe("unknown");

    const observations = createObservations({ types: createTypes({ schemas: createSchemaValidator() }) });
    const all = await observations.availability(database, "s", { since: "100d" }, now);
    expect(all.changes.map(({ availability, reason }) => [availability, reason])).toEqual([
      ["unknown", null],
      ["down", "it does not run"],
      ["up", null],
    ]);
    // Two hours unknown, four up, one down, three unknown.
    expect(all).toMatchObject({
      truncated: false,
      since: new Date(start).toISOString(),
      times: { up: 4 * HOUR, down: HOUR, unknown: 5 * HOUR, disabled: 0 },
      upShare: 0.8,
    });
    const late = await observations.availability(database, "s", { since: "3h", limit: 1 }, now - HOUR / 2);
    expect(late).toMatchObject({ times: { down: HOUR / 2, unknown: 2.5 * HOUR }, upShare: 0, truncated: false });
    await expect(observations.availability(database, "s", { since: "soon" }, now)).rejects.toMatchObject({
      code: "invalid_request",
      message: 'since is "soon", which is neither a time nor how long ago',
    });
    await expect(observations.availability(database, "z", {}, now)).rejects.toMatchObject({ code: "unknown_resource" });
  });

  test("is told of one that was added disabled, and of one that never changed", async () => {
    const { database, inventory } = await openInventory(world, {
      resources: { off: { type: "service", enabled: false }, old: { type: "service" } },
    });
    const start = Date.now() - HOUR;
    await database.query("UPDATE resource SET created_at = $1", [start]);
    await database.query("UPDATE availability_change SET at = $1", [start]);
    // As a database from before changes were kept has it.
    await database.query(
      `INSERT INTO resource (name, type, zone, labels, connection, availability, availability_at, version, created_at, updated_at)
       SELECT 'older', type, zone, labels, connection, 'up', 1, 1, created_at, updated_at FROM resource WHERE name = 'old'`,
    );
    const observations = createObservations({ types: createTypes({ schemas: createSchemaValidator() }) });
    const timesOf = async (name: string) => (await observations.availability(database, name, {}, start + HOUR)).times;
    expect(await timesOf("off")).toEqual({ up: 0, down: 0, unknown: 0, disabled: HOUR });
    expect(await timesOf("old")).toEqual({ up: 0, down: 0, unknown: HOUR, disabled: 0 });
    expect(await timesOf("older")).toEqual({ up: HOUR, down: 0, unknown: 0, disabled: 0 });
    expect((await inventory.resource("off")).availability).toBe("disabled");
  });

  test("is told as series of metrics, the samples of one step put together", async () => {
    const { database, inventory } = await openInventory(world, { resources: { s: { type: "service" } } });
    const { id } = await inventory.resource("s");
    const now = Date.now();
    await database.query("UPDATE resource SET created_at = 1 WHERE id = $1", [id]);
    for (const [ago, numbers] of [
      [100 * 60_000, { old: 1 }],
      [50 * 60_000, { cpu: 1, memory: 10 }],
      [49 * 60_000, { cpu: 3 }],
      [1_000, { cpu: 8 }],
    ] as const) {
      await database.query("INSERT INTO metric_sample (resource, at, numbers) VALUES ($1, $2, $3)", [
        id,
        now - ago,
        JSON.stringify(numbers),
      ]);
    }
    const observations = createObservations({ types: createTypes({ schemas: createSchemaValidator() }) });
    const { series } = await observations.metrics(database, "s", { points: 6 }, now);
    expect(series.map(({ name }) => name)).toEqual(["cpu", "memory"]);
    expect(series[0]).toMatchObject({ count: 3, min: 1, mean: 4, max: 8, last: 8, unit: null });
    expect(series[0]!.points.map(({ value }) => value)).toEqual([2, 8]);
    expect((await observations.metrics(database, "s", { name: "memory" }, now)).series).toHaveLength(1);
  });
});
