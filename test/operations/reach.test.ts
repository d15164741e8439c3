import { expect, it } from "vitest";
import type { Assignment } from "../../src/domain/worker.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, unsound } from "./world.ts";

const idsOf = (assignments: Assignment[]) => assignments.map((assignment) => assignment.entry);
/** What nobody announces is looked for in an hour: only signals wake. */
const SIGNALS_ONLY = { pollFloor: 3_600_000 };

describeOnBothEngines("a worker's band of priorities", (engine) => {
  it("keeps the slots of people free of bulk work", async () => {
    const world = await createWorld(engine);
    const people = await world.register("people", { band: { min: 0, max: 50 } });
    const all = await world.register("all");
    const bulk = await world.submit("a", "look", { priority: 200 });
    const urgent = await world.submit("a", "look", { priority: 50 });
    expect(idsOf(await world.claim(people))).toEqual([urgent.id]);
    expect(idsOf(await world.claim(all))).toEqual([bulk.id]);
    const { items } = await world.operations.workers();
    expect(items.map(({ name, band }) => [name, band])).toEqual([
      ["all", { min: 0, max: 200 }],
      ["people", { min: 0, max: 50 }],
    ]);
  });

  it("lets a message outside of it wake the next worker", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const people = await world.register("people", { band: { min: 0, max: 50 } });
    const all = await world.register("all");
    const first = world.claim(people, { wait: 60_000 });
    const second = world.claim(all, { wait: 60_000 });
    const bulk = await world.submit("a", "look", { priority: 200 });
    expect(idsOf(await second)).toEqual([bulk.id]);
    const urgent = await world.submit("a", "look", { priority: 0 });
    expect(idsOf(await first)).toEqual([urgent.id]);
  });

  it("is named when nobody takes the priority", async () => {
    const world = await createWorld(engine);
    await world.register("people", { band: { min: 0, max: 50 } });
    const why = "no live worker of the route default/automate takes the priority 100";
    expect((await world.submit("a", "look")).warning).toBe(why);
    expect((await world.submit("a", "look", { priority: 50 })).warning).toBeNull();
    await expect(world.submit("a", "look", { requireWorker: 0 })).rejects.toMatchObject({ code: "no_worker" });
    const plain = await world.submit("a", "look");
    expect(await world.operations.why(plain.id)).toMatchObject({
      reason: "priority_band",
      message: expect.stringContaining("people takes max-medium"),
    });
    const waiting = await world.submit("a", "look", { requireWorker: 1 });
    await world.database.query("UPDATE entry SET queued_at = queued_at - 1000 WHERE id = $1", [waiting.id]);
    await world.operations.maintenance.round();
    expect(await world.operations.entry(waiting.id)).toMatchObject({
      status: "failed",
      error: { code: "no_worker", message: `Nothing ran: ${why}` },
    });
  });

  it("is refused when its ends are the wrong way round, by the worker's registration and by the database", async () => {
    const world = await createWorld(engine);
    await expect(world.register("w1", { band: { min: 100, max: 50 } })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await world.register("w1");
    await expect(world.database.query("UPDATE worker SET priority_min = 100, priority_max = 50")).rejects.toThrow(
      /check/i,
    );
  });
});

describeOnBothEngines("a heavy operation", (engine) => {
  it("takes as many slots as it weighs, and all of a worker that has fewer", async () => {
    const world = await createWorld(engine);
    const big = await world.register("big", { capacity: 5 });
    const small = await world.register("small", { capacity: 2 });
    for (let n = 0; n < 3; n++) await world.submit("a", "heavy");
    expect(idsOf(await world.claim(big))).toEqual([1]);
    expect(idsOf(await world.claim(small))).toEqual([2]);
    const { items } = await world.operations.workers();
    expect(items.map(({ name, running, capacity }) => [name, running, capacity])).toEqual([
      ["big", 3, 5],
      ["small", 2, 2],
    ]);
    expect(await world.claim(small)).toEqual([]);
  });

  it("is not passed by on the worker that keeps itself free for it, while the others go on", async () => {
    const world = await createWorld(engine);
    const [one, two] = [await world.register("one", { capacity: 4 }), await world.register("two", { capacity: 4 })];
    for (let n = 0; n < 4; n++) await world.submit("a", "look");
    const [running] = await world.claim(one, { slots: 2 });
    await world.claim(two, { slots: 2 });
    const heavy = await world.submit("a", "heavy");
    const light = [await world.submit("a", "look"), await world.submit("a", "look"), await world.submit("a", "look")];
    expect(await world.claim(one, { slots: 2 })).toEqual([]);
    expect(idsOf(await world.claim(two, { slots: 2 }))).toEqual([light[0]!.id, light[1]!.id]);
    expect(await world.claim(one, { slots: 2 })).toEqual([]);
    await world.finish(one, running!);
    expect(idsOf(await world.claim(one, { slots: 3 }))).toEqual([heavy.id]);
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("an operation that wants a worker to itself", (engine) => {
  it("waits for an empty worker, which takes nothing more until it has ended", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 4 });
    await world.submit("a", "look");
    const [running] = await world.claim(session);
    const alone = await world.submit("a", "alone");
    const later = await world.submit("a", "look");
    expect(await world.claim(session)).toEqual([]);
    expect(await world.operations.why(alone.id)).toMatchObject({
      reason: "workers_full",
      message: expect.stringContaining("it needs an empty worker"),
    });
    await world.finish(session, running!);
    const [taken, ...more] = await world.claim(session);
    expect([taken!.entry, more]).toEqual([alone.id, []]);
    expect(await world.claim(session)).toEqual([]);
    await world.finish(session, taken!);
    expect(idsOf(await world.claim(session))).toEqual([later.id]);
  });

  it("goes to a worker that is empty already, though another one keeps itself free for it", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const busy = await world.register("busy", { capacity: 2 });
    const empty = await world.register("empty", { capacity: 2 });
    await world.submit("a", "look");
    const [running] = await world.claim(busy, { slots: 1 });
    const alone = await world.submit("a", "alone");
    // The busy one is asked first, and can't.
    expect(await world.claim(busy, { slots: 1 })).toEqual([]);
    expect(idsOf(await world.claim(empty, { slots: 2 }))).toEqual([alone.id]);
    await world.submit("a", "look");
    expect(await world.claim(busy, { slots: 1 })).toHaveLength(1);
    expect(await world.finish(busy, running!)).toEqual({ ok: true });
  });

  it("wakes a sleeping empty worker when the one that was woken has no room", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const busy = await world.register("busy", { capacity: 2 });
    const empty = await world.register("empty", { capacity: 2 });
    await world.submit("a", "look");
    await world.claim(busy, { slots: 1 });
    const first = world.claim(busy, { slots: 1, wait: 60_000 });
    const second = world.claim(empty, { slots: 2, wait: 60_000 });
    const alone = await world.submit("a", "alone");
    expect(idsOf(await second)).toEqual([alone.id]);
    const light = await world.submit("a", "look");
    expect(idsOf(await first)).toEqual([light.id]);
  });

  it("is taken as soon as the last execution of the worker ends, though the claim was sent before", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const session = await world.register("w1", { capacity: 3 });
    await world.submit("a", "look");
    const [running] = await world.claim(session);
    const held = world.claim(session, { slots: 2, wait: 60_000 });
    const alone = await world.submit("a", "alone");
    await world.finish(session, running!);
    expect(idsOf(await held)).toEqual([alone.id]);
  });

  it("does not stay kept for a worker that has died", async () => {
    const world = await createWorld(engine, { lease: 1_000 });
    const dead = await world.register("dead", { capacity: 2 });
    const next = await world.register("next", { capacity: 2 });
    for (let n = 0; n < 2; n++) await world.submit("a", "look");
    await world.claim(dead, { slots: 1 });
    const [running] = await world.claim(next, { slots: 1 });
    const alone = await world.submit("a", "alone");
    await world.submit("a", "look");
    expect(await world.claim(dead, { slots: 1 })).toEqual([]);
    await world.database.query("UPDATE worker SET seen_at = seen_at - 2000 WHERE session = $1", [dead]);
    expect(await world.claim(next, { slots: 1 })).toEqual([]);
    await world.finish(next, running!);
    expect(idsOf(await world.claim(next, { slots: 2 }))).toEqual([alone.id]);
  });
});

describeOnBothEngines("a message", (engine) => {
  it("goes to the zone of its call instead of its resource's, and to the worker that it names", async () => {
    const world = await createWorld(engine);
    const home = await world.register("home");
    const eu = await world.register("eu", { zone: "eu" });
    const called = await world.submit("a", "look", { zone: "eu" });
    const named = await world.submit("a", "look", { worker: "eu" });
    const own = await world.submit("a", "look");
    expect(idsOf(await world.claim(home))).toEqual([own.id]);
    expect(idsOf(await world.claim(eu))).toEqual([called.id, named.id]);
  });

  it("that nobody claimed in its time ends as failed by the system, and releases its resource", async () => {
    const world = await createWorld(engine);
    const old = await world.submit("a", "work", { expiresIn: 1_000 });
    const next = await world.submit("a", "work");
    await world.database.query("UPDATE entry SET expires_at = expires_at - 2000 WHERE id = $1", [old.id]);
    await world.operations.maintenance.round();
    expect(await world.operations.entry(old.id)).toMatchObject({
      status: "failed",
      error: { code: "expired", source: "system" },
    });
    const session = await world.register("w1");
    expect(idsOf(await world.claim(session))).toEqual([next.id]);
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a worker that is not heard of", (engine) => {
  it("is shown as silent after a lease, by the database's clock, until it has ended", async () => {
    const world = await createWorld(engine);
    for (const name of ["heard", "silent", "stopped"]) await world.register(name);
    await world.database.query("UPDATE worker SET seen_at = seen_at - 30001 WHERE name <> 'heard'");
    await world.database.query("UPDATE worker SET state = 'stopped' WHERE name = 'stopped'");
    const { items } = await world.operations.workers();
    expect(items.map(({ name, state, silent }) => [name, state, silent])).toEqual([
      ["heard", "ready", false],
      ["silent", "ready", true],
      ["stopped", "stopped", false],
    ]);
    const { workers } = await world.operations.gauges();
    expect(workers).toEqual(items);
  });
});
