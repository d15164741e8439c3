/** Transactions that PostgreSQL refuses and that are made again: what they tell is of the attempt that was committed. */
import { expect, it } from "vitest";
import type { Move } from "../../src/queue/moves.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { refusedAtFirst } from "./dying.ts";
import { alice, bob, createWorld, serve, unsound, workerToken } from "./world.ts";

describeOnBothEngines("a transition whose first attempt was refused", (engine) => {
  it("is told once, logged once, and announces nothing that never was", async () => {
    const world = await createWorld(engine);
    const { database, refusals } = refusedAtFirst(world.database);
    const moves: Move[] = [];
    const server = serve(engine, database, {}, (move) => moves.push(move));
    const session = await server.register();
    const told = () => moves.splice(0).map(({ what, entry }) => `${what} ${entry}`);

    const done = await server.submit("a", "work");
    const given = await server.submit("b", "redo");
    const dropped = await server.submit("c", "look");
    expect(told()).toEqual([done, given, dropped].map(({ id }) => `put ${id}`));
    const claimed = await server.claim(session, { slots: 2 });
    expect(claimed.map(({ entry }) => entry)).toEqual([done.id, given.id]);
    expect(told()).toEqual([`claimed ${done.id}`, `claimed ${given.id}`]);
    await server.finish(session, claimed[0]!);
    await server.operations.cancel(bob, dropped.id, {});
    expect(told()).toEqual([`ended ${done.id}`, `ended ${dropped.id}`]);
    await server.operations.stopWorker(workerToken, session, { idle: true });
    expect(told()).toEqual([`requeued ${given.id}`]);

    const request = { targets: { resources: ["a", "b"] }, operation: "look" };
    const { id } = await server.submitRequest(request, alice);
    const tasks = (await server.operations.entries({ parent: id })).items.map((task) => `put ${task.id}`);
    expect(told().toSorted()).toEqual([`put ${id}`, ...tasks].toSorted());
    expect(await server.eventTypes(done.id)).toEqual(["submitted", "claimed", "finished"]);
    expect(await unsound(database)).toEqual([]);
    expect(refusals() > 0).toBe(engine.engine === "postgres");
  });

  it("hands a waiting worker what it filed in the end", async () => {
    const world = await createWorld(engine, { pollFloor: 3_600_000 });
    const server = serve(engine, refusedAtFirst(world.database).database, { pollFloor: 3_600_000 });
    const session = await server.register();
    const held = server.claim(session, { wait: 60_000 });
    while ((await server.operations.gauges()).held.claims === 0) await new Promise((resolve) => setImmediate(resolve));
    const entry = await server.submit("a", "work");
    expect((await held).map((assignment) => assignment.entry)).toEqual([entry.id]);
  });
});
