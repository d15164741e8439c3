/** Two transitions that meet at one exact point: the second arrives while the first stands between two statements. */
import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { heldUpAfter } from "./dying.ts";
import { bob, createWorld, serve, unsound, workerToken } from "./world.ts";

describeOnBothEngines("a dependency that ends while its dependent is being filed", (engine) => {
  it("waits until the dependent is there, and then releases it", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    let finishing: Promise<unknown> = Promise.resolve();
    const finish = async () => {
      // Not awaited: it has to wait for the submit, whose lock it meets.
      finishing = world.finish(session, assignment!);
    };
    // One writer on SQLite: there it is before or after, and both are right.
    const database = engine.engine === "postgres" ? heldUpAfter(world.database, /FOR SHARE/, finish) : world.database;
    const [dependent] = await Promise.all([
      serve(engine, database).submit("b", "look", { after: [{ entry: first.id, on: "success" }] }),
      engine.engine === "postgres" ? undefined : finish(),
    ]);
    await finishing;
    expect((await world.operations.entry(dependent.id)).status).toBe("queued");
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a cancel that arrives while a claim is between its look and its taking", (engine) => {
  it("finds the entry running and asks the worker", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    let canceling: Promise<unknown> = Promise.resolve();
    const cancel = async () => {
      canceling = world.operations.cancel(bob, entry.id, {});
    };
    const isPostgres = engine.engine === "postgres";
    const database = isPostgres ? heldUpAfter(world.database, /SELECT id, weight/, cancel) : world.database;
    const [assignment] = await serve(engine, database).claim(session);
    if (!isPostgres) await cancel();
    await canceling;
    expect((await world.operations.entry(entry.id)).status).toBe("canceling");
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "cancel_requested"]);
    // State, not an event: every answer says it until the worker has confirmed.
    const beat = () =>
      world.operations.heartbeat(workerToken, session, { leases: [{ entry: entry.id, attempt: 1 }], state: "ready" });
    expect((await beat()).cancel).toEqual([{ entry: entry.id, attempt: 1 }]);
    expect((await beat()).cancel).toEqual([{ entry: entry.id, attempt: 1 }]);
    expect(await world.finish(session, assignment!, { status: "canceled" })).toEqual({ ok: true });
    expect((await beat()).cancel).toEqual([]);
  });
});

describeOnBothEngines("several claims of one session at once", (engine) => {
  it("never take more than its slots, whichever servers they reach", async () => {
    const world = await createWorld(engine);
    const servers = [world, serve(engine, world.database), serve(engine, world.database)];
    const session = await world.register("w1", { capacity: 3 });
    for (let i = 0; i < 12; i++) await world.submit("a", "look");
    const claimed = await Promise.all(
      servers.map((server, index) => server.claim(session, { slots: 3, claimId: `claim-at-${index}` })),
    );
    expect(claimed.flat()).toHaveLength(3);
    expect(new Set(claimed.flat().map((one) => one.entry)).size).toBe(3);
  });
});

describeOnBothEngines("a finish that arrives while its lease is being reaped", (engine) => {
  it("comes first or is refused: what was queued again is not ended by the old attempt", async () => {
    const world = await createWorld(engine);
    for (let round = 0; round < 10; round++) {
      const session = await world.register(`w${round}`);
      await world.operations.maintenance.round();
      const entry = await world.submit("a", "redo");
      const [assignment] = await world.claim(session);
      await world.database.query("UPDATE entry SET lease_expires = lease_expires - 60000 WHERE id = $1", [entry.id]);
      const [answer] = await Promise.all([
        world.finish(session, assignment!, { result: round }),
        world.operations.maintenance.round(),
      ]);
      const { status } = await world.operations.entry(entry.id);
      expect([status, "ok" in answer]).toEqual(status === "succeeded" ? ["succeeded", true] : ["queued", false]);
      if (status === "queued") await world.operations.cancel(bob, entry.id, {});
    }
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a worker that takes leave while the answer of its last claim is lost", (engine) => {
  it("loses nothing of it: what it says it never began is queued again, with all its tries", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const [work, canceled] = [await world.submit("a", "work"), await world.submit("b", "work")];
    await world.claim(session);
    await world.operations.cancel(bob, canceled.id, {});
    await world.operations.stopWorker(workerToken, session, { idle: true });
    expect(await world.eventTypes(work.id)).toEqual(["submitted", "claimed", "requeued"]);
    expect((await world.operations.entry(canceled.id)).status).toBe("canceled");
    const other = await world.register("w2");
    expect(await world.claim(other)).toMatchObject([{ entry: work.id, attempt: 2 }]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("loses what may not be repeated when it does not say so", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    await world.claim(session);
    await world.operations.stopWorker(workerToken, session, {});
    expect((await world.operations.entry(entry.id)).status).toBe("lost");
  });
});

describeOnBothEngines("a session that ends while its heartbeat is between its look and its write", (engine) => {
  it("stays ended", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const stop = () => world.operations.stopWorker(workerToken, session, {});
    const isPostgres = engine.engine === "postgres";
    const database = isPostgres ? heldUpAfter(world.database, /FROM worker WHERE session/, stop) : world.database;
    if (!isPostgres) await stop();
    const beat = serve(engine, database).operations.heartbeat(workerToken, session, { leases: [], state: "ready" });
    await expect(beat).rejects.toMatchObject({ code: "session_ended" });
    expect((await world.operations.workers()).items).toMatchObject([{ state: "stopped" }]);
  });
});
