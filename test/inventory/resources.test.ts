import { writeObservations } from "../../src/operations/effects/availability.ts";
import { expect, test } from "vitest";
import { describeOperation, describeType } from "../../src/resource-types/descriptor.ts";
import { MASK } from "../../src/core/masking.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addEntry, addWorker, inventoryOn, openInventory, SERVICE } from "./world.ts";

describeOnBothEngines("A resource", (world) => {
  test("that two operations make under one name at the same time is one's, and the other is refused", async () => {
    const { database, inventory } = await openInventory(world, {
      resources: { one: { type: "service" }, two: { type: "service" } },
    });
    const { children } = inventory;
    const add = (parent: string, then: () => Promise<unknown>) =>
      database.transaction(async (tx) => {
        await children.add(tx, "twin", { type: "service", zone: "eu", parent }, []);
        await then();
      });
    const nothing = async () => {};
    let second: Promise<unknown> | undefined;
    await add("one", async () => {
      // Not waited for: it waits for this one. It is given the time to look before this one is there.
      second = Promise.allSettled([add("two", nothing)]);
      if (database.dialect.engine === "postgres") {
        const waiting =
          "SELECT count(*) AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        for (let count = 0; count === 0;) count = (await database.query<{ count: number }>(waiting))[0]!.count;
      }
    });
    expect(await second).toMatchObject([{ status: "rejected", reason: { code: "conflict" } }]);
    expect(await inventory.resource("twin")).toMatchObject({ parent: "one" });
  });

  test("is added, replaced when it is the version that was read, and its secrets survive a round trip", async () => {
    const { database, inventory } = await openInventory(world);
    const users = [{ name: "a", password: "x" }];
    const added = await inventory.putResource(
      "s",
      { type: "service", connection: { url: "u", token: "t", users } },
      undefined,
    );
    expect(added).toMatchObject({
      added: true,
      resource: { version: 1, connection: { token: MASK, users: [{ name: "a", password: MASK }] } },
    });
    const { connection, type, zone, labels } = added.resource;
    const changed = await inventory.putResource(
      "s",
      { type, zone, labels: { ...labels, a: "b" }, connection: { ...connection, url: "v" } },
      1,
    );
    expect(changed).toMatchObject({ added: false, resource: { version: 2, labels: { a: "b" } } });
    const { id } = changed.resource;
    const opened = (await inventory.targets.open(database, [id])).get(id)!;
    expect(opened.connection).toEqual({ url: "v", port: 80, token: "t", users });
    await expect(inventory.putResource("s", { type }, 1)).rejects.toMatchObject({
      code: "precondition_failed",
      details: { version: 2 },
    });
    // Nothing differs: nothing is written.
    const same = await inventory.putResource(
      String(id),
      { type, zone, labels: { a: "b" }, connection: { ...connection, url: "v" } },
      "any",
    );
    expect(same.resource.version).toBe(2);
  });

  test("that is read and sent back does not make an inherited worker its own", async () => {
    const { database, inventory } = await openInventory(world, {
      resources: { top: { type: "service", worker: "w1" }, low: { type: "service", parent: "top" } },
    });
    const { worker, parent } = await inventory.resource("low");
    await inventory.putResource("low", { type: "service", worker, parent, labels: { a: "b" } }, undefined);
    await inventory.putResource("top", { type: "service", worker: "w2" }, undefined);
    expect((await inventory.resource("low")).worker).toBe("w2");
    await addWorker(database, "w3");
    await inventory.putResource("low", { type: "service", worker: "w3", parent }, undefined);
    expect((await inventory.resource("low")).worker).toBe("w3");
  });

  test("keeps its availability until its connection changes, and takes only newer observations", async () => {
    const { database, inventory } = await openInventory(world, { resources: { s: { type: "service" } } });
    const { id } = await inventory.resource("s");
    const seen = { resource: id, reason: null, entry: null };
    await database.transaction(async (tx) => {
      writeObservations(tx, [{ ...seen, availability: "up", at: 2_000 }]);
      writeObservations(tx, [{ ...seen, availability: "down", at: 1_000 }]);
    });
    expect(await inventory.resource("s")).toMatchObject({
      availability: "up",
      availabilityAt: "1970-01-01T00:00:02.000Z",
      version: 1,
    });
    await inventory.putResource("s", { type: "service", labels: { a: "b" } }, undefined);
    expect((await inventory.resource("s")).availability).toBe("up");
    await inventory.putResource("s", { type: "service", connection: { port: 81 } }, undefined);
    expect(await inventory.resource("s")).toMatchObject({ availability: "unknown", availabilityAt: null });
  });

  test("is deleted only without children and unfinished entries, and when no group lists it", async () => {
    const { database, inventory } = await openInventory(world, {
      resources: { top: { type: "service" }, low: { type: "service", parent: "top" } },
      groups: { pair: { members: ["low", "top"] }, other: { members: ["top"] }, some: { select: "low" } },
    });
    await expect(inventory.deleteResource("low", undefined)).rejects.toMatchObject({
      code: "conflict",
      message: '"low" is a member of the group pair',
      hint: "Take it out of that group first: wilco apply FILE.",
    });
    await inventory.apply({ groups: { pair: { members: [] }, other: { members: [] } } });
    await expect(inventory.deleteResource("top", undefined)).rejects.toMatchObject({
      code: "conflict",
      message: '"top" has children: low',
    });
    await addEntry(database, (await inventory.resource("low")).id);
    await expect(inventory.deleteResource("low", undefined)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(
        /^"low" has an operation that has not ended: entry \d+ \(check, queued\)$/,
      ) as string,
    });
    await database.query("UPDATE entry SET status = 'canceled', finished_at = 1, error = '{}'");
    await expect(inventory.deleteResource("low", 7)).rejects.toMatchObject({ code: "precondition_failed" });
    await inventory.deleteResource("low", 1);
    await inventory.deleteResource("top", undefined);
    await expect(inventory.resource("low")).rejects.toMatchObject({
      code: "unknown_resource",
      hint: expect.stringContaining("no resources yet"),
    });
    // The history stays.
    expect(await database.query("SELECT resource, status FROM entry")).toEqual([
      { resource: null, status: "canceled" },
    ]);
  });

  test("that nobody has is named with its nearest neighbour, in a large fleet too", async () => {
    const resources = Object.fromEntries(Array.from({ length: 2_500 }, (_, n) => [`node-${n}`, { type: "service" }]));
    const { inventory } = await openInventory(world, {
      resources: { ...resources, "backup-server": { type: "service" } },
    });
    const cases: Array<[ref: string | number, hint: RegExp]> = [
      ["backpu-server", /Did you mean "backup-server"\?/],
      ["Backup-Server", /Did you mean "backup-server"\?/],
      ["nod-17", /Did you mean "node-1?7"\?/],
      ["something-else-entirely", /wilco resources list/],
      ["x".repeat(5_000), /wilco resources list/],
      ["a\0b", /wilco resources list/],
      ["\ud800", /wilco resources list/],
      ["%_[*", /wilco resources list/],
      [999_999, /wilco resources list/],
      ["99999999999999999999", /wilco resources list/],
    ];
    for (const [ref, hint] of cases) {
      await expect(inventory.resource(ref)).rejects.toMatchObject({
        code: "unknown_resource",
        hint: expect.stringMatching(hint),
      });
    }
  });

  test("can't be put under its own child by two changes at once", async () => {
    const { inventory } = await openInventory(world, { resources: { a: { type: "service" }, b: { type: "service" } } });
    const both = await Promise.allSettled([
      inventory.putResource("a", { type: "service", parent: "b" }, undefined),
      inventory.putResource("b", { type: "service", parent: "a" }, undefined),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});

describeOnBothEngines("Targets of operations", (world) => {
  test("are found by name, id, and id as text, with the worker they inherit and the type as it is now", async () => {
    const { database, inventory } = await openInventory(world, {
      resources: { top: { type: "service", worker: "w1" }, low: { type: "service", parent: "top" } },
    });
    const { id } = await inventory.resource("low");
    const found = await inventory.targets.find(database, ["top", id, String(id), "nobody", 999, "999"]);
    expect([...found.keys()].filter((ref) => ref === id || ref === String(id) || ref === "top")).toHaveLength(3);
    expect(found.get(id)).toMatchObject({ name: "low", worker: "w1", type: { name: "service", description: null } });
    expect([found.get("nobody"), found.get(999), found.get("999")]).toEqual([undefined, undefined, undefined]);
    await inventory.registerBuiltinTypes([{ ...SERVICE, description: "New" }]);
    expect((await inventory.targets.find(database, ["low"])).get("low")!.type.description).toBe("New");
    expect(await inventory.targets.unknown(database, "lwo")).toMatchObject({ hint: 'Did you mean "low"?' });
  });
});

describeOnBothEngines("A resource type", (world) => {
  test("is seen by every server as soon as it is saved", async () => {
    const { database, inventory } = await openInventory(world);
    const other = inventoryOn(database);
    expect((await other.type("service")).description).toBeNull();
    await inventory.registerBuiltinTypes([{ ...SERVICE, description: "New" }]);
    expect((await other.type("service")).description).toBe("New");
    expect((await inventory.typeList()).map(({ name, builtin }) => [name, builtin])).toEqual([
      ["daemon", true],
      ["service", true],
    ]);
  });

  test("that a worker brings is added and updated, but changes neither built-in types nor those of the inventory", async () => {
    const { database, inventory } = await openInventory(world, {
      types: { job: { operations: { go: { run: ["true"] } } } },
    });
    const saveFromWorker = (types: unknown[]) =>
      database.transaction((tx) => inventory.types.saveFromWorker(tx, types));
    const printer = describeType("printer", {}, [describeOperation("print", {})]);
    await saveFromWorker([printer, { ...SERVICE, description: "not ours" }]);
    expect(await inventory.type("printer")).toMatchObject({ builtin: false });
    expect((await inventory.type("service")).description).toBeNull();
    await saveFromWorker([{ ...printer, description: "v2", builtin: true }]);
    expect(await inventory.type("printer")).toMatchObject({ description: "v2", builtin: false });
    await expect(saveFromWorker([describeType("job", {}, [describeOperation("go", {})])])).rejects.toMatchObject({
      code: "conflict",
    });
    const runs = structuredClone(await inventory.type("job"));
    await expect(saveFromWorker([{ ...runs, name: "other" }])).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(saveFromWorker([{ ...printer, connection: { tpye: "object" } }])).rejects.toMatchObject({
      message: expect.stringContaining("connection"),
    });
    await expect(
      inventory.apply({ types: { printer: { operations: { go: { run: ["true"] } } } } }),
    ).rejects.toMatchObject({
      message: expect.stringContaining("a worker brings"),
    });
  });
});
