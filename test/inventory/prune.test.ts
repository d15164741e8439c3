import { expect, test } from "vitest";
import type { WilcoError } from "../../src/core/errors.ts";
import type { InventoryDocument } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addEntry, openInventory } from "./world.ts";

const DOCUMENT: InventoryDocument = {
  types: { gauge: { operations: { read: { http: { method: "GET", url: "http://127.0.0.1/" } } } } },
  resources: {
    "rack-1": { type: "service" },
    "web-1": { type: "service", parent: "rack-1", labels: { tier: "web", os: "linux" }, connection: { token: "old" } },
    "web-2": { type: "service", parent: "rack-1" },
    "gauge-1": { type: "gauge" },
  },
  groups: { pair: { members: ["web-1", "web-2"] }, outer: { select: "group=pair" } },
};

describeOnBothEngines("A plan", (world) => {
  test("tells each value that differs, and of secrets only that they do", async () => {
    const { inventory } = await openInventory(world, DOCUMENT);
    const { changes } = await inventory.apply({
      resources: {
        "web-1": { type: "service", zone: "eu", labels: { tier: "app" }, connection: { token: "new", port: 81 } },
      },
      dryRun: true,
    });
    expect(changes).toEqual([
      {
        what: "resource",
        name: "web-1",
        action: "change",
        keys: ["zone", "labels", "parent", "connection"],
        differences: [
          { path: "zone", from: "default", to: "eu" },
          { path: "labels.os", from: "linux" },
          { path: "labels.tier", from: "web", to: "app" },
          { path: "parent", from: "rack-1" },
          { path: "connection.port", from: 80, to: 81 },
          { path: "connection.token", secret: true },
        ],
        reason: "zone, labels, parent, connection differ",
      },
    ]);
    expect(JSON.stringify(changes)).not.toMatch(/"(old|new)"/);
  });

  test("removes what prune names and the document does not have, and nothing that is needed", async () => {
    const { database, inventory } = await openInventory(world, DOCUMENT);
    const pruned = (prune: string[], rest: InventoryDocument = {}) => inventory.apply({ ...rest, prune });
    const problemsOf = (attempt: Promise<unknown>) =>
      attempt.then(
        () => [],
        (error: { details: { problems?: Array<{ message: string }> }; message: string }) =>
          error.details.problems!.map(({ message }) => message),
      );
    await addEntry(database, (await inventory.resource("web-2")).id);
    expect(await problemsOf(pruned(["rack-*", "web-2", "gauge", "pair"]))).toEqual([
      '"web-2" has an operation that has not ended',
      '"rack-1" has a child that stays: web-1',
      "the group pair is named by the group outer",
      "the type gauge is the type of gauge-1, which stays",
    ]);
    expect(await problemsOf(pruned(["web-1"]))).toEqual(['"web-1" is a member of the group pair']);
    expect(await problemsOf(pruned(["tier=web"]))).toEqual(['"tier=web" is neither a name nor a glob']);
    expect((await inventory.resources({})).items).toHaveLength(4);

    await database.query("UPDATE entry SET status = 'succeeded', finished_at = 1");
    // What the document has stays, although the glob matches it, and its new parent frees the old one.
    const kept = { resources: { "web-1": { type: "service" } }, groups: { pair: { members: ["web-1"] } } };
    const { changes, notices } = await pruned(["rack-?", "web-*", "gauge*", "gone"], kept);
    expect(changes.filter(({ action }) => action === "remove").map(({ what, name }) => `${what} ${name}`)).toEqual([
      "resource rack-1",
      "resource web-2",
      "resource gauge-1",
      "type gauge",
    ]);
    expect(changes.find(({ name }) => name === "web-2")!.reason).toBe("not in the document, and matches --prune web-*");
    expect(notices).toEqual(["nothing to remove for --prune gone: there is no resource, group or type of that name"]);
    expect((await inventory.resources({})).items.map(({ name }) => name)).toEqual(["web-1"]);
    expect((await inventory.typeList()).map(({ name }) => name)).toEqual(["daemon", "service"]);
    expect(await pruned(["service"]).then(String, String)).toContain("is not of an inventory document");
  });

  test("goes one by one, too: groups and types that nothing needs", async () => {
    const { database, inventory } = await openInventory(world, DOCUMENT);
    const refusal = (attempt: Promise<unknown>) =>
      attempt.then(String, ({ code, message, hint }: WilcoError) => `${code}: ${message}. ${hint}`);
    expect(await refusal(inventory.deleteGroup("pair"))).toBe(
      "conflict: The group pair is named by the group outer. Take it out of that group first (wilco apply FILE), or remove it too.",
    );
    expect(await refusal(inventory.deleteGroup("pear"))).toContain(
      'unknown_group: There is no group "pear". Did you mean "pair"?',
    );
    await inventory.deleteGroup("outer");
    await inventory.deleteGroup("pair");
    expect(await inventory.groups()).toEqual([]);

    expect(await refusal(inventory.deleteType("gauge"))).toBe(
      "conflict: The type gauge is the type of gauge-1. Remove that resource first: wilco resources list type=gauge",
    );
    expect(await refusal(inventory.deleteType("service"))).toContain("conflict: The type service is built in.");
    expect(await refusal(inventory.deleteType("guage"))).toContain('Did you mean "gauge"?');
    await inventory.deleteResource("gauge-1", undefined);
    await inventory.deleteType("gauge");

    const brought = { ...(await inventory.type("service")), name: "brought", builtin: false };
    await database.transaction((tx) => inventory.types.saveFromWorker(tx, [brought]));
    await database.query(
      `INSERT INTO worker (session, name, zone, roles, state, capacity, host, pid, version, succession_hash, token, types, started_at, seen_at)
       VALUES ('s', 'w-1', 'default', '[]', 'ready', 1, 'h', 1, '1', '-', 'token', '["brought"]', 1, 1)`,
    );
    await database.query("INSERT INTO worker_type (session, type, version) VALUES ('s', 'brought', '1')");
    expect(await refusal(inventory.deleteType("brought"))).toContain(
      "conflict: The type brought is brought by the worker w-1.",
    );
    await database.query("UPDATE worker SET state = 'stopped'");
    await inventory.deleteType("brought");
    expect((await inventory.typeList()).map(({ name }) => name)).toEqual(["daemon", "service"]);
  });
});
