import { expect, test } from "vitest";
import { hostType } from "../../src/resource-types/host.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { addWorker, openInventory } from "./world.ts";

describeOnBothEngines("A resource of a type that runs on one worker", (world) => {
  const site = { resources: { site: { type: "daemon" } } };

  test("stays unbound with a notice while no worker serves its route", async () => {
    const { database, inventory } = await openInventory(world);
    await addWorker(database, "elsewhere", { zone: "eu" });
    await addWorker(database, "gone", { state: "lost" });
    const { notices } = await inventory.apply(site);
    expect(notices).toEqual([expect.stringContaining("none serves default/automate yet")]);
    expect((await inventory.resource("site")).worker).toBeNull();
  });

  test("is bound to the one worker that serves its route, and stays there", async () => {
    const { database, inventory } = await openInventory(world);
    await addWorker(database, "one");
    const { notices } = await inventory.apply(site);
    expect(notices).toEqual(["site is bound to one, the one worker that serves default/automate"]);
    expect((await inventory.resource("site")).worker).toBe("one");
    await addWorker(database, "two");
    expect(await inventory.apply(site)).toMatchObject({ changes: [{ action: "same" }], notices: [] });
    // Moving to another zone is another question.
    await addWorker(database, "eu-1", { zone: "eu" });
    await inventory.apply({ resources: { site: { type: "daemon", zone: "eu" } } });
    expect((await inventory.resource("site")).worker).toBe("eu-1");
  });

  test("is refused when several could be meant, unless it or its parent says which", async () => {
    const { database, inventory } = await openInventory(world);
    await addWorker(database, "one");
    await addWorker(database, "two");
    await expect(inventory.apply(site)).rejects.toMatchObject({
      code: "ambiguous_binding",
      message: expect.stringContaining("resources.site.worker"),
      hint: "Set worker to one of one, two.",
    });
    await expect(inventory.putResource("site", { type: "daemon" }, undefined)).rejects.toMatchObject({
      code: "ambiguous_binding",
    });
    await inventory.apply({
      resources: { site: { type: "daemon", worker: "two" }, part: { type: "daemon", parent: "site" } },
    });
    expect((await inventory.resource("part")).worker).toBe("two");
  });

  test("that names a worker which is not running is accepted with a notice", async () => {
    const { database, inventory } = await openInventory(world);
    await addWorker(database, "one");
    const { notices } = await inventory.apply({ resources: { site: { type: "daemon", worker: "oen" } } });
    expect(notices).toEqual(['site is bound to the worker oen, which is not running (did you mean "one"?)']);
  });
});

describeOnBothEngines("A host", (world) => {
  const host = (connection: object) => ({ resources: { web: { type: "host", connection } } });

  test("with an SSH address runs on any worker, one without on its own", async () => {
    const { database, inventory } = await openInventory(world);
    await inventory.registerBuiltinTypes([hostType.descriptor]);
    await addWorker(database, "one");
    await inventory.apply(host({}));
    expect((await inventory.resource("web")).worker).toBe("one");
    await addWorker(database, "two");
    expect(await inventory.apply(host({ address: "10.0.0.9", password: "s" }))).toMatchObject({ notices: [] });
    expect((await inventory.resource("web")).worker).toBeNull();
    await expect(inventory.apply(host({}))).rejects.toMatchObject({ code: "ambiguous_binding" });
    await inventory.apply({ resources: { web: { type: "host", worker: "two", connection: { address: "10.0.0.9" } } } });
    expect((await inventory.resource("web")).worker).toBe("two");
  });

  test("hides its secrets, and says what is wrong with its connection", async () => {
    const { inventory } = await openInventory(world);
    await inventory.registerBuiltinTypes([hostType.descriptor]);
    const jump = { address: "gate", privateKey: "k" };
    await inventory.apply(host({ address: "h", password: "s", jump, become: { password: "b" } }));
    expect((await inventory.resource("web")).connection).toMatchObject({
      address: "h",
      password: "********",
      jump: { address: "gate", privateKey: "********" },
      become: { password: "********" },
    });
    await expect(inventory.apply(host({ user: "deploy" }))).rejects.toMatchObject({
      message: expect.stringContaining("address") as string,
    });
    await expect(inventory.apply(host({ address: "h", prot: 22 }))).rejects.toMatchObject({
      message: expect.stringContaining("prot") as string,
    });
    const wrong = inventory.apply(host({ address: "h", hostKeyCheck: "no" }));
    await expect(wrong).rejects.toMatchObject({ message: expect.stringContaining("hostKeyCheck") as string });
  });
});
