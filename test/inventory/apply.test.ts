import { expect, test } from "vitest";
import type { InventoryDocument } from "../../src/protocol/messages.ts";
import { MASK } from "../../src/core/masking.ts";
import { createSealer } from "../../src/inventory/sealer.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addEntry, addWorker, inventoryOn, openInventory } from "./world.ts";

const DOCUMENT: InventoryDocument = {
  types: {
    "web-server": {
      connection: {
        type: "object",
        properties: {
          url: { type: "string" },
          port: { type: "integer", default: 80 },
          token: { type: "string", secret: true },
        },
        required: ["url"],
        additionalProperties: false,
      },
      runsOn: "any",
      operations: { reload: { run: ["nginx", "-s", "reload"], onLost: "requeue" } },
    },
  },
  resources: {
    // The child stands before its parent: the order in a document does not matter.
    child: { type: "service", parent: "web-1" },
    "web-1": {
      type: "web-server",
      zone: "eu",
      worker: "eu-1",
      labels: { tier: "web" },
      description: "The first",
      connection: { url: "http://127.0.0.1:8081", token: "s3cret" },
    },
  },
  groups: { web: { select: "tier=web" }, both: { members: ["web-1", "child"], description: "Two" } },
};

const changesOf = (answer: { changes: Array<{ what: string; name: string; action: string; keys: string[] }> }) =>
  answer.changes.map(({ what, name, action, keys }) => `${what} ${name}: ${[action, ...keys].join(" ")}`);

describeOnBothEngines("An inventory document", (world) => {
  test("is applied once and the same from then on, without a write", async () => {
    const { database, inventory } = await openInventory(world);
    await addWorker(database, "eu-1", { zone: "eu" });
    const first = await inventory.apply(DOCUMENT);
    expect(first).toMatchObject({ applied: true, notices: [] });
    expect(changesOf(first)).toEqual([
      "type web-server: add",
      "resource child: add",
      "resource web-1: add",
      "group web: add",
      "group both: add",
    ]);
    const web = await inventory.resource("web-1");
    expect(web).toMatchObject({
      type: "web-server",
      zone: "eu",
      worker: "eu-1",
      labels: { tier: "web" },
      parent: null,
      description: "The first",
      connection: { url: "http://127.0.0.1:8081", port: 80, token: MASK },
      availability: "unknown",
      availabilityAt: null,
      version: 1,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await inventory.resource("child")).toMatchObject({ parent: "web-1", worker: "eu-1", zone: "default" });
    expect(await inventory.resource(web.id)).toEqual(web);
    expect(await inventory.resource(String(web.id))).toEqual(web);
    expect(await inventory.groups()).toEqual([
      { name: "both", description: "Two", select: null, members: ["web-1", "child"], groups: [] },
      { name: "web", description: null, select: "tier=web", members: null, groups: null },
    ]);

    const again = await inventory.apply(DOCUMENT);
    expect(changesOf(again)).toEqual([
      "type web-server: same",
      "resource child: same",
      "resource web-1: same",
      "group web: same",
      "group both: same",
    ]);
    expect(await inventory.resource("web-1")).toEqual(web);
  });

  test("names the keys that it changes, and tries without changing when asked to", async () => {
    const { inventory } = await openInventory(world, DOCUMENT);
    const changed = structuredClone(DOCUMENT) as Required<typeof DOCUMENT>;
    Object.assign(changed.resources["web-1"] as object, {
      labels: { tier: "app" },
      zone: "us",
      connection: { url: "http://x", token: MASK },
    });
    Object.assign((changed.types["web-server"] as { operations: object }).operations, {
      stop: { run: ["nginx", "-s", "stop"] },
    });
    changed.groups["web"] = { select: "tier=app" };
    const expected = [
      "type web-server: change operations",
      "resource child: same",
      "resource web-1: change zone labels connection",
      "group web: change select",
      "group both: same",
    ];
    const before = await inventory.resource("web-1");
    const tried = await inventory.apply({ ...changed, dryRun: true });
    expect(tried.applied).toBe(false);
    expect(changesOf(tried)).toEqual(expected);
    // An operation that is new is one difference, not one for each of its defaults.
    expect(tried.changes[0]!.differences).toEqual([
      { path: "operations.stop", to: expect.objectContaining({ name: "stop" }) as object },
    ]);
    expect(await inventory.resource("web-1")).toEqual(before);
    expect(Object.keys((await inventory.type("web-server")).operations)).toEqual(["reload"]);

    expect(changesOf(await inventory.apply(changed))).toEqual(expected);
    expect(await inventory.resource("web-1")).toMatchObject({
      version: 2,
      zone: "us",
      labels: { tier: "app" },
      connection: { url: "http://x", token: MASK },
    });
    expect(Object.keys((await inventory.type("web-server")).operations)).toEqual(["reload", "stop"]);
    expect((await inventory.resources({ selector: "group=web" })).items).toHaveLength(1);
  });

  test("is refused as a whole, with every mistake by its place and the nearest right name", async () => {
    const { inventory } = await openInventory(world, { resources: { old: { type: "service" } } });
    const mistakes: InventoryDocument = {
      types: {
        service: { operations: { run: { run: ["true"] } } },
        bad: { operation: {} },
      },
      resources: {
        good: { type: "service" },
        "a,b": { type: "service" },
        "12": { type: "service" },
        tpyo: { tpye: "service" },
        typeless: {},
        "of-bad": { type: "bad" },
        kind: { type: "servce" },
        port: { type: "service", connection: { port: "80", ulr: "x" } },
        masked: { type: "service", connection: { token: MASK } },
        label: { type: "service", labels: { version: 1.1, "no key": "x" } },
        orphan: { type: "service", parent: "odl" },
        near: { type: "service", parent: "god" },
        "ring-1": { type: "service", parent: "ring-2" },
        "ring-2": { type: "service", parent: "ring-1" },
        list: [],
        nul: { type: "service", description: "a\0b", zone: "worker" },
        // One mistake does not hide the others of the same resource.
        crowded: {
          type: "servce",
          labell: {},
          labels: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, ""])),
        },
        half: { type: "service", labels: { a: "\ud800" }, connection: { ulr: "x" } },
      },
      groups: {
        none: {},
        both: { select: "a", members: ["good"] },
        broken: { select: "a,,b" },
        loop: { select: "group=loop" },
        far: { select: "group=lop" },
        members: { members: ["good", "odl"] },
      },
    };
    const error = (await inventory.apply(mistakes).catch((thrown: unknown) => thrown)) as {
      code: string;
      message: string;
      details: { problems: Array<{ path: string; message: string; hint: string | null }> };
    };
    expect(error.code).toBe("invalid_inventory");
    const told = error.details.problems.map(({ path, message, hint }) => `${path}: ${message} | ${hint ?? ""}`);
    const expected: Array<[path: string, words: RegExp]> = [
      ["types.service", /built-in/],
      ["types.bad.operation", /Did you mean "operations"/],
      ["resources.a,b", /not a name for a resource/],
      ["resources.12", /not a name for a resource/],
      ["resources.tpyo.tpye", /Did you mean "type"/],
      ["resources.typeless.type", /missing/],
      ["resources.kind.type", /no resource type "servce".*Did you mean "service"/],
      ["resources.port.connection.port", /whole number/],
      ["resources.port.connection.ulr", /Did you mean "url"/],
      ["resources.masked.connection.token", /masked/],
      ["resources.label.labels.version", /in quotes/],
      ["resources.label.labels.no key", /not a label's key/],
      ["resources.orphan.parent", /"odl".*Did you mean "old"/],
      ["resources.near.parent", /"god".*Did you mean "good"/],
      ["resources.ring-1.parent", /ring-1 → ring-2 → ring-1/],
      ["resources.ring-2.parent", /ring-2 → ring-1 → ring-2/],
      ["resources.list", /must be an object/],
      ["resources.nul.description", /can't be used/],
      ["resources.nul.zone", /reserved/],
      ["resources.crowded.labell", /Did you mean "labels"/],
      ["resources.crowded.labels", /101 of them, and 100 are the most/],
      ["resources.crowded.type", /no resource type "servce"/],
      ["resources.half.labels.a", /can't be stored as a label.*no half of a character/],
      ["resources.half.connection.ulr", /Did you mean "url"/],
      ["groups.none", /either select or members/],
      ["groups.both", /either select or members/],
      ["groups.broken.select", /empty term/],
      ["groups.loop.select", /loop → loop/],
      ["groups.far.select", /Did you mean "loop"/],
      ["groups.members.members", /"odl".*Did you mean "old"/],
    ];
    for (const [path, words] of expected) {
      const line = told.find((one) => one.startsWith(`${path}: `));
      expect(line ?? `nothing about ${path} in\n${told.join("\n")}`).toMatch(words);
    }
    // What follows from a mistake that is told is not one more: a type with a mistake in it is there.
    expect(told.filter((one) => /^resources\.(of-bad|tpyo\.type:)/.test(one))).toEqual([]);
    expect(error.message).toContain("things are wrong");
    expect((await inventory.resources({})).items.map(({ name }) => name)).toEqual(["old"]);
    expect(await inventory.groups()).toEqual([]);
  });

  test("can't make a resource its own ancestor through what is stored", async () => {
    const { inventory } = await openInventory(world, {
      resources: {
        top: { type: "service" },
        middle: { type: "service", parent: "top" },
        low: { type: "service", parent: "middle" },
      },
    });
    await expect(inventory.apply({ resources: { top: { type: "service", parent: "low" } } })).rejects.toMatchObject({
      message: expect.stringContaining("top → low → middle → top"),
    });
    await expect(inventory.apply({ resources: { low: { type: "service", parent: "low" } } })).rejects.toMatchObject({
      message: expect.stringContaining("low → low"),
    });
  });

  test("of thousands of resources is written in a few statements", async () => {
    const { inventory } = await openInventory(world);
    const resources = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, n) => [
        `r-${n}`,
        { type: "service", labels: { n: String(n) }, ...(n > 0 ? { parent: `r-${n < 3 ? 0 : n - 1 - (n % 3)}` } : {}) },
      ]),
    );
    const { changes } = await inventory.apply({ resources });
    expect(changes.filter(({ action }) => action === "add")).toHaveLength(3_000);
    expect((await inventory.resource("r-2999")).parent).toBe("r-2996");
    const again = await inventory.apply({ resources });
    expect(again.changes.filter(({ action }) => action === "same")).toHaveLength(3_000);
  });
});

describeOnBothEngines("Changing a type", (world) => {
  const typed = (connection: object) => ({
    types: { box: { connection, operations: { go: { http: { url: "http://x" } } } } },
  });
  const open = { type: "object", properties: { pin: { type: "string" } } };

  test("seals what became secret in resources that the document does not name", async () => {
    const { database, inventory } = await openInventory(world, {
      ...typed(open),
      resources: { b: { type: "box", connection: { pin: "4711" } } },
    });
    await inventory.apply(typed({ type: "object", properties: { pin: { type: "string", secret: true } } }));
    expect((await inventory.resource("b")).connection).toEqual({ pin: MASK });
    const [row] = await database.query<{ connection: string }>("SELECT connection FROM resource WHERE name = 'b'");
    expect(row!.connection).not.toContain("4711");
    const { id } = await inventory.resource("b");
    expect((await inventory.targets.open(database, [id])).get(id)!.connection).toEqual({ pin: "4711" });
  });

  test("says which resources no longer fit", async () => {
    const { inventory } = await openInventory(world, {
      ...typed(open),
      resources: { b: { type: "box", connection: { pin: "4711" } } },
    });
    const { notices } = await inventory.apply(typed({ type: "object", properties: { pin: { type: "integer" } } }));
    expect(notices).toEqual([
      expect.stringMatching(/^b does not fit the changed type box: connection: "pin" must be a whole number/),
    ]);
  });

  test("of a resource waits for its unfinished operations", async () => {
    const { database, inventory } = await openInventory(world, { ...typed(open), resources: { b: { type: "box" } } });
    await addEntry(database, (await inventory.resource("b")).id);
    await expect(inventory.putResource("b", { type: "service" }, undefined)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("an operation is unfinished"),
    });
  });

  test("works when the stored secrets were sealed with a key that is gone, once they are set anew", async () => {
    const { database, inventory } = await openInventory(world, {
      resources: { s: { type: "service", connection: { token: "a" } } },
    });
    const other = inventoryOn(database, createSealer(new Uint8Array(32).fill(9)));
    const { id } = await inventory.resource("s");
    expect((await other.targets.open(database, [id])).get(id)).toMatchObject({
      connection: {},
      sealed: expect.stringContaining("sealed with another key") as string,
    });
    await expect(other.putResource("s", { type: "service", connection: { token: MASK } }, undefined)).rejects.toThrow(
      /masked/,
    );
    await other.putResource("s", { type: "service", connection: { token: "b" } }, undefined);
    expect((await other.targets.open(database, [id])).get(id)!.connection).toMatchObject({ token: "b" });
  });
});
