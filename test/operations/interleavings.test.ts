/** Every interleaving of the design that these parts can meet, with the failure injected at that very point. */
import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, bob, createWorld, optionsOf, serve, unsound, workerToken } from "./world.ts";

describeOnBothEngines("an answer that is lost", (engine) => {
  it("of a claim: the same claim id gets the same entries, once", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    await world.submit("a", "work");
    await world.submit("b", "look");
    const first = await world.claim(session, { claimId: "lost-claim-1" });
    const again = await world.claim(session, { claimId: "lost-claim-1" });
    expect(first).toHaveLength(2);
    expect(again.map((one) => [one.entry, one.attempt])).toEqual(first.map((one) => [one.entry, one.attempt]));
    expect(await world.claim(session, { claimId: "next-claim" })).toEqual([]);
    expect(await world.eventTypes(first[0]!.entry)).toEqual(["submitted", "claimed"]);
  });

  it("of a claim: any server of the database gives the same entries", async () => {
    if (engine.engine === "sqlite") {
      // One process owns an embedded database: there is no second server, and opening one is refused.
      const { place } = await createWorld(engine);
      await expect(openDatabase(optionsOf(place))).rejects.toMatchObject({ code: "data_directory_in_use" });
      return;
    }
    const world = await createWorld(engine);
    const database = await openDatabase(optionsOf(world.place));
    engine.onCleanup(() => database.close());
    const other = serve(engine, database);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    await world.claim(session, { claimId: "lost-claim-1" });
    expect((await other.claim(session, { claimId: "lost-claim-1" })).map((one) => one.entry)).toEqual([entry.id]);
  });

  it("of a finish: the repeated finish is answered as the first was", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    expect(await world.finish(session, assignment!, { result: 1 })).toEqual({ ok: true });
    expect(await world.finish(session, assignment!, { result: 1 })).toEqual({ ok: true });
    expect(await world.finish(session, assignment!, { finishId: "another-finish", status: "failed" })).toMatchObject({
      error: { code: "lease_lost" },
    });
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: 1 });
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "finished"]);
  });

  it("of a report: chunks that are there are ignored, a gap is refused, and a finish waits for its last chunk", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    const chunk = (number: number) => ({ number, stream: "stdout" as const, text: `${number}\n` });
    const report = async (...numbers: number[]) =>
      (
        await world.operations.report(workerToken, session, {
          reports: [{ entry: entry.id, attempt: 1, chunks: numbers.map(chunk) }],
        })
      ).reports[0]!;
    expect(await report(1, 2)).toMatchObject({ ok: true, lastChunk: 2 });
    expect(await report(1, 2, 3)).toMatchObject({ ok: true, lastChunk: 3 });
    expect(await report(5)).toMatchObject({ error: { code: "chunks_missing", details: { lastChunk: 3 } } });
    expect(await world.finish(session, assignment!, { lastChunk: 5 })).toMatchObject({
      error: { code: "chunks_missing" },
    });
    expect((await world.operations.entry(entry.id)).status).toBe("running");
    await report(4, 5);
    expect(await world.finish(session, assignment!, { lastChunk: 5 })).toEqual({ ok: true });
    const output = (await world.events(entry.id)).filter((event) => event.type === "output");
    expect(output.map((event) => event.data["text"])).toEqual(["1\n", "2\n", "3\n", "4\n", "5\n"]);
  });

  it("of a submit: the same key gives the same entry, also twice in one tick, and refuses another call", async () => {
    const world = await createWorld(engine);
    const call = { resource: "a", operation: "work", parameters: { n: 1 } };
    const [one, two] = await Promise.all([
      world.submitOne(call, alice, "key-1"),
      world.submitOne(call, alice, "key-1"),
    ]);
    const three = await world.submitOne(call, alice, "key-1");
    expect([two.id, three.id]).toEqual([one.id, one.id]);
    await expect(world.submitOne({ ...call, parameters: { n: 2 } }, alice, "key-1")).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    expect((await world.submitOne(call, bob, "key-1")).id).not.toBe(one.id);
    expect((await world.operations.entries({})).items).toHaveLength(2);
    expect(await world.eventTypes(one.id)).toEqual(["submitted"]);
  });
});

describeOnBothEngines("a dependency", (engine) => {
  it("that ends while its dependent is being filed leaves nobody waiting for ever", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 100 });
    for (let round = 0; round < 20; round++) {
      const first = await world.submit("a", "look");
      const [assignment] = await world.claim(session);
      const [dependent] = await Promise.all([
        world.submit("b", "look", { after: [{ entry: first.id, on: "success" }] }),
        world.finish(session, assignment!),
      ]);
      expect((await world.operations.entry(dependent.id)).status).toBe("queued");
      const [next] = await world.claim(session);
      expect(next!.entry).toBe(dependent.id);
      await world.finish(session, next!);
    }
    expect(await unsound(world.database)).toEqual([]);
  });

  it("releases its dependents on success, on failure, on any end, and cancels those that can't run, transitively", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "look");
    const after = (on: "success" | "failure" | "any", entry = first.id) => ({ after: [{ entry, on }] });
    const onSuccess = await world.submit("b", "look", after("success"));
    const onFailure = await world.submit("b", "look", after("failure"));
    const onAny = await world.submit("b", "look", after("any"));
    const chained = await world.submit("c", "look", after("success", onSuccess.id));
    expect([onSuccess, onFailure, onAny, chained].map((entry) => entry.status)).toEqual([
      "blocked",
      "blocked",
      "blocked",
      "blocked",
    ]);
    const [assignment] = await world.claim(session);
    await world.finish(session, assignment!, { status: "failed" });
    const now = async (id: number) => world.operations.entry(id);
    expect(await now(onSuccess.id)).toMatchObject({
      status: "canceled",
      error: { code: "dependency", details: { entry: first.id, status: "failed" } },
    });
    expect(await now(chained.id)).toMatchObject({
      status: "canceled",
      error: { details: { entry: onSuccess.id, status: "canceled" } },
    });
    expect((await now(onFailure.id)).status).toBe("queued");
    expect((await now(onAny.id)).status).toBe("queued");
  });

  it("that has ended already decides at the submit", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "look");
    await world.finish(session, (await world.claim(session))[0]!);
    expect((await world.submit("b", "look", { after: [{ entry: first.id, on: "success" }] })).status).toBe("queued");
    expect(await world.submit("b", "look", { after: [{ entry: first.id, on: "failure" }] })).toMatchObject({
      status: "canceled",
      error: { code: "dependency" },
    });
    await expect(world.submit("b", "look", { after: [{ entry: 999, on: "any" }] })).rejects.toMatchObject({
      code: "unknown_entry",
    });
  });
});

describeOnBothEngines("a cancel", (engine) => {
  it("ends what has not started at once, and frees the next of its resource", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("a", "work");
    expect(await world.operations.cancel(bob, first.id, { reason: "changed my mind" })).toMatchObject({
      status: "canceled",
      error: { message: "Canceled before it started, by bob: changed my mind" },
    });
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([second.id]);
    expect((await world.operations.cancel(bob, first.id, {})).status).toBe("canceled");
  });

  it("of what runs reaches the worker through a held heartbeat, and the worker confirms it", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    const leases = [{ entry: entry.id, attempt: 1 }];
    // Sent before the claim's answer arrived, so it lists nothing.
    const held = world.operations.heartbeat(workerToken, session, { leases: [], state: "ready", wait: 20_000 });
    expect((await world.operations.cancel(bob, entry.id, {})).status).toBe("canceling");
    expect((await held).cancel).toEqual(leases);
    expect(await world.finish(session, assignment!, { status: "canceled" })).toEqual({ ok: true });
    expect(await world.operations.entry(entry.id)).toMatchObject({
      status: "canceled",
      error: { message: "Canceled by bob" },
    });
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "cancel_requested", "finished"]);
    await expect(world.operations.cancel(bob, entry.id, {})).resolves.toMatchObject({ status: "canceled" });
  });

  it("that comes too late leaves a success a success", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    await world.operations.cancel(bob, entry.id, {});
    await world.finish(session, assignment!, { result: "done" });
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: "done" });
    await expect(world.operations.cancel(bob, entry.id, {})).rejects.toMatchObject({ code: "already_ended" });
  });

  it("that races a claim or a finish has one outcome each time", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 1_000 });
    for (let round = 0; round < 25; round++) {
      const entry = await world.submit("a", "work");
      const [assignments] = await Promise.all([world.claim(session), world.operations.cancel(bob, entry.id, {})]);
      if (assignments.length > 0) await world.finish(session, assignments[0]!, { status: "canceled" });
      const second = await world.submit("a", "work");
      const [assignment] = await world.claim(session);
      expect(assignment!.entry).toBe(second.id);
      await Promise.allSettled([world.finish(session, assignment!), world.operations.cancel(bob, second.id, {})]);
      expect((await world.operations.entry(entry.id)).status).toBe("canceled");
      expect((await world.operations.entry(second.id)).status).toBe("succeeded");
    }
    expect(await unsound(world.database)).toEqual([]);
  });

  it("by force ends and fences the entry, but holds the resource until the worker confirms", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    const next = await world.submit("a", "work");
    expect((await world.operations.cancel(bob, entry.id, { force: true })).status).toBe("canceled");
    expect(await world.claim(session)).toEqual([]);
    const beat = await world.operations.heartbeat(workerToken, session, {
      leases: [{ entry: entry.id, attempt: 1 }],
      state: "ready",
    });
    expect(beat).toMatchObject({ cancel: [{ entry: entry.id, attempt: 1 }], lost: [] });
    expect(await world.finish(session, assignment!, { status: "succeeded" })).toEqual({ ok: true });
    expect((await world.operations.entry(entry.id)).status).toBe("canceled");
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([next.id]);
  });

  it("by force holds the resource no longer than the worker's session", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    await world.claim(session);
    const next = await world.submit("a", "work");
    await world.operations.cancel(bob, entry.id, { force: true });
    await world.operations.stopWorker(workerToken, session);
    const other = await world.register("w2");
    expect((await world.claim(other)).map((one) => one.entry)).toEqual([next.id]);
  });
});

describeOnBothEngines("two workers", (engine) => {
  it("can't have one name, unless the newcomer proves succession", async () => {
    const world = await createWorld(engine);
    const first = await world.register("w1", { succession: "the-secret-of-the-directory" });
    await expect(world.register("w1", { succession: "another-secret-altogether" })).rejects.toMatchObject({
      code: "worker_name_taken",
    });
    const second = await world.register("w1", { succession: "the-secret-of-the-directory" });
    await expect(world.claim(first)).rejects.toMatchObject({ code: "session_ended" });
    await expect(world.claim(second)).resolves.toEqual([]);
  });

  it("never get the same entry, however many claim at once", async () => {
    const world = await createWorld(engine);
    const sessions = await Promise.all(["w1", "w2", "w3", "w4"].map((name) => world.register(name, { capacity: 100 })));
    for (let i = 0; i < 60; i++) await world.submit(["a", "b", "c"][i % 3]!, i % 4 === 0 ? "work" : "look");
    const claimed = (await Promise.all(sessions.map((session) => world.claim(session, { slots: 20 })))).flat();
    expect(new Set(claimed.map((one) => one.entry)).size).toBe(claimed.length);
    expect(claimed.filter((one) => one.operation === "work")).toHaveLength(3);
  });

  it("of one session hold one claim: a newer one ends the older empty", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const older = world.claim(session, { wait: 20_000 });
    const newer = world.claim(session, { wait: 20_000 });
    expect(await older).toEqual([]);
    const entry = await world.submit("a", "look");
    expect((await newer).map((one) => one.entry)).toEqual([entry.id]);
  });

  it("can't use each other's session", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const other = { ...workerToken, name: "another-token" };
    await expect(
      world.operations.claim(other, session, { claimId: "claim-of-other", slots: 1, wait: 0 }, world.never),
    ).rejects.toMatchObject({ code: "forbidden" });
  });
});

describeOnBothEngines("an urgent submit that displaces a head", (engine) => {
  it("while that head is being claimed leaves the resource claimable", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 1_000 });
    for (let round = 0; round < 25; round++) {
      await world.submit("a", "redo");
      const [assignments, urgent] = await Promise.all([
        world.claim(session),
        world.submit("a", "redo", { priority: 0 }),
      ]);
      const left = new Set([urgent.id]);
      for (const assignment of assignments) {
        await world.finish(session, assignment);
        left.delete(assignment.entry);
      }
      for (;;) {
        const [assignment] = await world.claim(session);
        if (!assignment) break;
        await world.finish(session, assignment);
        left.delete(assignment.entry);
      }
      expect([...left]).toEqual([]);
    }
    expect(await unsound(world.database)).toEqual([]);
  });
});
