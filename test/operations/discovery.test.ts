/** A discovery's end on both engines: what it found is kept in the transaction that ends it, and nonsense fails it. */
import { expect, test } from "vitest";
import { describeType } from "../../src/resource-types/descriptor.ts";
import { createTypes } from "../../src/inventory/types.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, operation, serve, unsound } from "./world.ts";

const finder = describeType("finder", {}, [operation("discover", { exclusive: false }), operation("look")]);

describeOnBothEngines("a discovery", (engine) => {
  test("is an entry of its kind, whose end keeps what it found, or fails for what makes no sense", async () => {
    const world = await createWorld(engine);
    const { database } = world;
    await database.transaction(async (tx) => {
      await createTypes({ schemas: createSchemaValidator() }).save(tx, [finder]);
      await tx.query("UPDATE resource SET type = 'finder' WHERE name = 'a'");
    });
    const session = await world.register();
    const findings = () =>
      database.query<{ name: string; status: string; entry: number }>(
        "SELECT name, status, entry FROM finding ORDER BY id",
      );
    async function discover(result: unknown) {
      const { id, kind } = await world.submit("a", "discover");
      const after = await world.submitOne({ resource: "b", operation: "look", after: [{ entry: id, on: "success" }] });
      const [assignment] = await world.claim(session);
      await world.finish(session, assignment!, { result: result as never });
      const entry = await world.operations.entry(id);
      const next = await world.operations.entry(after.id);
      for (const left of await world.claim(session)) await world.finish(session, left);
      return { kind, entry, next: next.status };
    }

    const good = await discover({
      resources: [
        { name: "x", type: "thing" },
        { name: "y", type: "thnig" },
      ],
    });
    expect(good).toMatchObject({ kind: "discovery", next: "queued", entry: { status: "succeeded" } });
    expect(good.entry.result).toEqual({
      found: 1,
      new: 1,
      changed: 0,
      gone: 0,
      problems: [
        { path: "resources[1].type", message: 'there is no resource type "thnig"', hint: "Apply the type first." },
      ],
    });
    expect(await findings()).toEqual([{ name: "x", status: "new", entry: good.entry.id }]);

    for (const nonsense of [null, "done", { resources: "many" }, { found: [] }, { resources: [7, { name: "" }] }]) {
      const bad = await discover(nonsense);
      expect(bad).toMatchObject({
        next: "canceled",
        entry: { status: "failed", result: null, error: { code: "bad_findings", source: "operation" } },
      });
    }
    // Nothing of it touched what was found before.
    expect(await findings()).toEqual([{ name: "x", status: "new", entry: good.entry.id }]);
    expect((await discover({ resources: [] })).entry.result).toMatchObject({ found: 0, gone: 1, problems: [] });
    // What comes and goes would be more with every discovery.
    await world.operations.maintenance.round();
    expect(await findings()).toMatchObject([{ name: "x", status: "gone" }]);
    await database.query("UPDATE finding SET seen_at = 1");
    const later = serve(engine, database);
    await later.operations.maintenance.round();
    expect(await findings()).toEqual([]);
    expect(await unsound(database)).toEqual([]);
  });
});
