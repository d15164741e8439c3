import { expect, test } from "vitest";
import type { Execution } from "../../src/client/execution.ts";
import { WilcoError } from "../../src/core/errors.ts";
import { resourceOf } from "./world/fixtures.ts";
import { settled } from "./world/manual-clock.ts";
import { createWorld } from "./world/memory-world.ts";

const failure = { code: "exit_code", message: "exit code 3", source: "operation" } as const;

test("the tracker knows what was started and neither observed nor detached", async () => {
  const world = createWorld({ resources: [1, 2, 3, 4].map((id) => resourceOf({ id, name: `web-${id}` })) });
  const [awaited, asked, detached, ignored] = world.resources().map((web) => web.restart() as Execution);
  const waiting = Promise.all([awaited, asked!.outcome()]);
  await detached!.detach();
  expect(world.tracker.unobserved()).toEqual([ignored]);
  expect(world.tracker.outstanding()).toEqual([awaited, asked, ignored]);
  world.finish(1042);
  world.finish(1043);
  await waiting;
  expect(world.tracker.outstanding()).toEqual([ignored]);
});

test("settling waits for the unobserved, those started meanwhile included, and tells what each failed with", async () => {
  const world = createWorld();
  const web = world.resource("web-1");
  const first: Execution = web.restart();
  let second: Execution | undefined;
  world.whenFiled((entry) => world.finish(entry.id));
  const settling = world.tracker.settle();
  await settled();
  second = web.status();
  world.finish(1042, { status: "failed", error: failure });
  const outcomes = await settling;
  expect(outcomes.map(({ execution }) => execution)).toEqual([first, second]);
  expect(outcomes.map(({ error }) => (error as WilcoError | undefined)?.code)).toEqual(["operation_failed", undefined]);
  expect(world.tracker.outstanding()).toEqual([]);
});

test("a refused call that nobody looked at is settled as refused", async () => {
  const world = createWorld();
  world.refuse(new WilcoError({ code: "forbidden", message: "no" }));
  world.resource("web-1").restart();
  await settled();
  expect(await world.tracker.settle()).toMatchObject([{ error: { code: "forbidden" } }]);
});
