/** Where a request and its tasks could come apart, with the failure injected at that very point. */
import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import type { Assignment } from "../../src/domain/worker.ts";
import type { RequestSubmission } from "../../src/protocol/messages.ts";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { alice, bob, createWorld, optionsOf, seed, serve, unsound, workerToken, type World } from "./world.ts";

const names = (count: number) => Array.from({ length: count }, (_, at) => `t${String(at).padStart(4, "0")}`);

async function worldWith(engine: EngineWorld, count: number) {
  const world = await createWorld(engine);
  const all = names(count);
  await seed(world.database, all);
  const request = (more: Partial<RequestSubmission> = {}) =>
    world.submitRequest({ targets: { resources: all }, operation: "work", ...more });
  return { ...world, all, request };
}

async function tasksOf(world: World, id: number) {
  return (await world.operations.entries({ parent: id, order: "oldest", limit: 1_000 })).items;
}

/** The same operations on a pool of their own where the engine has more than one writer. */
async function secondServer(
  world: World,
  engine: EngineWorld,
): Promise<Pick<World, "operations" | "finish" | "claim">> {
  if (engine.engine === "sqlite") return world;
  const database = await openDatabase(optionsOf(world.place));
  engine.onCleanup(() => database.close());
  return serve(engine, database);
}

describeOnBothEngines("a cancel of a request", (engine) => {
  it("reaches all tasks: those that run are asked, the others end at once", async () => {
    const world = await worldWith(engine, 6);
    const filed = await world.request({ concurrency: 3 });
    const session = await world.register();
    const [first, second] = await world.claim(session, { slots: 2 });
    expect(await world.operations.cancel(bob, filed.id, { reason: "enough" })).toMatchObject({
      status: "canceling",
      tasks: { canceling: 2, canceled: 4 },
    });
    expect(await world.claim(session)).toEqual([]);
    const beat = await world.operations.heartbeat(workerToken, session, { leases: [], state: "ready" });
    expect(beat.cancel).toHaveLength(2);
    await world.finish(session, first!, { status: "canceled" });
    expect((await world.operations.entry(filed.id)).status).toBe("canceling");
    await world.finish(session, second!);
    expect(await world.operations.entry(filed.id)).toMatchObject({
      status: "canceled",
      error: { message: "Canceled by bob: enough; 1 of 6 targets had succeeded" },
      tasks: { succeeded: 1, canceled: 5 },
    });
    expect((await world.operations.cancel(bob, filed.id, {})).status).toBe("canceled");
    expect(await unsound(world.database)).toEqual([]);
  });

  it("by force ends it at once", async () => {
    const world = await worldWith(engine, 3);
    const filed = await world.request({ concurrency: 2 });
    const session = await world.register();
    const [assignment] = await world.claim(session, { slots: 1 });
    expect(await world.operations.cancel(bob, filed.id, { force: true })).toMatchObject({
      status: "canceled",
      tasks: { canceled: 3 },
    });
    expect(await world.finish(session, assignment!)).toEqual({ ok: true });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("that comes too late for enough tasks leaves a success a success", async () => {
    const world = await worldWith(engine, 2);
    const filed = await world.request({ minSuccess: 1 });
    const session = await world.register();
    const [first, second] = await world.claim(session);
    await world.finish(session, first!);
    await world.operations.cancel(bob, filed.id, {});
    await world.finish(session, second!, { status: "canceled" });
    expect((await world.operations.entry(filed.id)).status).toBe("succeeded");
  });

  it("that races claims and finishes has one outcome for each task, and the request's is theirs", async () => {
    const world = await worldWith(engine, 8);
    const other = await secondServer(world, engine);
    const session = await world.register("w1", { capacity: 1_000 });
    for (let round = 0; round < 8; round++) {
      const filed = await world.request({ concurrency: 4 });
      const claimed = await world.claim(session, { slots: 2 });
      const [more] = await Promise.all([
        other.claim(session, { slots: 1, claimId: `of-the-other-${round}` }),
        world.operations.cancel(bob, filed.id, {}),
        ...claimed.map((assignment) => other.finish(session, assignment)),
      ]);
      for (const assignment of more) await world.finish(session, assignment, { status: "canceled" });
      const ended = await world.operations.entry(filed.id);
      expect(ended.status).toBe("canceled");
      expect((ended.tasks?.succeeded ?? 0) + (ended.tasks?.canceled ?? 0)).toBe(8);
    }
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a cancel of one task", (engine) => {
  it("lets in the next, and halts nothing", async () => {
    const world = await worldWith(engine, 3);
    const filed = await world.request({ concurrency: 1, haltOnFailure: true });
    const [first, second, third] = await tasksOf(world, filed.id);
    expect((await world.operations.cancel(bob, third!.id, {})).status).toBe("canceled");
    expect((await world.operations.cancel(bob, first!.id, {})).status).toBe("canceled");
    expect(await world.operations.entry(filed.id)).toMatchObject({ tasks: { queued: 1, canceled: 2 } });
    const session = await world.register();
    const [assignment] = await world.claim(session);
    expect(assignment!.entry).toBe(second!.id);
    await world.finish(session, assignment!);
    // Nobody asked for the request to be canceled.
    expect((await world.operations.entry(filed.id)).status).toBe("failed");
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a halt", (engine) => {
  it("cancels what has not started, says why, and lets the others go on", async () => {
    const world = await worldWith(engine, 6);
    const filed = await world.request({ concurrency: 4, haltOnFailure: true });
    const session = await world.register();
    const [first, second] = await world.claim(session, { slots: 2 });
    await world.finish(session, first!, { status: "failed" });
    expect((await world.operations.entry(filed.id)).tasks).toEqual({ running: 1, failed: 1, canceled: 4 });
    expect((await tasksOf(world, filed.id))[5]).toMatchObject({
      status: "canceled",
      error: { code: "halted", message: expect.stringContaining("t0000 failed") as string },
    });
    await world.finish(session, second!);
    expect(await world.operations.entry(filed.id)).toMatchObject({
      status: "failed",
      tasks: { succeeded: 1, failed: 1, canceled: 4 },
    });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("of the last task that was left ends the request", async () => {
    const world = await worldWith(engine, 2);
    const filed = await world.request({ concurrency: 1, haltOnFailure: true });
    const session = await world.register();
    await world.finish(session, (await world.claim(session))[0]!, { status: "timed_out" });
    expect(await world.operations.entry(filed.id)).toMatchObject({
      status: "failed",
      tasks: { timed_out: 1, canceled: 1 },
    });
    expect(await world.eventTypes(filed.id)).toEqual(["submitted", "task_finished", "task_finished", "finished"]);
  });

  it("that races a claim never cancels what runs", async () => {
    const world = await worldWith(engine, 6);
    const other = await secondServer(world, engine);
    const session = await world.register("w1", { capacity: 1_000 });
    for (let round = 0; round < 10; round++) {
      const filed = await world.request({ haltOnFailure: true });
      const [failing] = await world.claim(session, { slots: 1 });
      const [claimed] = await Promise.all([
        other.claim(session, { slots: 3, claimId: `of-the-other-${round}` }),
        world.finish(session, failing!, { status: "failed" }),
      ]);
      const tasks = new Map((await tasksOf(world, filed.id)).map((task) => [task.id, task.status]));
      for (const assignment of claimed) {
        expect(tasks.get(assignment.entry)).toBe("running");
        await world.finish(session, assignment);
      }
      expect(await world.operations.entry(filed.id)).toMatchObject({ status: "failed" });
    }
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a request whose tasks nobody takes", (engine) => {
  it("ends at once with those beyond its window, not one window after another", async () => {
    const world = await worldWith(engine, 5);
    const filed = await world.request({ concurrency: 1, requireWorker: 1 });
    expect(filed.warning).toBe("no live worker serves the route default/automate");
    await expect
      .poll(async () => {
        await world.operations.maintenance.round();
        return (await world.operations.entry(filed.id)).status;
      })
      .toBe("failed");
    expect(await world.operations.entry(filed.id)).toMatchObject({
      error: { code: "targets_failed", source: "system" },
      tasks: { failed: 5 },
    });
    expect((await tasksOf(world, filed.id)).map((task) => task.error?.code)).toEqual(Array(5).fill("no_worker"));
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a request whose worker dies", (engine) => {
  it("counts what was lost, requeues what may be repeated, and goes on", async () => {
    const world = await worldWith(engine, 3);
    const filed = await world.request({ concurrency: 1 });
    const again = await world.request({ concurrency: 1, operation: "redo" });
    const session = await world.register("w1");
    await world.claim(session);
    await world.operations.stopWorker(workerToken, session);
    expect((await world.operations.entry(filed.id)).tasks).toEqual({ lost: 1, queued: 1, blocked: 1 });
    expect((await world.operations.entry(again.id)).tasks).toEqual({ queued: 1, blocked: 2 });
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("the database", (engine) => {
  it("refuses a window that is exceeded, and counters that do not add up", async () => {
    const world = await worldWith(engine, 3);
    const filed = await world.request({ concurrency: 1 });
    const refused = async (text: string) => expect(world.database.query(text, [filed.id])).rejects.toThrow();
    await refused("UPDATE request SET held = held - 1, open = open + 1 WHERE entry = $1");
    await refused("UPDATE request SET open = 0 WHERE entry = $1");
    await refused("UPDATE request SET succeeded = -1, held = held + 2 WHERE entry = $1");
    await refused("UPDATE entry SET status = 'queued' WHERE parent = $1 AND held = 1");
    await refused("UPDATE entry SET held = 1 WHERE id = $1");
  });

  it("that disagrees with itself all the same is repaired, and the request goes on", async () => {
    const world = await worldWith(engine, 4);
    const session = await world.register("w1");
    const stuck = await world.request({ concurrency: 1 });
    // As if a task had ended without its request being told.
    await world.database.query(
      `UPDATE entry SET status = 'succeeded', head = 0, finished_at = 1, expires_at = NULL
       WHERE id = (SELECT min(id) FROM entry WHERE parent = $1)`,
      [stuck.id],
    );
    await world.operations.maintenance.round();
    expect((await world.operations.entry(stuck.id)).tasks).toEqual({ succeeded: 1, queued: 1, blocked: 2 });
    for (let left = 3; left > 0; left--) await world.finish(session, (await world.claim(session))[0]!);
    expect((await world.operations.entry(stuck.id)).status).toBe("succeeded");
    expect((await unsound(world.database)).filter((problem) => problem.startsWith("request"))).toEqual([]);
  });
});

describeOnBothEngines("a thousand tasks", (engine) => {
  it("are filed and finished, and never more at once than the window", async () => {
    const world = await worldWith(engine, 1_000);
    const other = await secondServer(world, engine);
    const filed = await world.request({ concurrency: "10%", minSuccess: "95%" });
    expect(filed.tasks).toEqual({ queued: 100, blocked: 900 });
    const sessions = [await world.register("w1", { capacity: 64 }), await world.register("w2", { capacity: 64 })];
    let done = 0;
    let claims = 0;
    const work = async (session: string, server: Pick<World, "operations" | "claim">) => {
      for (;;) {
        const assignments = await server.claim(session, { slots: 64, claimId: `claim-${session}-${claims++}` });
        if (assignments.length === 0) return;
        const finishes = assignments.map((assignment: Assignment) => ({
          entry: assignment.entry,
          attempt: assignment.attempt,
          finishId: `finish-${assignment.entry}`,
          lastChunk: 0,
          status: done++ % 50 === 0 ? ("failed" as const) : ("succeeded" as const),
          ...(assignment.entry % 50 === 0 ? { error: { code: "x", message: "x", source: "operation" as const } } : {}),
        }));
        await server.operations.finish(workerToken, session, { finishes });
      }
    };
    while ((await world.operations.entry(filed.id)).status === "running") {
      await Promise.all([work(sessions[0]!, world), work(sessions[1]!, other)]);
    }
    expect(await world.operations.entry(filed.id)).toMatchObject({
      status: "succeeded",
      tasks: { succeeded: 980, failed: 20 },
      result: { total: 1_000, minSuccess: 950 },
    });
    const events = await world.events(filed.id);
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 1_002 }, (_, at) => at + 1));
    expect(await unsound(world.database)).toEqual([]);
    expect((await world.operations.retry(alice, filed.id, undefined)).tasks).toEqual({ queued: 2, blocked: 18 });
  });
});
