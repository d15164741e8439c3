/** Requests with tasks: filed together, let in by a window, ended with their last task. */
import { expect, it } from "vitest";
import type { RequestSubmission } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, seed, unsound, type World } from "./world.ts";

type Asked = Partial<RequestSubmission>;

const names = (count: number) => Array.from({ length: count }, (_, at) => `t${String(at).padStart(4, "0")}`);

async function request(world: World, resources: Array<string | number>, more: Asked = {}, key?: string) {
  return world.submitRequest({ targets: { resources }, operation: "work", ...more }, alice, key);
}

async function tasksOf(world: World, id: number) {
  return (await world.operations.entries({ parent: id, order: "oldest", limit: 1_000 })).items;
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
