/** Leases, silence, loss and repetition. Time is moved in the rows, so that no test waits for it. */
import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, bob, createWorld, unsound, workerToken, type World } from "./world.ts";

/** Lets every lease lapse, and the workers be silent for `silence` ms, while the server was there all the time. */
async function lapse(world: World, silence = 31_000): Promise<void> {
  await world.operations.maintenance.round();
  await world.database.query(
    "UPDATE entry SET lease_expires = lease_expires - $1, seen_at = seen_at - $1 WHERE lease_expires IS NOT NULL",
    [silence],
  );
  await world.operations.maintenance.round();
}

/** What was due in a millisecond is due by the database's clock, which is this machine's. */
async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describeOnBothEngines("a lapsed lease", (engine) => {
  it("of a repeatable operation puts it back into the queue, and the late worker writes nothing", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "redo");
    const [assignment] = await world.claim(session);
    await lapse(world);
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "queued", attempt: 1 });
    const [second] = await world.claim(session);
    expect(second).toMatchObject({ entry: entry.id, attempt: 2 });
    expect(await world.finish(session, assignment!, { finishId: "late-finish", result: "late" })).toMatchObject({
      error: { code: "lease_lost" },
    });
    const report = await world.operations.report(workerToken, session, {
      reports: [{ entry: entry.id, attempt: 1, chunks: [{ number: 1, stream: "stdout", text: "late" }] }],
    });
    expect(report.reports[0]).toMatchObject({ error: { code: "lease_lost" } });
    expect(await world.finish(session, second!, { result: "right" })).toEqual({ ok: true });
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: "right", attempt: 2 });
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "requeued", "claimed", "finished"]);
  });

  it("of a repeatable operation ends it as lost after its tries", async () => {
    const world = await createWorld(engine);
    const entry = await world.submit("a", "redo");
    for (let attempt = 1; attempt <= 3; attempt++) {
      const session = await world.register(`w${attempt}`);
      expect(await world.claim(session)).toHaveLength(1);
      await lapse(world);
      await lapse(world, 300_000);
    }
    expect(await world.operations.entry(entry.id)).toMatchObject({
      status: "lost",
      attempt: 3,
      error: { code: "worker_lost", source: "system" },
    });
  });

  it("of any other operation is shown as silence, holds the resource, and is forgotten when the worker comes back", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const next = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    await lapse(world);
    expect((await world.operations.entry(entry.id)).status).toBe("running");
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "silent"]);
    expect(await world.claim(session)).toEqual([]);
    const beat = await world.operations.heartbeat(workerToken, session, {
      leases: [{ entry: entry.id, attempt: 1 }],
      state: "ready",
    });
    expect(beat.lost).toEqual([]);
    expect(await world.finish(session, assignment!)).toEqual({ ok: true });
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([next.id]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("of any other operation ends it as lost when the silence lasts", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const next = await world.submit("a", "work");
    await world.claim(session);
    await lapse(world);
    expect((await world.operations.entry(entry.id)).status).toBe("running");
    await lapse(world, 300_000);
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "lost", error: { code: "worker_lost" } });
    const other = await world.register("w2");
    expect((await world.claim(other)).map((one) => one.entry)).toEqual([next.id]);
  });

  it("of an execution that was being canceled ends it as canceled", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    await world.claim(session);
    await world.operations.cancel(bob, entry.id, {});
    await lapse(world);
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "canceled", error: { source: "system" } });
  });

  it("is not reaped for our own absence: after a gap in the ticks every lease starts anew", async () => {
    const world = await createWorld(engine, { lease: 400, lostAfter: 3_600_000 });
    const session = await world.register();
    const entry = await world.submit("a", "redo");
    await world.operations.maintenance.round();
    await world.claim(session);
    // The server was away for an hour: its last tick and the lease are that old.
    await world.database.query(
      "UPDATE setting SET value = CAST(CAST(value AS bigint) - 3600000 AS text) WHERE name = 'reaper_tick'",
    );
    await world.database.query(
      "UPDATE entry SET lease_expires = lease_expires - 3600000 WHERE lease_expires IS NOT NULL",
    );
    await world.operations.maintenance.round();
    expect((await world.operations.entry(entry.id)).status).toBe("running");
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed"]);
  });
});

describeOnBothEngines("the end of a session", (engine) => {
  it("by succession requeues what may be repeated and loses the rest, at once", async () => {
    const world = await createWorld(engine);
    const first = await world.register("w1", { succession: "one-directory-one-secret" });
    const redo = await world.submit("a", "redo");
    const work = await world.submit("b", "work");
    const next = await world.submit("b", "work");
    expect(await world.claim(first)).toHaveLength(2);
    const second = await world.register("w1", { succession: "one-directory-one-secret" });
    expect((await world.operations.entry(work.id)).error!.message).toContain("w1 was started anew");
    expect((await world.operations.entry(work.id)).status).toBe("lost");
    expect((await world.claim(second)).map((one) => [one.entry, one.attempt])).toEqual([
      [redo.id, 2],
      [next.id, 1],
    ]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("leaves entries that were handed back unstarted with all their tries", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    for (let i = 1; i <= 5; i++) {
      const [assignment] = await world.claim(session);
      expect(assignment).toMatchObject({ entry: entry.id, attempt: i });
      expect(await world.finish(session, assignment!, { status: "released" })).toEqual({ ok: true });
    }
    expect((await world.operations.entry(entry.id)).status).toBe("queued");
  });
});

describeOnBothEngines("a heartbeat", (engine) => {
  it("renews what is listed, names what is lost, and offers what was forgotten", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const kept = await world.submit("a", "work");
    const forgotten = await world.submit("b", "work");
    await world.claim(session);
    await world.database.query("UPDATE entry SET started_at = started_at - 60000");
    const beat = await world.operations.heartbeat(workerToken, session, {
      leases: [
        { entry: kept.id, attempt: 1 },
        { entry: 4711, attempt: 1 },
        { entry: kept.id, attempt: 9 },
      ],
      state: "ready",
    });
    expect(beat.lost).toEqual([
      { entry: 4711, attempt: 1 },
      { entry: kept.id, attempt: 9 },
    ]);
    expect(beat.unlisted.map((one) => [one.entry, one.attempt])).toEqual([[forgotten.id, 1]]);
  });
});

describeOnBothEngines("time", (engine) => {
  it("ends an entry that nobody claimed as failed by the system", async () => {
    const world = await createWorld(engine);
    const entry = await world.submit("a", "work", { expiresIn: 1 });
    const next = await world.submit("a", "work");
    await tick();
    await world.operations.maintenance.round();
    expect(await world.operations.entry(entry.id)).toMatchObject({
      status: "failed",
      error: { code: "expired", source: "system" },
    });
    expect((await world.claim(await world.register())).map((one) => one.entry)).toEqual([next.id]);
  });

  it("ends an entry past its deadline and grace although its worker renews, and holds the resource until it confirms", async () => {
    const world = await createWorld(engine, { grace: 1 });
    const session = await world.register();
    const entry = await world.submit("a", "work", { timeout: 1 });
    const next = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    await tick();
    await world.operations.maintenance.round();
    expect(await world.operations.entry(entry.id)).toMatchObject({
      status: "timed_out",
      error: { code: "timeout", source: "system" },
    });
    expect(await world.claim(session)).toEqual([]);
    expect(await world.finish(session, assignment!, { status: "timed_out" })).toEqual({ ok: true });
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([next.id]);
  });

  it("ends what nobody serves, however much waits ahead of it for workers that are busy", async () => {
    const world = await createWorld(engine);
    await world.register();
    const busy = Array.from({ length: 501 }, () => ({ resource: "a", operation: "look", requireWorker: 1 }));
    await world.operations.submit(alice, { entries: busy }, undefined);
    const entry = await world.submit("b", "look", { worker: "nobody", requireWorker: 1 });
    await world.database.query("UPDATE entry SET queued_at = queued_at - 1000");
    await world.operations.maintenance.round();
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "failed", error: { code: "no_worker" } });
    expect((await world.operations.entry(1)).status).toBe("queued");
  });

  it("ends an entry that requires a worker when no live one served its route for so long", async () => {
    const world = await createWorld(engine);
    await expect(world.submit("a", "work", { requireWorker: 0 })).rejects.toMatchObject({ code: "no_worker" });
    const entry = await world.submit("a", "work", { requireWorker: 1 });
    const patient = await world.submit("b", "work", { requireWorker: 60_000 });
    await tick();
    await world.operations.maintenance.round();
    expect(await world.operations.entry(entry.id)).toMatchObject({
      status: "failed",
      error: {
        code: "no_worker",
        source: "system",
        message: "Nothing ran: no live worker serves the route default/automate",
      },
    });
    expect((await world.operations.entry(patient.id)).status).toBe("queued");
    await world.register();
    const served = await world.submit("a", "work", { requireWorker: 1 });
    await tick();
    await world.operations.maintenance.round();
    expect((await world.operations.entry(served.id)).status).toBe("queued");
  });
});

describeOnBothEngines("the reconciler", (engine) => {
  it("gives a resource its head back and releases what waits for nothing", async () => {
    const world = await createWorld(engine);
    const { reconcile } = await import("../../src/operations/reconcile.ts");
    const headless = await world.submit("a", "work");
    await world.database.query("UPDATE entry SET head = 0 WHERE id = $1", [headless.id]);
    const first = await world.submit("b", "look");
    const stuck = await world.submit("c", "look", { after: [{ entry: first.id, on: "any" }] });
    // As if a release had been forgotten: the dependency has ended, the dependent was never told.
    await world.database.query(
      "UPDATE entry SET status = 'succeeded', finished_at = 1, expires_at = NULL WHERE id = $1",
      [first.id],
    );
    const { database, operations } = world;
    const context = {
      database,
      signals: { publish: () => {}, subscribe: () => () => {}, stop: () => {} },
      log: { error: () => {} },
    } as never;
    expect(await reconcile(context)).toEqual({ heads: 1, blocked: 1, held: 0, requests: 0 });
    expect(await reconcile(context)).toEqual({ heads: 0, blocked: 0, held: 0, requests: 0 });
    expect((await operations.entry(stuck.id)).status).toBe("queued");
    const session = await world.register();
    expect((await world.claim(session)).map((one) => one.entry).toSorted((a, b) => a - b)).toEqual([
      headless.id,
      stuck.id,
    ]);
  });
});

describeOnBothEngines("the database", (engine) => {
  it("refuses what must not be", async () => {
    const world = await createWorld(engine);
    const entry = await world.submit("a", "work");
    await world.submit("a", "work");
    const refuse = (text: string) => expect(world.database.query(text)).rejects.toThrow(/constraint|unique/i);
    await refuse(`UPDATE entry SET status = 'succeeded' WHERE id = ${entry.id}`);
    await refuse(`UPDATE entry SET finished_at = 1 WHERE id = ${entry.id}`);
    await refuse(`UPDATE entry SET status = 'running' WHERE id = ${entry.id}`);
    await refuse(`UPDATE entry SET status = 'nonsense' WHERE id = ${entry.id}`);
    await refuse("UPDATE entry SET head = 1");
    await refuse(
      `UPDATE entry SET status = 'failed', finished_at = 1, head = 0, expires_at = NULL WHERE id = ${entry.id}`,
    );
    await refuse(`UPDATE entry SET status = 'blocked' WHERE id = ${entry.id}`);
    await refuse(
      `INSERT INTO entry_event (entry, seq, at, type, attempt, data) VALUES (${entry.id}, 1, 1, 'queued', 0, '{}')`,
    );
    expect((await world.operations.entries({ requestedBy: alice.name })).items).toHaveLength(2);
  });
});
