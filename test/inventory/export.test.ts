import { expect, test } from "vitest";
import { MASK } from "../../src/core/masking.ts";
import type { InventoryDocument } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addWorker, openInventory } from "./world.ts";

const GAUGE = {
  description: "Reads a value",
  connection: { type: "object", properties: { url: { type: "string" }, key: { type: "string", secret: true } } },
  operations: {
    read: { http: { url: "{{connection.url}}/value", headers: { "x-key": "{{connection.key}}" }, result: "json" } },
    reset: { run: ["gauge", "reset"], onLost: "requeue" },
  },
};

const DOCUMENT: InventoryDocument = {
  types: { gauge: GAUGE },
  resources: {
    zeta: { type: "gauge", worker: "eu-1", parent: "alpha", connection: { url: "http://g", key: "s3cret" } },
    alpha: { type: "service", zone: "eu", labels: { tier: "web", a: "1" }, description: "The first" },
    plain: { type: "service" },
  },
  groups: { web: { select: "tier=web" }, both: { members: ["zeta", "alpha"] }, all: { groups: ["web", "both"] } },
};

describeOnBothEngines("An export", (world) => {
  test("gives back what was written, in one order, and applied again it changes nothing", async () => {
    const { database, inventory } = await openInventory(world);
    await addWorker(database, "eu-1", { zone: "eu" });
    await inventory.apply(DOCUMENT);
    const { document, secrets, notices } = await inventory.export("");
    expect(notices).toEqual([]);
    expect(secrets).toEqual([["resources", "zeta", "connection", "key"]]);
    const service = { type: "service" };
    expect(document).toEqual({
      types: { gauge: GAUGE },
      resources: {
        alpha: { ...service, zone: "eu", labels: { a: "1", tier: "web" }, description: "The first" },
        plain: service,
        zeta: { type: "gauge", worker: "eu-1", parent: "alpha", connection: { url: "http://g", key: MASK } },
      },
      groups: { all: { groups: ["web", "both"] }, both: { members: ["zeta", "alpha"] }, web: { select: "tier=web" } },
    });
    expect(Object.keys(document.resources!)).toEqual(["alpha", "plain", "zeta"]);
    expect(Object.keys((document.resources!["alpha"] as { labels: object }).labels)).toEqual(["a", "tier"]);

    const again = await inventory.apply(document);
    expect(again.changes.filter(({ action }) => action !== "same")).toEqual([]);
    expect(again.notices).toEqual([]);
    expect((await inventory.export("")).document).toEqual(document);

    const part = await inventory.export("type=gauge");
    expect(part.document).toMatchObject({ types: { gauge: GAUGE }, resources: { zeta: {} }, groups: {} });
    expect(Object.keys(part.document.resources!)).toEqual(["zeta"]);
    expect((await inventory.export("plain")).document).toEqual({
      types: {},
      resources: { plain: service },
      groups: {},
    });
    await expect(inventory.export("plian")).rejects.toThrow(/no resource "plian"/);
  });

  test("that is merged changes only the keys that it has", async () => {
    const { inventory } = await openInventory(world, {
      resources: {
        one: { type: "service", zone: "eu", labels: { by: "hand" }, connection: { url: "http://a", token: "t0p" } },
      },
    });
    const merged = { one: { labels: { from: "import" }, connection: { url: "http://b" } } };
    const { changes } = await inventory.apply({ resources: merged, merge: true });
    expect(changes[0]!.differences).toEqual([
      { path: "labels.from", to: "import" },
      { path: "connection.url", from: "http://a", to: "http://b" },
    ]);
    expect(await inventory.resource("one")).toMatchObject({
      zone: "eu",
      labels: { by: "hand", from: "import" },
      connection: { url: "http://b", token: MASK },
    });
    expect((await inventory.apply({ resources: merged, merge: true })).changes[0]!.action).toBe("same");
    await inventory.apply({ groups: { smart: { select: "one" } } });
    await expect(inventory.apply({ groups: { smart: { members: ["one"] } }, merge: true })).rejects.toThrow(
      /the group smart is there, by query \(one\)/,
    );
    await expect(inventory.apply({ resources: { two: { labels: {} } }, merge: true })).rejects.toThrow(
      /resources.two.type: it is missing/,
    );
  });
});
