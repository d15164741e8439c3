import { expect, test } from "vitest";
import type { Json } from "../../src/core/json.ts";
import { recordFindings } from "../../src/inventory/record-findings.ts";
import type { Finding } from "../../src/domain/finding.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addEntry, openInventory } from "./world.ts";

const service = (name: string, more: object = {}) => ({ name, type: "service", ...more });

describeOnBothEngines("What a discovery found", (world) => {
  async function discovering(discovery?: { take: string }) {
    const { database, inventory } = await openInventory(world, {
      resources: {
        engine: { type: "service", zone: "eu", ...(discovery ? { discovery } : {}) },
        mine: { type: "service" },
      },
    });
    const { id: resource } = await inventory.resource("engine");
    await addEntry(database, resource);
    const [row] = await database.query<{ id: number }>("SELECT max(id) AS id FROM entry");
    const discover = (list: unknown[]) =>
      database.transaction((tx) => recordFindings(tx, list as Json[], { entry: row!.id, resource }));
    const findings = async () => (await inventory.findings({})).items;
    const idsOf = async (...names: string[]) =>
      (await findings()).filter(({ name }) => names.includes(name)).map(({ id }) => id);
    const take = async (...names: string[]) =>
      inventory.takeFindings({ ids: await idsOf(...names), by: "root", dryRun: false });
    const statuses = async () => Object.fromEntries((await findings()).map(({ name, status }) => [name, status]));
    return { database, inventory, discover, findings, idsOf, take, statuses };
  }

  test("may have the name of what every object has", async () => {
    const { discover, take, inventory } = await discovering();
    await discover([service("constructor"), service("toString")]);
    await take("constructor", "toString");
    expect((await inventory.resource("constructor")).parent).toBe("engine");
  });

  test("waits for a yes, follows what changes, and says what is gone", async () => {
    const { database, inventory, discover, findings, idsOf, take, statuses } = await discovering();
    const first = [
      service("a", { labels: { v: "1" } }),
      service("b"),
      service("c", { connection: { url: "http://c" } }),
    ];
    expect(await discover(first)).toEqual({ found: 3, new: 3, changed: 0, gone: 0, problems: [] });
    const [a] = await findings();
    expect(a).toEqual({
      id: expect.any(Number) as number,
      name: "a",
      type: "service",
      foundUnder: "engine",
      status: "new",
      resource: { type: "service", labels: { v: "1" } },
      entry: expect.any(Number) as number,
      firstSeenAt: expect.any(String) as string,
      seenAt: expect.any(String) as string,
      decidedBy: null,
      decidedAt: null,
      problem: null,
    } satisfies Finding);

    const plan = await inventory.takeFindings({ ids: await idsOf("a", "c"), by: "root", dryRun: true });
    expect(plan.changes.map(({ name, action }) => `${name} ${action}`)).toEqual(["a add", "c add"]);
    expect(await statuses()).toEqual({ a: "new", b: "new", c: "new" });
    await take("a", "c");
    await inventory.ignoreFindings(await idsOf("b"), "root");
    expect(await inventory.resource("a")).toMatchObject({ parent: "engine", zone: "eu", labels: { v: "1" } });

    // By hand, and stays.
    await inventory.apply({ resources: { a: { labels: { by: "hand" } } }, merge: true });
    const second = [service("a", { labels: { v: "2" } }), service("b", { zone: "us" }), service("d")];
    expect(await discover(second)).toEqual({ found: 3, new: 1, changed: 2, gone: 1, problems: [] });
    expect(await statuses()).toEqual({ a: "new", b: "ignored", c: "gone", d: "new" });
    expect(await inventory.resource("a")).toMatchObject({ labels: { v: "1", by: "hand" } });
    const { changes } = await take("a");
    expect(changes[0]!.differences).toEqual([{ path: "labels.v", from: "1", to: "2" }]);
    await expect(take("c")).rejects.toThrow('"c" is gone');
    expect((await inventory.resource("c")).parent).toBe("engine");

    // Found again as it was taken; and what was removed by hand waits again.
    await database.query("DELETE FROM resource WHERE name = 'a'");
    await discover([...second, first[2]]);
    expect(await statuses()).toEqual({ a: "new", b: "ignored", c: "taken", d: "new" });
    await take("b");
    await expect(inventory.ignoreFindings(await idsOf("b"), "root")).rejects.toThrow('"b" is a resource already');
    await expect(inventory.takeFindings({ ids: [987], by: "root", dryRun: false })).rejects.toThrow("no finding 987");

    // With its resource goes what was found under it.
    await database.query("DELETE FROM entry");
    await inventory.apply({ prune: ["engine", "b", "c"] });
    expect(await findings()).toEqual([]);
  });

  test("is kept where it makes sense, the rest is listed, and nobody's resource is taken over", async () => {
    const { inventory, discover, take, statuses } = await discovering();
    await discover([service("old")]);
    const { problems, ...counts } = await discover([
      service("good"),
      service("good"),
      "nonsense",
      { name: "no type" },
      service("t", { type: "nowhere" }),
      service("w", { worker: "other" }),
      service("l", { labels: { n: 1 } }),
      service("s", { connection: { token: "t0p" } }),
      service("mine"),
    ]);
    // What is missing may be among what could not be read.
    expect(counts).toEqual({ found: 2, new: 2, changed: 0, gone: 0 });
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'resources[1]: the name "good" was found twice',
      "resources[2]: it must be an object with a name and a type",
      'resources[3]: "no type" is not a name for a resource',
      "resources[3].type: it is missing",
      'resources[4].type: there is no resource type "nowhere"',
      "resources[5].worker: a finding has no such key",
      "resources[6].labels.n: it must be a text",
      "resources[7].connection.token: a secret can't be found",
    ]);
    await expect(take("good", "mine")).rejects.toThrow('there is a resource "mine" already, without a parent');
    expect(await statuses()).toEqual({ old: "new", good: "new", mine: "new" });
    expect((await inventory.resources({})).items.map(({ name }) => name)).toEqual(["engine", "mine"]);
    await discover([service("bad", { connection: { prot: 1 } }), service("good")]);
    await expect(take("bad", "good")).rejects.toThrow(/resources.bad.connection.prot/);
  });

  test("is taken by the rule of its resource, which says what it could not take", async () => {
    const { inventory, discover, findings, statuses } = await discovering({ take: "type=service,stage!=test" });
    expect(await inventory.takeByRules()).toBe(0);
    await discover([
      service("live", { labels: { stage: "live" } }),
      service("test", { labels: { stage: "test" } }),
      service("broken", { connection: { prot: 1 } }),
      service("mine"),
    ]);
    expect(await inventory.takeByRules()).toBe(1);
    expect(await statuses()).toEqual({ live: "taken", test: "new", broken: "new", mine: "new" });
    expect((await findings()).map(({ name, decidedBy, problem }) => [name, decidedBy, problem])).toEqual([
      ["live", "rule", null],
      ["test", null, "the rule does not select it"],
      ["broken", null, expect.stringContaining("prot") as string],
      ["mine", null, expect.stringContaining("already") as string],
    ]);
    expect(await inventory.takeByRules()).toBe(0);

    await discover([
      service("live", { labels: { stage: "live", v: "2" } }),
      service("test", { labels: { stage: "test" } }),
    ]);
    await inventory.apply({ resources: { engine: { discovery: { take: "test,live" } } }, merge: true });
    expect(await inventory.takeByRules()).toBe(2);
    expect((await inventory.resource("live")).labels).toEqual({ stage: "live", v: "2" });
    const { document } = await inventory.export("engine");
    expect(document.resources!["engine"]).toEqual({ type: "service", zone: "eu", discovery: { take: "test,live" } });
    await expect(
      inventory.apply({ resources: { engine: { type: "service", discovery: { take: "group=web" } } } }),
    ).rejects.toThrow("a finding has no group to select by");
  });
});
