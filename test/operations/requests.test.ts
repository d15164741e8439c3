/** Requests with tasks: filed together, let in by a window, ended with their last task. */
import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import type { RequestResult } from "../../src/domain/request.ts";
import type { RequestSubmission } from "../../src/protocol/messages.ts";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { alice, createWorld, optionsOf, seed, serve, unsound, workerToken, type World } from "./world.ts";

type Asked = Partial<RequestSubmission>;

const names = (count: number) => Array.from({ length: count }, (_, at) => `t${String(at).padStart(4, "0")}`);

async function request(world: World, resources: Array<string | number>, more: Asked = {}, key?: string) {
  return world.submitRequest({ targets: { resources }, operation: "work", ...more }, alice, key);
}

async function tasksOf(world: World, id: number) {
  return (await world.operations.entries({ parent: id, order: "oldest", limit: 1_000 })).items;
}

/** One more pool on the same database, as another server has. */
async function another(world: World, engine: EngineWorld) {
  const database = await openDatabase(optionsOf(world.place));
  engine.onCleanup(() => database.close());
  return database;
}

describeOnBothEngines("a request", (engine) => {
  it("is one entry with a task for each target, all filed at once", async () => {
    const world = await createWorld(engine);
    const filed = await request(world, ["b", "a", "c"]);
    expect(filed).toMatchObject({
      kind: "request",
      status: "running",
      operation: "work",
      targets: "b,a,c",
      tasks: { queued: 3 },
      route: "default/automate",
    });
    const tasks = await tasksOf(world, filed.id);
    expect(tasks.map((task) => [task.resource?.name, task.status, task.parent])).toEqual([
      ["b", "queued", filed.id],
      ["a", "queued", filed.id],
      ["c", "queued", filed.id],
    ]);
    const session = await world.register();
    for (const assignment of await world.claim(session)) {
      expect(assignment.root).toBe(filed.id);
      await world.finish(session, assignment, { result: { n: assignment.entry } });
    }
    const ended = await world.operations.entry(filed.id);
    expect(ended).toMatchObject({ status: "succeeded", error: null, tasks: { succeeded: 3 } });
    expect(ended.result).toEqual({
      total: 3,
      minSuccess: 3,
      counts: { succeeded: 3, failed: 0, timed_out: 0, canceled: 0, lost: 0 },
      tasks: tasks.map((task) => ({
        entry: task.id,
        resource: task.resource?.name,
        status: "succeeded",
        result: { n: task.id },
      })),
    });
    expect(await world.eventTypes(filed.id)).toEqual([
      "submitted",
      "task_finished",
      "task_finished",
      "task_finished",
      "finished",
    ]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("lets in no more tasks than its window, and the next when one ends", async () => {
    const world = await createWorld(engine);
    const all = names(7);
    await seed(world.database, all);
    const filed = await request(world, all, { concurrency: "25%" });
    expect(filed.tasks).toEqual({ queued: 2, blocked: 5 });
    const session = await world.register("w1", { capacity: 100 });
    const order: string[] = [];
    for (let assignments = await world.claim(session, { slots: 100 }); assignments.length > 0;) {
      expect(assignments.length).toBeLessThanOrEqual(2);
      const [open] = await world.database.query<{ open: number; n: number }>(
        `SELECT open, (SELECT count(*) FROM entry WHERE parent = request.entry AND held = 0 AND finished_at IS NULL) AS n FROM request`,
      );
      expect(open!.n).toBe(open!.open);
      for (const assignment of assignments) {
        order.push(assignment.resource.name);
        await world.finish(session, assignment);
      }
      assignments = await world.claim(session, { slots: 100 });
    }
    expect(order).toEqual(all);
    expect((await world.operations.entry(filed.id)).status).toBe("succeeded");
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a request that is refused", (engine) => {
  it("files nothing, and names each target that is the reason", async () => {
    const world = await createWorld(engine);
    const refusal = async (asked: Asked & { targets: RequestSubmission["targets"] }) =>
      world.submitRequest({ operation: "work", ...asked }).then(
        () => {
          throw new Error("it was filed");
        },
        (error: { code: string; message: string; details?: unknown }) => error,
      );
    expect(await refusal({ targets: { resources: ["a", "bb", "c", "nowhere"] } })).toMatchObject({
      code: "unknown_resource",
      message: expect.stringMatching(/^2 of 4 targets are refused, so none was filed: .*"bb".*"nowhere"/) as string,
      details: { targets: [{ resource: "bb" }, { resource: "nowhere" }] },
    });
    expect(await refusal({ targets: { resources: ["a", "b"] }, parameters: { m: 1 } })).toMatchObject({
      code: "invalid_parameters",
      details: { targets: [{ resource: "a" }, { resource: "b" }] },
    });
    expect(await refusal({ targets: { resources: ["a", "b", "a"] } })).toMatchObject({
      message: expect.stringContaining("a is named twice") as string,
    });
    expect(await refusal({ targets: {} })).toMatchObject({ code: "invalid_request" });
    expect(await refusal({ targets: { resources: ["a"], group: "all" } })).toMatchObject({ code: "invalid_request" });
    expect(await refusal({ targets: { group: "al" } })).toMatchObject({ code: "unknown_group" });
    expect(await refusal({ targets: { selector: "x=y" } })).toMatchObject({
      code: "unknown_resource",
      message: "Nothing matches x=y",
    });
    expect(await refusal({ targets: { resources: ["a", "b"] }, minSuccess: 3 })).toMatchObject({
      message: "minSuccess is 3, but the request has 2 targets",
    });
    expect(await refusal({ targets: { resources: ["a"] }, concurrency: "0%" })).toMatchObject({
      message: 'concurrency is "0%"',
    });
    expect(await refusal({ targets: { resources: ["a", "b"] }, requireWorker: 0 })).toMatchObject({
      code: "no_worker",
    });
    expect((await world.operations.entries({})).items).toEqual([]);
    expect(await world.database.query("SELECT * FROM request")).toEqual([]);
  });

  it("is not one without targets when that is allowed: it has succeeded", async () => {
    const world = await createWorld(engine);
    const empty = await world.submitRequest({
      targets: { selector: "x=y" },
      operation: "work",
      allowEmpty: true,
      minSuccess: "95%",
    });
    expect(empty).toMatchObject({ status: "succeeded", tasks: {}, result: { total: 0, tasks: [] } });
    expect(await world.eventTypes(empty.id)).toEqual(["submitted", "finished"]);
    await expect(world.operations.retry(alice, empty.id, undefined)).rejects.toMatchObject({ code: "conflict" });
  });
});

describeOnBothEngines("a request's end", (engine) => {
  it.each<[Asked, string, string]>([
    [{}, "succeeded failed canceled", "failed"],
    [{ minSuccess: 1 }, "succeeded failed canceled", "succeeded"],
    [{ minSuccess: "34%" }, "succeeded failed canceled", "failed"],
    [{ minSuccess: "34%" }, "succeeded succeeded timed_out", "succeeded"],
    [{}, "failed failed failed", "failed"],
  ])("by %o of %s is %s", async (asked, outcomes, status) => {
    const world = await createWorld(engine);
    const filed = await request(world, ["a", "b", "c"], asked);
    const session = await world.register();
    const assignments = await world.claim(session);
    for (const [at, outcome] of outcomes.split(" ").entries()) {
      const { entry } = assignments[at]!;
      if (outcome === "canceled") await world.operations.cancel(alice, entry, {});
      await world.finish(session, assignments[at]!, { status: outcome as "succeeded" });
    }
    const ended = await world.operations.entry(filed.id);
    expect(ended.status).toBe(status);
    expect((ended.result as unknown as RequestResult).tasks.map((task) => task.status).join(" ")).toBe(outcomes);
    if (status === "failed") expect(ended.error).toMatchObject({ code: "targets_failed", source: "operation" });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("comes in the transaction of the last task, also when the last ones end at once", async () => {
    const world = await createWorld(engine);
    const second = engine.engine === "postgres" ? serve(engine, await another(world, engine)) : world;
    const all = names(12);
    await seed(world.database, all);
    for (let round = 0; round < 5; round++) {
      const filed = await request(world, all, { concurrency: 4 });
      const session = await world.register(`w${round}`, { capacity: 100 });
      let left = all.length;
      while (left > 0) {
        const assignments = await world.claim(session, { slots: 100 });
        left -= assignments.length;
        await Promise.all(
          assignments.map((assignment, at) => (at % 2 === 0 ? world : second).finish(session, assignment)),
        );
      }
      expect(await world.operations.entry(filed.id)).toMatchObject({ status: "succeeded", tasks: { succeeded: 12 } });
      await world.operations.stopWorker(workerToken, session);
    }
    expect(await unsound(world.database)).toEqual([]);
  });

  it("lets go of what waited for the request", async () => {
    const world = await createWorld(engine);
    const filed = await request(world, ["a"]);
    const after = await world.submit("b", "work", { after: [{ entry: filed.id, on: "success" }] });
    const next = await request(world, ["b", "c"], { after: [{ entry: filed.id, on: "failure" }] });
    expect([after.status, next.status, next.tasks]).toEqual(["blocked", "blocked", { blocked: 2 }]);
    const session = await world.register();
    await world.finish(session, (await world.claim(session))[0]!);
    expect((await world.operations.entry(after.id)).status).toBe("queued");
    expect(await world.operations.entry(next.id)).toMatchObject({
      status: "canceled",
      error: { code: "dependency" },
      result: { counts: { canceled: 2 } },
    });
    expect((await tasksOf(world, next.id)).map((task) => task.status)).toEqual(["canceled", "canceled"]);
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a request that starts later", (engine) => {
  it("queues its first tasks when what it waited for has ended, or when it is due", async () => {
    const world = await createWorld(engine);
    const first = await world.submit("a", "look");
    const blocked = await request(world, ["a", "b"], { concurrency: 1, after: [{ entry: first.id, on: "any" }] });
    const scheduled = await request(world, ["b", "c"], { delay: 1 });
    expect([blocked.status, scheduled.status]).toEqual(["blocked", "scheduled"]);
    const session = await world.register();
    const [assignment] = await world.claim(session);
    expect(assignment!.entry).toBe(first.id);
    await world.finish(session, assignment!);
    expect(await world.operations.entry(blocked.id)).toMatchObject({
      status: "running",
      tasks: { queued: 1, blocked: 1 },
    });
    await expect
      .poll(async () => {
        await world.operations.maintenance.round();
        return (await world.operations.entry(scheduled.id)).status;
      })
      .toBe("running");
    expect((await world.operations.entry(scheduled.id)).tasks).toEqual({ queued: 2 });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("ends with its tasks when it is canceled before", async () => {
    const world = await createWorld(engine);
    const filed = await request(world, ["a", "b"], { delay: 60_000 });
    expect(await world.operations.cancel(alice, filed.id, {})).toMatchObject({
      status: "canceled",
      tasks: { canceled: 2 },
      result: { counts: { canceled: 2 } },
    });
    expect(await world.eventTypes(filed.id)).toEqual(["submitted", "finished"]);
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a serial request", (engine) => {
  it("runs on the worker that took the first task, one after the other, in order", async () => {
    const world = await createWorld(engine);
    const [one, two] = [await world.register("w1"), await world.register("w2")];
    const filed = await request(world, ["c", "a", "b"], { serial: true });
    const order: string[] = [];
    let [assignment] = await world.claim(two);
    while (assignment) {
      order.push(assignment.resource.name);
      expect(await world.claim(one)).toEqual([]);
      await world.finish(two, assignment);
      expect(await world.claim(one)).toEqual([]);
      [assignment] = await world.claim(two);
    }
    expect(order).toEqual(["c", "a", "b"]);
    const tasks = await tasksOf(world, filed.id);
    expect(tasks.map((task) => [task.worker, task.route])).toEqual([
      ["w2", "default/automate"],
      ["w2", "worker/w2"],
      ["w2", "worker/w2"],
    ]);
    expect((await world.operations.entry(filed.id)).status).toBe("succeeded");
  });

  it("waits for its worker when that is gone, and says so", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1");
    await world.register("w2");
    const filed = await request(world, ["a", "b"], { serial: true });
    await world.finish(session, (await world.claim(session))[0]!);
    await world.operations.stopWorker(workerToken, session);
    const says = expect.stringMatching(/no live worker is named w1.*serial/) as string;
    expect(await world.operations.entry(filed.id)).toMatchObject({ status: "running", warning: says });
    expect((await tasksOf(world, filed.id))[1]).toMatchObject({ status: "queued", warning: says });
    const again = await world.register("w1");
    const [assignment] = await world.claim(again);
    expect(assignment!.resource.name).toBe("b");
    await world.finish(again, assignment!);
    expect(await world.operations.entry(filed.id)).toMatchObject({ status: "succeeded", warning: null });
  });

  it("is not bound by a first task that its worker lost and that is repeated elsewhere, or ended unclaimed", async () => {
    const world = await createWorld(engine);
    const second = await world.register("w2");
    /** Its first task is claimed by w1, which stops. */
    const interrupted = async () => {
      const first = await world.register("w1");
      const filed = await request(world, ["a", "b"], { serial: true, operation: "redo" });
      expect(await world.claim(first)).toHaveLength(1);
      await world.operations.stopWorker(workerToken, first);
      return { id: filed.id, first: (await tasksOf(world, filed.id))[0]! };
    };
    const take = async (resource: string) => {
      const [assignment] = await world.claim(second);
      expect(assignment?.resource.name).toBe(resource);
      await world.finish(second, assignment!);
    };
    const repeated = await interrupted();
    await take("a");
    await take("b");
    expect((await tasksOf(world, repeated.id)).map((task) => [task.worker, task.route])).toEqual([
      ["w2", "default/automate"],
      ["w2", "worker/w2"],
    ]);
    const canceled = await interrupted();
    await world.operations.cancel(alice, canceled.first.id, {});
    await take("b");
    expect((await tasksOf(world, canceled.id)).map(({ status }) => status)).toEqual(["canceled", "succeeded"]);
  });

  it("is refused for targets that are bound to several workers", async () => {
    const world = await createWorld(engine);
    await world.database.query("UPDATE resource SET worker = 'w1' WHERE name = 'a'");
    await world.database.query("UPDATE resource SET worker = 'w2' WHERE name = 'b'");
    await expect(request(world, ["a", "b", "c"], { serial: true })).rejects.toMatchObject({
      message: expect.stringContaining("bound to the workers w1, w2") as string,
    });
    const bound = await request(world, ["c", "a"], { serial: true });
    expect((await tasksOf(world, bound.id)).map((task) => task.route)).toEqual(["worker/w1", "worker/w1"]);
  });
});

describeOnBothEngines("a retry of a request", (engine) => {
  it("is a new request for the targets that did not succeed", async () => {
    const world = await createWorld(engine);
    const filed = await request(world, ["a", "b", "c"], { parameters: { n: 7 }, concurrency: "50%", minSuccess: 2 });
    await expect(world.operations.retry(alice, filed.id, undefined)).rejects.toMatchObject({ code: "conflict" });
    const session = await world.register();
    for (const status of ["failed", "succeeded", "timed_out"] as const) {
      const [assignment] = await world.claim(session, { slots: 1 });
      await world.finish(session, assignment!, { status });
    }
    expect((await world.operations.entry(filed.id)).status).toBe("failed");
    const again = await world.operations.retry(alice, filed.id, "again");
    expect(again).toMatchObject({
      kind: "request",
      retryOf: filed.id,
      targets: "a,c",
      tasks: { queued: 1, blocked: 1 },
    });
    expect((await world.operations.retry(alice, filed.id, "again")).id).toBe(again.id);
    const [old, tasks] = [await tasksOf(world, filed.id), await tasksOf(world, again.id)];
    expect(tasks.map((task) => [task.resource?.name, task.parameters, task.retryOf])).toEqual([
      ["a", { n: 7 }, old[0]!.id],
      ["c", { n: 7 }, old[2]!.id],
    ]);
    await world.finish(session, (await world.claim(session))[0]!);
    await world.finish(session, (await world.claim(session))[0]!, { status: "failed" });
    // With the one that succeeded before, two have.
    expect(await world.operations.entry(again.id)).toMatchObject({ status: "succeeded", result: { minSuccess: 1 } });
  });
});

describeOnBothEngines("a request filed twice under one key", (engine) => {
  it("is filed once; another under the same key is refused", async () => {
    const world = await createWorld(engine);
    const [one, two] = await Promise.all([
      request(world, ["a", "b"], { concurrency: 1 }, "key-1"),
      request(world, ["a", "b"], { concurrency: 1 }, "key-1"),
    ]);
    expect(two.id).toBe(one.id);
    expect((await request(world, ["a", "b"], { concurrency: 1 }, "key-1")).id).toBe(one.id);
    await expect(request(world, ["a", "b"], { concurrency: 2 }, "key-1")).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    await expect(request(world, ["a", "b"], { concurrency: 1, parameters: { n: 2 } }, "key-1")).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    expect((await world.operations.entries({})).items).toHaveLength(3);
  });
});
