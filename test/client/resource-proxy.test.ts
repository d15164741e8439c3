import { inspect } from "node:util";
import { expect, test } from "vitest";
import { locationOf } from "../../src/client/errors.ts";
import type { Execution } from "../../src/client/execution.ts";
import type { ResourceProxy } from "../../src/client/resource-members.ts";
import { operationOf, resourceOf, typeOf } from "./world/fixtures.ts";
import { createWorld } from "./world/memory-world.ts";

const DATA = {
  id: 1,
  name: "web-1",
  type: "web-server",
  zone: "default",
  worker: null,
  labels: { tier: "web" },
  parent: null,
  availability: "up",
};

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a resource has its data as own properties that only refresh changes", () => {
  const world = createWorld();
  const web = world.resource("web-1");
  expect({ ...web }).toEqual(DATA);
  expect(() => Object.assign(web, { zone: "eu" })).toThrow(TypeError);
  world.inventory[0] = resourceOf({ zone: "eu", availability: "down", labels: {} });
  expect(web.zone).toBe("default");
  expect(web.refresh()).toBe(web);
  expect({ ...web }).toEqual({ ...DATA, zone: "eu", availability: "down", labels: {} });
});

test("awaiting a resource gives the resource and submits nothing, though its type has an operation called then", async () => {
  const world = createWorld();
  const web = world.resource("web-1");
  // oxlint-disable-next-line typescript/await-thenable -- that it is none is what is tested
  expect(await web).toBe(web);
  expect(await Promise.resolve(web)).toBe(web);
  expect((await (async () => web)()).name).toBe("web-1");
  // oxlint-disable-next-line typescript/await-thenable -- as above
  expect((await web.operations)["restart"]).toBeTypeOf("function");
  expect(world.submitted).toEqual([]);
});

test("it prints and turns into JSON as its data", () => {
  const world = createWorld();
  const web = world.resource("web-1");
  expect(JSON.parse(JSON.stringify(web))).toEqual(DATA);
  expect(JSON.stringify(web.operations)).toBe("{}");
  expect(structuredClone({ ...web })).toEqual(DATA);
  expect(inspect(web)).toBe("Resource { web-1, web-server, up }");
  expect(inspect({ web }, { showHidden: true, depth: 5 })).toContain("web-1");
  expect(inspect(web.operations)).toContain("restart");
  expect(String(web)).toBe("web-1");
  expect(Object.prototype.toString.call(web)).toBe("[object Object]");
  expect(world.submitted).toEqual([]);
});

test("what libraries look for on any object is simply not there", () => {
  const web = createWorld().resource("web-1");
  for (const key of ["then", "toJSON", "asymmetricMatch", "$$typeof", "nodeType", "_isMockFunction", "@@iterator"]) {
    expect([key, web[key]]).toEqual([key, undefined]);
  }
  expect(web[Symbol.iterator as unknown as string]).toBeUndefined();
  expect("restart" in web).toBe(true);
  expect("restrat" in web).toBe(false);
  expect(web).toEqual(web);
});

test("an unknown operation throws at once, with the nearest name and before anything is submitted", () => {
  const world = createWorld();
  const web = world.resource("web-1");
  const unknown = (message: string, hint?: string) => ({ code: "unknown_operation", message, ...(hint && { hint }) });
  expect(caught(() => web.restrat())).toMatchObject(
    unknown('web-server has no operation "restrat". Did you mean "restart"?'),
  );
  expect(caught(() => web.operations["restrat"]!())).toMatchObject(
    unknown('web-server has no operation "restrat". Did you mean "restart"?'),
  );
  expect(caught(() => web.refesh())).toMatchObject(
    unknown('web-server has no operation "refesh". Did you mean "refresh"?'),
  );
  expect(caught(() => web.quiesce())).toMatchObject(
    unknown(
      'web-server has no operation "quiesce".',
      expect.stringContaining("Its operations: restart, scale") as never,
    ),
  );
  for (const later of ["deploy", "metrics"]) {
    expect(caught(() => web[later])).toMatchObject({ code: "unknown_operation" });
  }
  expect(world.submitted).toEqual([]);
});

test("an operation whose name the resource takes is reached through operations", async () => {
  const world = createWorld();
  const web = world.resource("web-1");
  expect(await web.history()).toEqual([]);
  expect(world.submitted).toEqual([]);
  void web.operations["history"]!();
  void web.operations["constructor"]!();
  expect(world.submitted.map((call) => call.operation)).toEqual(["history", "constructor"]);
  expect(web.constructor).toBe(Object);
});

test("operations lists every operation by name", () => {
  const { operations } = createWorld().resource("web-1");
  expect(Object.keys(operations)).toEqual(["restart", "scale", "status", "check", "history", "constructor"]);
});

test("wrong parameters and options throw at the call, which submits nothing", () => {
  const world = createWorld();
  const web = world.resource("web-1");
  expect(() => web.restart({ gracefull: true })).toThrow('restart has no parameter "gracefull"');
  expect(() => web.scale()).toThrow('scale of web-1 needs "count"');
  expect(() => web.restart({}, { proirity: "high" })).toThrow('A call has no option "proirity"');
  expect(() => web.restart({}, {}, 3)).toThrow("called with 3 arguments");
  expect(world.submitted).toEqual([]);
});

test("a method without its resource says how to call it", () => {
  const web = createWorld().resource("web-1");
  const { restart, refresh } = web;
  expect(() => restart()).toThrow("restart was called without its resource");
  expect(() => refresh()).toThrow("refresh was called without its resource");
  const { scale } = web.operations;
  expect(() => void scale!({ count: 1 })).not.toThrow();
});

test("with() makes another proxy with other defaults, over which the call's own options win", () => {
  const world = createWorld();
  const web = world.resource("web-1");
  const careful = web.with({ note: "window 7", priority: "low" }).with({ zone: "eu" });
  expect(careful).not.toBe(web);
  void careful.restart({}, { note: "now" });
  void web.restart();
  expect(world.submitted[0]).toMatchObject({ note: "now", priority: 150, zone: "eu" });
  expect(world.submitted[1]).not.toHaveProperty("priority");
  expect(() => web.with({ idempotencyKey: "x" } as object)).toThrow("with() takes no idempotencyKey");
  expect(() => web.with({ pol: {} } as object)).toThrow('A call has no option "pol"');
});

test("an execution names the line of its own call, through every way to call", async () => {
  const web = createWorld().resource("web-1");
  const ways: Array<() => Execution> = [
    () => web.restart(),
    () => web.operations["restart"]!(),
    () => web["restart"](),
  ];
  for (const way of ways) expect(way().location).toMatch(/resource-proxy\.test\.ts:\d+:\d+$/);
});

test("children are the resources below it, and child is one of them", () => {
  const host = typeOf("host", [operationOf("facts")]);
  const resources = [
    resourceOf({ id: 1, name: "host-1", type: "host" }),
    resourceOf({ id: 2, name: "web-1", type: "host", parent: "host-1" }),
    resourceOf({ id: 3, name: "db-1", type: "host", parent: "host-1" }),
    resourceOf({ id: 4, name: "web-2", type: "host" }),
  ];
  const parent = createWorld({ types: [host], resources }).resource("host-1");
  expect(parent.children().map((one) => one.name)).toEqual(["web-1", "db-1"]);
  expect(parent.child("db-1").id).toBe(3);
  expect(() => parent.child("web-2")).toThrow(
    expect.objectContaining({
      code: "unknown_resource",
      message: 'host-1 has no child "web-2"',
      hint: 'Did you mean "web-1"?',
    }),
  );
});

test("history is of this resource, and its query is checked", async () => {
  const world = createWorld({ resources: [resourceOf(), resourceOf({ id: 2, name: "web-2" })] });
  const [one, two] = world.resources();
  await Promise.all([one!.restart().submitted, two!.restart().submitted]);
  expect((await two!.history()).map((entry) => entry.resource?.name)).toEqual(["web-2"]);
  await expect(one!.history({ statsu: "failed" } as object)).rejects.toMatchObject({ hint: 'Did you mean "status"?' });
});

test("in Node the same look-ups are promises", async () => {
  const world = createWorld<"promised">({ promised: true });
  const web: ResourceProxy = await world.resource("web-1");
  expect(await web.refresh()).toBe(web);
  expect(await web.children()).toEqual([]);
  await expect(world.resource("web-7")).rejects.toMatchObject({ code: "unknown_resource" });
  void web.restart();
  expect(world.submitted).toHaveLength(1);
});

test("a type is read once for all resources of it", async () => {
  const resources = [1, 2, 3].map((id) => resourceOf({ id, name: `web-${id}` }));
  for (const promised of [false, true]) {
    const world = createWorld<"promised">({ resources, promised });
    await world.resources();
    await world.resource("web-2");
    expect(world.looked.filter((look) => look.startsWith("type"))).toEqual(["type web-server"]);
  }
});

test("a wrong error never comes from the fallback of a foreign object", () => {
  const web = createWorld().resource("web-1");
  const base = Object.getPrototypeOf(Object.getPrototypeOf(web)) as Record<string, unknown>;
  expect(locationOf(base["anything"])).toBeUndefined();
  expect(base["anything"]).toBeUndefined();
});
