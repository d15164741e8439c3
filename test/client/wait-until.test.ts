import { expect, test } from "vitest";
import { PollLimitReached } from "../../src/client/errors.ts";
import { WilcoError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { operationOf, resourceOf, typeOf } from "./world/fixtures.ts";
import { createWorld } from "./world/memory-world.ts";

/** A world whose checks end with these, one after the other; the last one repeats. */
function checking(...ends: Array<Partial<Entry>>) {
  const world = createWorld();
  let at = 0;
  world.whenFiled((entry) => world.finish(entry.id, ends[Math.min(at++, ends.length - 1)]));
  return world;
}

const up = { result: { availability: "up" } };
const down = { result: { availability: "down" } };

test("a stale up does not count: a check made after the call does", async () => {
  const world = checking(down, down, up);
  const web = world.resource("web-1");
  expect(web.availability).toBe("up");
  const waiting = web.waitUntil("up");
  await world.clock.advance(0);
  expect(world.submitted.map((call) => call.operation)).toEqual(["check"]);
  expect(web.availability).toBe("down");
  await world.clock.advance(2_000);
  expect((await waiting).id).toBe(1044);
  expect(world.submitted).toHaveLength(3);
  expect(web.availability).toBe("up");
});

test("the first check is made at once, the next ones by the policy's delay and backoff", async () => {
  const world = checking(down);
  const waiting = world.resource("web-1").waitUntil("up", { delay: "1s", backoff: 2, limit: 4, onLimit: "return" });
  const counts: number[] = [];
  for (const ms of [0, 999, 1, 1_999, 1, 4_000]) {
    await world.clock.advance(ms);
    counts.push(world.submitted.length);
  }
  expect(counts).toEqual([1, 1, 2, 2, 3, 4]);
  expect(await waiting).toMatchObject({ id: 1045, operation: "check" });
});

test("the limit throws PollLimitReached with the last check", async () => {
  const world = checking(down);
  const caught = world
    .resource("web-1")
    .waitUntil("up", { limit: 2 })
    .catch((error: unknown) => error);
  await world.clock.advance(1_000);
  const error = await caught;
  expect(error).toBeInstanceOf(PollLimitReached);
  expect(error).toMatchObject({
    message: "web-1 is not up after 2 checks, the last says down (entry 1043)",
    entry: { id: 1043 },
  });
});

test("waitTimeout bounds the whole wait, a check that hangs included", async () => {
  const world = createWorld();
  const caught = world
    .resource("web-1")
    .waitUntil("up", { waitTimeout: "5s" })
    .catch((error: unknown) => error);
  await world.clock.advance(5_000);
  expect(await caught).toMatchObject({ message: "web-1 is not up after 1 check, the last is queued (entry 1042)" });
});

test("a check that fails says down, one that could not be run says nothing", async () => {
  const operation = { code: "status", message: "503", source: "operation" } as const;
  const world = checking(
    { status: "failed", error: { ...operation, source: "system" } },
    { status: "lost" },
    {
      status: "failed",
      error: operation,
    },
  );
  const waiting = world.resource("web-1").waitUntil("down");
  await world.clock.advance(2_000);
  expect((await waiting).id).toBe(1044);
});

test("a check that succeeds without saying so says up", async () => {
  const world = checking({ result: { version: "1.4" } });
  expect(await world.resource("web-1").waitUntil("up")).toMatchObject({ status: "succeeded" });
});

test("a function sees each check's result and the resource, and may be asynchronous", async () => {
  const world = checking({ result: { version: "1.3" } }, { result: { version: "1.4" } });
  const web = world.resource("web-1");
  const seen: unknown[] = [];
  const waiting = web.waitUntil(async (result, resource) => {
    seen.push([result, resource === web]);
    return (result as { version: string }).version === "1.4";
  });
  await world.clock.advance(1_000);
  await waiting;
  expect(seen).toEqual([
    [{ version: "1.3" }, true],
    [{ version: "1.4" }, true],
  ]);
});

test("what a function throws, and what refuses the check, ends the wait", async () => {
  const world = checking(up);
  const thrower = () => {
    throw new RangeError("of the script");
  };
  await expect(world.resource("web-1").waitUntil(thrower)).rejects.toThrow(RangeError);
  world.refuse(new WilcoError({ code: "no_worker", message: "No live worker serves default/automate" }));
  await expect(world.resource("web-1").waitUntil("up")).rejects.toMatchObject({ code: "no_worker" });
});

test("with() options hold for the checks, but neither its start nor its dependencies", async () => {
  const world = checking(up);
  await world
    .resource("web-1")
    .with({ zone: "eu", at: "+1h", after: 7, poll: { delay: "9s" } })
    .waitUntil("up");
  expect(world.submitted[0]).toMatchObject({ operation: "check", zone: "eu" });
  expect(world.submitted[0]).not.toHaveProperty("delay");
  expect(world.submitted[0]).not.toHaveProperty("after");
  expect(world.waits[0]!.policy.delay).toBe(9_000);
});

test("what can't be waited for is refused at the call", () => {
  const world = createWorld({
    types: [typeOf("file", [operationOf("read")])],
    resources: [resourceOf({ name: "hosts", type: "file" })],
  });
  const file = world.resource("hosts");
  expect(() => file.waitUntil("upp" as "up")).toThrow(`waitUntil can't wait for "upp"`);
  expect(() => file.waitUntil("up")).toThrow("hosts can't be waited for: file has no check");
  expect(() => createWorld().resource("web-1").waitUntil("up", { limit: 0 })).toThrow("limit is 0");
});
