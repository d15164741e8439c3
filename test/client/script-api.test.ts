import { expect, test } from "vitest";
import { resourceOf } from "./world/fixtures.ts";
import { settled } from "./world/manual-clock.ts";
import { createWorld } from "./world/memory-world.ts";

const ten = Array.from({ length: 10 }, (_, at) =>
  resourceOf({
    id: at + 1,
    name: `web-${at + 1}`,
    zone: at < 5 ? "eu" : "us",
    labels: { tier: at === 9 ? "db" : "web" },
  }),
);

test("resources is a frozen real array that can be cut into batches", () => {
  const web = createWorld({ resources: ten }).resources("tier=web");
  expect(Array.isArray(web)).toBe(true);
  expect(Object.isFrozen(web)).toBe(true);
  expect(web).toHaveLength(9);
  expect(Object.keys(web)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
  expect(web.map((one) => one.name)).not.toHaveProperty("batches");
  const sizes = (size: number | string) => web.batches(size).map((batch) => batch.length);
  expect(sizes(4)).toEqual([4, 4, 1]);
  expect(sizes("25%")).toEqual([3, 3, 3]);
  expect(sizes("1%")).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(sizes("100%")).toEqual([9]);
  expect(web.batches(4).flat()).toEqual([...web]);
});

test("nothing found is an empty array, with no batches", () => {
  const none = createWorld({ resources: ten }).resources({ zone: "mars" });
  expect([...none]).toEqual([]);
  expect(none.batches("25%")).toEqual([]);
});

test.each([0, -1, 1.5, "25", "0%", "101%", "x%", undefined])("a batch of %s is refused", (size) => {
  const web = createWorld({ resources: ten }).resources();
  expect(() => web.batches(size as number)).toThrow("is not the size of a batch");
});

test("a query object selects as its text does", () => {
  const world = createWorld({ resources: ten });
  const names = world.resources({ name: ["web-1", "web-7", "web-10"], type: "web-server", labels: { tier: "web" } });
  expect(names.map((one) => one.name)).toEqual(["web-1", "web-7"]);
  expect(world.looked[0]).toBe("resources web-1,web-7,web-10,type=web-server,tier=web");
});

test.each([
  [{ tpye: "process" }, 'A resource query has no "tpye"', 'Did you mean "type"?'],
  [{ tier: "web" }, 'has no "tier"', "labels. A label is written { labels: { tier: … } }."],
  [{ name: "web-1,web-2" }, 'name of a resource query is "web-1,web-2"', "one text each"],
  [{ name: "tier=web" }, "name of a resource query", "one text each"],
  [{ labels: { tier: "a,b" } }, "labels.tier of a resource query", "without a comma"],
  [{ zone: 7 }, "zone of a resource query is 7", "without a comma"],
  ["web-1,,web-2", "empty term", "names or globs"],
  ["tier==web", "two = where one is meant", "names or globs"],
  [7, "a text or an object", "Write"],
])("the selector %j is refused before anything is asked", (selector, message, hint) => {
  const world = createWorld();
  const refused = () => world.resources(selector as string);
  expect(refused).toThrow(message);
  expect(refused).toThrow(expect.objectContaining({ code: "invalid_selector", hint: expect.stringContaining(hint) }));
  expect(world.looked).toEqual([]);
});

test("resource takes a name or an id, and says what else there is", () => {
  const world = createWorld({ resources: ten });
  expect(world.resource(7).name).toBe("web-7");
  expect(() => world.resource("wbe-7")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("Did you mean") }),
  );
  expect(() => world.resource("")).toThrow("needs a name or an id");
  expect(() => world.resource(undefined as unknown as string)).toThrow("needs a name or an id, not undefined");
});

test("history.get reads the entry when it is awaited, and acts without reading", async () => {
  const world = createWorld();
  await world.resource("web-1").restart().submitted;
  expect(await world.history.get(1042)).toMatchObject({ id: 1042, status: "queued" });
  expect(await world.history.get(1042).cancel()).toMatchObject({ status: "canceled" });
  expect(await world.history.get(1042).wait()).toMatchObject({ status: "canceled" });
  await expect(world.history.get(7)).rejects.toMatchObject({ code: "unknown_entry" });
  expect(() => world.history.get("7" as unknown as number)).toThrow("history.get needs the id of an entry");
});

test("history.wait takes an id, an entry or an execution, and gives the entry whatever its status", async () => {
  const world = createWorld();
  const execution = world.resource("web-1").restart();
  const entry = await execution.submitted;
  const waits = Promise.all([world.history.wait(1042), world.history.wait(entry), world.history.wait(execution)]);
  await settled();
  world.finish(1042, { status: "lost" });
  expect((await waits).map((one) => one.status)).toEqual(["lost", "lost", "lost"]);
  expect(world.tracker.unobserved()).toEqual([]);
});

test("history.wait throws PollLimitReached at the limit, or returns the entry as asked", async () => {
  const world = createWorld({ pollDefaults: { limit: 2 } });
  await world.resource("web-1").restart().submitted;
  const thrown = world.history.wait(1042).catch((error: unknown) => error);
  const returned = world.history.wait(1042, { onLimit: "return" });
  await world.clock.advance(2_000);
  expect(await thrown).toMatchObject({ name: "PollLimitReached", entry: { id: 1042, status: "queued" } });
  expect(await returned).toMatchObject({ id: 1042, status: "queued" });
  await expect(world.history.wait({} as never)).rejects.toThrow("an object without one");
  await expect(world.history.wait(1042, { limit: 0 })).rejects.toMatchObject({ code: "invalid_policy" });
});

test.each([
  [{ statuss: "failed" }, 'Did you mean "status"?'],
  [{ status: "faild" }, 'Did you mean "failed"?'],
  [{ status: ["failed", "los"] }, 'Did you mean "lost"?'],
  [{ kind: "operations" }, 'Did you mean "operation"?'],
  [{ order: "latest" }, undefined],
  [{ limit: 0 }, "Write a whole number from 1."],
  [{ parent: "7" }, undefined],
  ["failed", undefined],
])("history.find refuses %j", async (query, hint) => {
  const found = createWorld().history.find(query as object);
  await expect(found).rejects.toMatchObject({ code: "invalid_request", ...(hint && { hint }) });
});

test("history.find gives entries", async () => {
  const world = createWorld();
  await Promise.all([world.resource("web-1").restart().submitted, world.resource("web-1").status().submitted]);
  expect((await world.history.find({ limit: 10 })).map((entry) => entry.operation)).toEqual(["restart", "status"]);
});
