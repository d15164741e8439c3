import { expect, test } from "vitest";
import type { InventoryDocument } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { openInventory } from "./world.ts";

const service = (tier: string) => ({ type: "service", labels: { tier } });

const DOCUMENT: InventoryDocument = {
  resources: { "db-1": service("db"), "web-1": service("web"), "web-2": service("web"), "app-1": service("app") },
  groups: {
    web: { select: "tier=web" },
    front: { members: ["app-1"], groups: ["web"] },
    all: { groups: ["front", "web", "data"], description: "Twice web, once each" },
    data: { members: ["db-1"] },
    "not-front": { select: "group!=front" },
  },
};

describeOnBothEngines("A group", (world) => {
  test("of groups has their members when it is used, each once, in the order of its lists", async () => {
    const { database, inventory } = await openInventory(world, DOCUMENT);
    const membersOf = async (group: string) => {
      const ids = await inventory.groupMembers(group);
      const { items } = await inventory.resources({});
      return ids.map((id) => items.find((item) => item.id === id)!.name);
    };
    expect(await membersOf("all")).toEqual(["app-1", "web-1", "web-2", "db-1"]);
    expect(await membersOf("not-front")).toEqual(["db-1"]);
    expect((await inventory.apply(DOCUMENT)).changes.filter(({ action }) => action !== "same")).toEqual([]);

    await inventory.apply({ resources: { "web-3": service("web") } });
    expect(await membersOf("all")).toEqual(["app-1", "web-1", "web-2", "web-3", "db-1"]);
    const { items } = await inventory.resources({ selector: "group=all,tier=web" });
    expect(items.map(({ name }) => name)).toEqual(["web-1", "web-2", "web-3"]);

    // Thirty levels, each of which names the one below twice: looked at once each.
    const levels = Object.fromEntries(
      Array.from({ length: 30 }, (_, level) => [
        [`left-${level}`, { groups: level === 0 ? ["web"] : [`left-${level - 1}`, `right-${level - 1}`] }],
        [`right-${level}`, { groups: level === 0 ? ["web"] : [`left-${level - 1}`, `right-${level - 1}`] }],
      ]).flat(),
    ) as Record<string, unknown>;
    await inventory.apply({ groups: levels });
    expect(await membersOf("left-29")).toEqual(["web-1", "web-2", "web-3"]);

    // The database refuses what is neither by query nor by list.
    await expect(database.query("UPDATE resource_group SET nested = '[]' WHERE name = 'web'")).rejects.toThrow(
      /nested_means_listed|CHECK/i,
    );
  });

  test("that contains itself is refused with the way round, and one that matches nothing is told", async () => {
    const { inventory } = await openInventory(world, DOCUMENT);
    const problemOf = (groups: Record<string, unknown>) =>
      inventory.apply({ groups }).then(
        () => "applied",
        (error: Error) => error.message,
      );
    expect(await problemOf({ data: { groups: ["all"] } })).toBe(
      'The inventory can\'t be saved: groups.data.groups: The group "data" contains itself: data → all → data',
    );
    expect(await problemOf({ web: { select: "group=front,tier=web" } })).toContain("web → front → web");
    expect(await problemOf({ one: { groups: ["wbe"] } })).toContain('groups.one.groups: there is no group "wbe"');
    expect(await problemOf({ one: { groups: ["web"], select: "tier=web" } })).toContain("either select or members");
    expect(await problemOf({ one: { groups: "web" } })).toContain(
      "groups.one.groups: it must be a list of group names",
    );
    expect((await inventory.groups()).map(({ name }) => name)).toEqual(["all", "data", "front", "not-front", "web"]);

    const { notices } = await inventory.apply({
      groups: { none: { select: "tier=moon" }, empty: { groups: ["none"] } },
    });
    expect(notices).toEqual(["the group none has no members now", "the group empty has no members now"]);
  });
});
