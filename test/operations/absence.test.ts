/**
 * What is not to be held against the workers: our own absence. Time is moved in the rows, so that no test waits for it.
 */
import { expect, it, vi } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { heldUpAfter, heldUpBeforeTransaction } from "./dying.ts";
import { bob, createWorld, serve, unsound, workerToken, type World } from "./world.ts";

// Many small steps: seconds on a quiet machine, more than the usual time on a starved one.
vi.setConfig({ testTimeout: 180_000 });

/** As if everything that is stored had been written `ms` earlier: the servers, or the database, were away since. */
async function away({ database }: World, ms: number): Promise<void> {
  await database.query(
    "UPDATE setting SET value = CAST(CAST(value AS bigint) - $1 AS text) WHERE name = 'reaper_tick'",
    [ms],
  );
  await database.query(
    `UPDATE entry SET lease_expires = lease_expires - $1, seen_at = seen_at - $1, deadline = deadline - $1,
       started_at = started_at - $1 WHERE lease_expires IS NOT NULL`,
    [ms],
  );
  await database.query("UPDATE worker SET seen_at = seen_at - $1", [ms]);
}

describeOnBothEngines("a server that is down for a minute under long-running work", (engine) => {
  it("reaps nothing when it is back, and the work is answered", async () => {
    const world = await createWorld(engine);
    const sessions = await Promise.all(["w1", "w2"].map((name) => world.register(name, { capacity: 2 })));
    await world.operations.maintenance.round();
    await world.submit("a", "redo", { timeout: 3_600_000 });
    await world.submit("b", "work", { timeout: 3_600_000 });
    await world.submit("c", "look", { timeout: 3_600_000 });
    const claims = await Promise.all(sessions.map((session) => world.claim(session, { slots: 2 })));
    await away(world, 60_000);
    for (let round = 0; round < 3; round++) await world.operations.maintenance.round();
    for (const [index, session] of sessions.entries()) {
      for (const assignment of claims[index]!) {
        expect(await world.eventTypes(assignment.entry)).toEqual(["submitted", "claimed"]);
        expect(await world.finish(session, assignment)).toEqual({ ok: true });
      }
    }
    expect((await world.operations.entries({ status: "succeeded" })).items).toHaveLength(3);
    expect((await world.operations.workers()).items.map((worker) => worker.state)).toEqual(["ready", "ready"]);
  });

  it("does not end as timed out what ended in time while nobody was there to hear it", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    await world.operations.maintenance.round();
    const entry = await world.submit("a", "work", { timeout: 20_000 });
    const [assignment] = await world.claim(session);
    await away(world, 60_000);
    await world.operations.maintenance.round();
    expect(await world.finish(session, assignment!, { result: "in time" })).toEqual({ ok: true });
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: "in time" });
  });

  it("counts its absence as nobody's silence: who was silent before has as much time left as then", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work", { timeout: 36_000_000 });
    await world.claim(session);
    await world.operations.maintenance.round();
    await world.database.query("UPDATE entry SET lease_expires = lease_expires - 60000, seen_at = seen_at - 60000");
    await world.operations.maintenance.round();
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "silent"]);
    await away(world, 3_600_000);
    await world.operations.maintenance.round();
    expect((await world.operations.entry(entry.id)).status).toBe("running");
    await world.database.query("UPDATE entry SET seen_at = seen_at - 300000");
    await world.operations.maintenance.round();
    expect((await world.operations.entry(entry.id)).status).toBe("lost");
  });

  it("reaps what stays silent a lease after it is back", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    await world.operations.maintenance.round();
    const entry = await world.submit("a", "redo");
    await world.claim(session);
    await away(world, 60_000);
    await world.operations.maintenance.round();
    await world.database.query("UPDATE entry SET lease_expires = lease_expires - 60000");
    await world.operations.maintenance.round();
    expect((await world.operations.entry(entry.id)).status).toBe("queued");
  });
});

describeOnBothEngines("a server that is frozen for an hour in the middle of its maintenance", (engine) => {
  it("reaps nothing when it goes on, wherever it was", async () => {
    // A round that finds nothing is seven transactions, one a pass.
    const world = await createWorld(engine);
    for (let pass = 1; pass <= 8; pass++) {
      const session = await world.register(`w${pass}`);
      await world.operations.maintenance.round();
      await world.submit("a", "redo", { timeout: 36_000_000 });
      await world.submit("b", "work", { timeout: 36_000_000 });
      const claimed = await world.claim(session);
      expect(claimed).toHaveLength(2);
      const frozen = heldUpBeforeTransaction(world.database, pass, () => away(world, 3_600_000));
      await serve(engine, frozen).operations.maintenance.round();
      for (const assignment of claimed) {
        expect(await world.eventTypes(assignment.entry)).toEqual(["submitted", "claimed"]);
        expect(await world.finish(session, assignment)).toEqual({ ok: true });
      }
    }
  });
});

describeOnBothEngines("a forced cancel that races the end of its worker's session", (engine) => {
  it("does not leave the resource held for a worker that will never answer", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const next = await world.submit("a", "work");
    await world.claim(session);
    const cancel = () => world.operations.cancel(bob, entry.id, { force: true });
    if (engine.engine === "postgres") {
      // The end has read what the session holds, and has not locked it yet.
      const held = heldUpAfter(world.database, /SELECT id FROM entry WHERE worker_session/, cancel);
      await serve(engine, held).operations.stopWorker(workerToken, session);
    } else {
      // One writer: there is no such point.
      await Promise.all([world.operations.stopWorker(workerToken, session), cancel().catch(() => {})]);
    }
    const other = await world.register("w2");
    expect((await world.claim(other)).map((one) => one.entry)).toEqual([next.id]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("is repaired by the reconciler, should it be left all the same", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const next = await world.submit("a", "work");
    await world.claim(session);
    await world.operations.cancel(bob, entry.id, { force: true });
    await world.database.query("UPDATE worker SET state = 'lost' WHERE session = $1", [session]);
    await world.operations.maintenance.round();
    const other = await world.register("w2");
    expect((await world.claim(other)).map((one) => one.entry)).toEqual([next.id]);
  });
});

describeOnBothEngines("a finish that is repeated while the first is still on its way", (engine) => {
  it("is answered as the first is, and another end of the same entry is refused", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    const answers = await Promise.all([
      world.finish(session, assignment!, { result: 1 }),
      world.finish(session, assignment!, { result: 1 }),
      world.finish(session, assignment!, { finishId: "another-finish", status: "failed" }),
    ]);
    expect(answers.slice(0, 2)).toEqual([{ ok: true }, { ok: true }]);
    expect(answers[2]).toMatchObject({ error: { code: "lease_lost" } });
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "finished"]);
  });
});

describeOnBothEngines("cancel races", (engine) => {
  it("finish 1,000 times with one outcome each", { timeout: 120_000 }, async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 10_000 });
    const outcomes: Record<string, number> = {};
    for (let batch = 0; batch < 10; batch++) {
      const entries = await Promise.all(Array.from({ length: 100 }, () => world.submit("a", "look")));
      // Who comes first is left to chance: cancels before, beside and after the claim and the finish.
      const cancel = async (index: number) => world.operations.cancel(bob, entries[index]!.id, {}).catch(() => {});
      const cancels = entries.map((_entry, index) => (index % 3 === 0 ? cancel(index) : undefined));
      const claimed = await world.claim(session, { slots: 100 });
      const ended = claimed.map(async (assignment, index) => {
        const late = index % 2 === 0 ? cancel(entries.findIndex((entry) => entry.id === assignment.entry)) : undefined;
        const wasCanceled = (await world.operations.entry(assignment.entry)).status === "canceling";
        const answer = await world.finish(session, assignment, { status: wasCanceled ? "canceled" : "succeeded" });
        expect(answer).toEqual({ ok: true });
        await late;
      });
      await Promise.all([...cancels, ...ended]);
    }
    const ended = await world.database.query<{ status: string; ends: number; last: string }>(
      `SELECT e.status, (SELECT count(*) FROM entry_event v WHERE v.entry = e.id AND v.type = 'finished') AS ends,
         (SELECT type FROM entry_event v WHERE v.entry = e.id AND v.seq = e.last_event) AS last FROM entry e`,
    );
    for (const { status, ends, last } of ended) {
      expect([ends, last]).toEqual([1, "finished"]);
      outcomes[status] = (outcomes[status] ?? 0) + 1;
    }
    expect((outcomes["succeeded"] ?? 0) + (outcomes["canceled"] ?? 0)).toBe(1_000);
    expect(Object.keys(outcomes).toSorted()).toEqual(["canceled", "succeeded"]);
    expect(await unsound(world.database)).toEqual([]);
  });
});
