import { expect, test } from "vitest";
import type { Inventory } from "../../src/inventory/inventory.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { openInventory } from "./world.ts";

const FLEET = {
  types: { job: { operations: { run: { run: ["true"] } }, runsOn: "any" } },
  resources: {
    "web-1": { type: "service", zone: "eu", worker: "w1", labels: { tier: "web", canary: "yes" } },
    "web-2": { type: "service", zone: "eu", labels: { tier: "web" } },
    "Web-3": { type: "service", zone: "us", labels: { tier: "web", "app.kubernetes.io/name": "shop" } },
    db_1: { type: "service", zone: "eu", labels: { tier: "db", type: "primary" } },
    dbx1: { type: "service", zone: "us", labels: { tier: "db" } },
    nightly: { type: "job", parent: "web-1" },
    "nightly:step": { type: "job", parent: "nightly", worker: "w2" },
  },
  groups: {
    web: { select: "tier=web" },
    euweb: { select: "group=web,zone=eu" },
    pair: { members: ["web-2", "dbx1"] },
  },
};

const namesOf = async (inventory: Inventory, selector: string) =>
  (await inventory.resources({ selector })).items.map(({ name }) => name);

describeOnBothEngines("A selector", (world) => {
  test("finds by the labels that there are now", async () => {
    const { inventory } = await openInventory(world, FLEET);
    await inventory.patchResource("db_1", { labels: { tier: "cache", type: null } }, undefined);
    expect(await namesOf(inventory, "tier=db")).toEqual(["dbx1"]);
    expect(await namesOf(inventory, "tier=cache")).toEqual(["db_1"]);
    expect(await namesOf(inventory, "label.type=primary")).toEqual([]);
    await inventory.apply({ groups: { pair: { members: ["web-2"] } } });
    await inventory.deleteResource("dbx1", undefined);
    expect(await namesOf(inventory, "tier=db")).toEqual([]);
    await inventory.apply({ resources: { dbx1: { type: "service", labels: { tier: "db", x: "1" } } } });
    expect(await namesOf(inventory, "tier=db,x=1,db*")).toEqual(["dbx1"]);
    expect(await namesOf(inventory, "worker=w1,web*,tier=web")).toEqual(["web-1"]);
  });

  test("finds by names, globs and terms the same on both engines", async () => {
    const { inventory } = await openInventory(world, FLEET);
    const cases: Array<[selector: string, names: string[]]> = [
      ["", ["web-1", "web-2", "Web-3", "db_1", "dbx1", "nightly", "nightly:step"]],
      ["*", ["web-1", "web-2", "Web-3", "db_1", "dbx1", "nightly", "nightly:step"]],
      ["web-2,web-1", ["web-1", "web-2"]],
      // Letter case counts, an underscore is itself and not any character.
      ["web-*", ["web-1", "web-2"]],
      ["?eb-?", ["web-1", "web-2", "Web-3"]],
      ["db_*", ["db_1"]],
      ["db?1", ["db_1", "dbx1"]],
      ["web-1,db*", ["web-1", "db_1", "dbx1"]],
      ["tier=web", ["web-1", "web-2", "Web-3"]],
      ["tier=web,zone=eu", ["web-1", "web-2"]],
      ["tier=web,zone!=eu", ["Web-3"]],
      // Excluding a label keeps those that do not have it.
      ["tier!=web", ["db_1", "dbx1", "nightly", "nightly:step"]],
      ["tier!=web,tier!=db", ["nightly", "nightly:step"]],
      ["tier=web,tier=db", []],
      ["zone=eu,zone=us", []],
      ["tier=web,canary=yes", ["web-1"]],
      ["tier=web,canary!=yes", ["web-2", "Web-3"]],
      ["app.kubernetes.io/name=shop", ["Web-3"]],
      ["label.type=primary", ["db_1"]],
      ["label.type!=primary,type=service", ["web-1", "web-2", "Web-3", "dbx1"]],
      ["type=job", ["nightly", "nightly:step"]],
      ["name=web-*,name=*1", ["web-1"]],
      ["web-*,name!=web-1", ["web-2"]],
      // The binding that counts is the nearest one up the parents.
      ["worker=w1", ["web-1", "nightly"]],
      ["worker=w2", ["nightly:step"]],
      ["worker!=w1,type=job", ["nightly:step"]],
      ["group=web", ["web-1", "web-2", "Web-3"]],
      ["group=euweb", ["web-1", "web-2"]],
      ["group=pair", ["web-2", "dbx1"]],
      ["group=pair,group=web", ["web-2"]],
      ["group!=web,type=service", ["db_1", "dbx1"]],
      ["group!=web,group!=pair,type=service", ["db_1"]],
      ["tier=100%", []],
      ["tier=o'hara\"\\", []],
    ];
    for (const [selector, names] of cases) {
      expect({ selector, names: await namesOf(inventory, selector) }).toEqual({ selector, names });
    }
  });

  test("that names what there is not is refused with the nearest name", async () => {
    const { inventory } = await openInventory(world, FLEET);
    const cases: Array<[selector: string, code: string, hint: RegExp]> = [
      ["web-1,wbe-2", "unknown_resource", /Did you mean "web-2"/],
      ["type=servise", "unknown_type", /Did you mean "service"/],
      ["group=wbe", "unknown_group", /Did you mean "web"/],
      ["a b", "invalid_selector", /names or globs/],
      ["tier=\0", "invalid_selector", /invisible/],
      ["tier=\ud800", "invalid_selector", /invisible/],
      ["web-\0", "invalid_selector", /invisible/],
    ];
    for (const [selector, code, hint] of cases) {
      await expect(namesOf(inventory, selector)).rejects.toMatchObject({
        code,
        hint: expect.stringMatching(hint),
      });
    }
  });

  test("with a group that contains itself is refused by the names on the way round", async () => {
    const { database, inventory } = await openInventory(world, FLEET);
    await database.query("UPDATE resource_group SET selector = 'group=euweb' WHERE name = 'web'");
    await expect(namesOf(inventory, "group=web")).rejects.toMatchObject({
      code: "invalid_selector",
      message: expect.stringContaining("web → euweb → web"),
    });
  });
});

describeOnBothEngines("Pages of resources", (world) => {
  test("follow one another without a gap while resources come and go", async () => {
    const resources = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`r-${n}`, { type: "service" }]));
    const { inventory } = await openInventory(world, { resources });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await inventory.resources({ limit: 10, ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.next;
      if (seen.length === 10) {
        await inventory.deleteResource("r-3", undefined);
        await inventory.deleteResource("r-15", undefined);
        await inventory.putResource("late", { type: "service" }, undefined);
      }
    } while (cursor !== null);
    expect(seen).toEqual([...Object.keys(resources).filter((name) => name !== "r-15"), "late"]);
  });

  test("refuse a cursor that no page gave", async () => {
    const { inventory } = await openInventory(world, FLEET);
    for (const cursor of ["x", "", "cmVzb3VyY2U6", "%00"]) {
      await expect(inventory.resources({ cursor })).rejects.toMatchObject({ code: "invalid_request" });
    }
  });

  test("can be limited to the children of a resource", async () => {
    const { inventory } = await openInventory(world, FLEET);
    const page = await inventory.resources({ parent: "web-1", selector: "type=job" });
    expect(page.items.map(({ name, worker }) => [name, worker])).toEqual([["nightly", "w1"]]);
    await expect(inventory.resources({ parent: "web-9" })).rejects.toMatchObject({ code: "unknown_resource" });
  });
});
