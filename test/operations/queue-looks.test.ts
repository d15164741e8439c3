import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld } from "./world.ts";

describeOnBothEngines("looking at the queue", (engine) => {
  it("lists what has not ended, the oldest first, by any field, a page at a time", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 1 });
    const ids: number[] = [];
    for (const [resource, operation, more] of [
      ["a", "work", {}],
      ["a", "work", { priority: 20, note: "later" }],
      ["b", "look", { delay: 3_600_000 }],
      ["c", "look", { zone: "eu" }],
    ] as const)
      ids.push((await world.submit(resource, operation, more)).id);
    const [assignment] = await world.claim(session, { slots: 1 });
    const list = async (query: object) => (await world.operations.queue(query)).items.map((item) => item.id);
    expect(await list({})).toEqual(ids);
    expect(await list({ status: "queued" })).toEqual(ids.filter((id) => id !== assignment!.entry && id !== ids[2]));
    expect(await list({ worker: "w1" })).toEqual([assignment!.entry]);
    expect(await list({ route: "eu/automate,default/automate", exclusive: "false" })).toEqual([ids[2], ids[3]]);
    expect(await list({ priority: "20", note: "later" })).toEqual([ids[1]]);
    expect(await list({ resource: "nothing" })).toEqual([]);
    const first = await world.operations.queue({ limit: 3 });
    const rest = await world.operations.queue({ limit: 3, cursor: first.next! });
    expect([...first.items, ...rest.items].map((item) => item.id)).toEqual(ids);
    expect(rest.next).toBeNull();
    const [running] = (await world.operations.queue({ status: "running" })).items;
    expect(running).toMatchObject({
      worker: "w1",
      head: true,
      attempt: 1,
      root: assignment!.entry,
      leaseExpiresAt: expect.stringMatching(/^2\d{3}-/) as string,
      waited: expect.any(Number) as number,
      ran: expect.any(Number) as number,
    });
    await world.finish(session, assignment!);
    expect(await list({})).not.toContain(assignment!.entry);
  });

  it("refuses statuses that are none of the queue's, and values that are none of the field's", async () => {
    const world = await createWorld(engine);
    await expect(world.operations.queue({ status: "lost" })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(world.operations.queue({ status: "queud" })).rejects.toMatchObject({
      hint: 'Did you mean "queued"?',
    });
    await expect(world.operations.queue({ head: "maybe" })).rejects.toMatchObject({ hint: "It is true or false." });
    await expect(world.operations.queue({ weight: "-1" })).rejects.toMatchObject({ hint: "It is a whole number." });
  });

  it("counts by route and priority what waits for a worker, what waits for its resource, and what runs", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 1 });
    for (let n = 0; n < 3; n++) await world.submit("a", "work");
    await world.submit("b", "look", { priority: 0, zone: "eu" });
    await world.submit("b", "look", { delay: 3_600_000 });
    await world.claim(session, { slots: 1 });
    await world.operations.pauseRoute(alice, { route: "default/automate" });
    const stats = await world.operations.queueStats();
    expect(stats.groups).toMatchObject([
      { route: "default/automate", priority: 100, waiting: 2, behind: 2, running: 1, oldest: 2, more: false },
      { route: "eu/automate", priority: 0, waiting: 1, behind: 0, running: 0, oldest: 4 },
    ]);
    expect(stats).toMatchObject({
      scheduled: { count: 1, more: false },
      blocked: { count: 0, more: false },
      paused: ["default/automate"],
    });
    // Five were filed and one claimed, within a window of about a minute.
    const { window, filed, claimed, ended } = stats.rates;
    expect([filed, claimed, ended].map((rate) => Math.round((rate * window) / 1_000))).toEqual([5, 1, 0]);
  });

  it("knows the rates of all servers once they have written them", async () => {
    const world = await createWorld(engine);
    await world.operations.start();
    await world.submit("a", "look");
    // The last thing that a server writes.
    await world.operations.stop();
    const rows = await world.database.query("SELECT filed, claimed, ended FROM throughput");
    expect(rows).toEqual([{ filed: 1, claimed: 0, ended: 0 }]);
  });
});
