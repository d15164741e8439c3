/** Nothing that can be claimed waits for the polling floor, which is an hour here: only signals wake. */
import { describe, expect, it, vi } from "vitest";
import type { Assignment } from "../../src/domain/worker.ts";
import { createDryRoutes } from "../../src/queue/dry-routes.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, workerToken } from "./world.ts";

const SIGNALS_ONLY = { pollFloor: 3_600_000 };
const WAIT = 60_000;

const idsOf = (assignments: Assignment[]) => assignments.map((assignment) => assignment.entry);

describeOnBothEngines("an entry that can be claimed", (engine) => {
  it("reaches the worker that has its type, although one without it has waited longer", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    await world.database.query("UPDATE resource_type SET by_worker = 1 WHERE name = 'thing'");
    const without = await world.register("without");
    const having = await world.register("having", { types: [{ name: "thing" }] });
    await world.claim(without);
    const inVain = world.claim(without, { wait: WAIT });
    for (let round = 0; round < 3; round++) {
      const claim = world.claim(having, { wait: WAIT });
      const entry = await world.submit("a", "work");
      const [assignment] = await claim;
      expect(assignment?.entry).toBe(entry.id);
      // Ended, it makes the next one the head of the resource: a route that a finish announces.
      const blocked = await world.submit("a", "work", { after: [{ entry: entry.id, on: "any" }] });
      const next = world.claim(having, { wait: WAIT });
      await world.finish(having, assignment!);
      const [second] = await next;
      expect(second?.entry).toBe(blocked.id);
      await world.finish(having, second!);
    }
    await world.operations.stop();
    expect(await inVain).toEqual([]);
  });

  it("reaches the worker that waits for it as soon as it has loaded the type", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    await world.database.query("UPDATE resource_type SET by_worker = 1 WHERE name = 'thing'");
    const session = await world.register();
    await world.claim(session);
    const claim = world.claim(session, { wait: WAIT });
    const entry = await world.submit("a", "work");
    const types = [{ name: "thing" }];
    await world.operations.reloadedTypes(workerToken, session, { types }, async () => {});
    expect(idsOf(await claim)).toEqual([entry.id]);
  });

  it("passes by a worker that keeps itself free for a heavy one", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const [keeper, other] = [
      await world.register("keeper", { capacity: 3 }),
      await world.register("other", { capacity: 2 }),
    ];
    for (const session of [keeper, other]) {
      await world.submit("a", "look");
      expect(await world.claim(session, { slots: 1 })).toHaveLength(1);
    }
    await world.submit("a", "heavy");
    const keeping = world.claim(keeper, { slots: 2, wait: WAIT });
    await vi.waitFor(async () =>
      expect(await world.database.query("SELECT name FROM worker WHERE reserves IS NOT NULL")).toHaveLength(1),
    );
    const claim = world.claim(other, { slots: 1, wait: WAIT });
    const later = await world.submit("a", "look", { delay: WAIT });
    const light = await world.submit("a", "look", { after: [{ entry: later.id, on: "any" }] });
    await world.operations.cancel(alice, later.id, {});
    expect(idsOf(await claim)).toEqual([light.id]);
    await world.operations.stop();
    expect(await keeping).toEqual([]);
  });

  it("goes to the next worker when the one that looked had fewer slots free than it said", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const [busy, idle] = [await world.register("busy", { capacity: 3 }), await world.register("idle")];
    await world.submit("a", "look");
    await world.claim(busy, { slots: 1 });
    for (let n = 0; n < 3; n++) await world.submit("a", "look");
    // As if the others had seen them locked: nothing of them is announced any more.
    const move = (route: string) =>
      world.database.query("UPDATE entry SET route = $1 WHERE status = 'queued'", [route]);
    const [{ route } = { route: "" }] = await world.database.query<{ route: string }>(
      "SELECT route FROM entry LIMIT 1",
    );
    await move("elsewhere/automate");
    for (let n = 0; n < 2; n++) expect(await world.claim(idle)).toEqual([]);
    const claim = world.claim(idle, { wait: WAIT });
    await move(route);
    expect(await world.claim(busy, { slots: 4 })).toHaveLength(2);
    expect(await claim).toHaveLength(1);
  });

  it("that was too heavy for the slots asked for is found when more of them are free", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const [keeper, other] = [
      await world.register("keeper", { capacity: 4 }),
      await world.register("other", { capacity: 4 }),
    ];
    const running: Assignment[] = [];
    for (const session of [keeper, other]) {
      for (let n = 0; n < 2; n++) await world.submit("a", "look");
      running.push(...(await world.claim(session, { slots: 2 })));
    }
    const heavy = await world.submit("a", "heavy");
    expect(await world.claim(keeper, { slots: 2 })).toEqual([]);
    expect(await world.claim(other, { slots: 2 })).toEqual([]);
    expect(await world.claim(other, { slots: 2 })).toEqual([]);
    for (const assignment of running.slice(2)) await world.finish(other, assignment);
    expect(idsOf(await world.claim(other, { slots: 4, wait: WAIT }))).toEqual([heavy.id]);
  });
});

describeOnBothEngines("a claim whose answer was lost", (engine) => {
  it("gets the same entries, also when the worker's next claim has overtaken it", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    for (let n = 0; n < 3; n++) await world.submit("a", "look");
    const [first] = await world.claim(session, { slots: 1, claimId: "claim-first-0001" });
    await world.claim(session, { slots: 1, claimId: "claim-second-0001" });
    const again = await world.claim(session, { slots: 1, claimId: "claim-first-0001" });
    expect(idsOf(again)).toEqual([first!.entry]);
  });
});

describe("routes that are known to be empty", () => {
  it("count as announced after the counts of very many routes began anew", () => {
    const dry = createDryRoutes();
    dry.receive({ routes: ["mine"] });
    dry.isDry("s1", { announced: dry.announced(["mine"]), slots: 1, selective: false });
    dry.isDry("s2", { announced: dry.announced(["silent"]), slots: 1, selective: false });
    expect(dry.stillDry("s1", ["mine"], 1)).toBeDefined();
    for (let n = 0; n < 10_000; n++) dry.receive({ routes: [`route-${n}`] });
    expect(dry.stillDry("s1", ["mine"], 1)).toBeUndefined();
    expect(dry.stillDry("s2", ["silent"], 1)).toBeUndefined();
    dry.isDry("s1", { announced: dry.announced(["mine"]), slots: 2, selective: false });
    expect([1, 2, 3].map((slots) => dry.stillDry("s1", ["mine"], slots) !== undefined)).toEqual([true, true, false]);
  });
});

describeOnBothEngines("a poll for events", (engine) => {
  it("is answered at once with the rest of the events that the last answer had no room for", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    await world.claim(session);
    const chunks = Array.from({ length: 510 }, (_, n) => ({ number: n + 1, stream: "stdout" as const, text: "x" }));
    await world.operations.report(workerToken, session, { reports: [{ entry: entry.id, attempt: 1, chunks }] });
    const poll = (after: number) =>
      world.operations.poll({ entries: [{ id: entry.id, seen: after, after }], wait: 20_000 }, world.never);
    const first = await poll(0);
    const [change] = first.entries;
    if (!change || "error" in change) throw new Error("no change");
    expect(change.more).toBe(true);
    const next = await poll(change.events!.at(-1)!.seq);
    expect(next.entries).toHaveLength(1);
  });
});
