import { expect, it } from "vitest";
import { createBeats } from "../../src/operations/beats.ts";
import type { Context } from "../../src/operations/context.ts";
import type { ClaimRequest } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, workerToken, type World } from "./world.ts";

const LONG = { pollFloor: 3_600_000 };

function claim(world: World, session: string, more: Partial<ClaimRequest> = {}) {
  const request = { claimId: crypto.randomUUID(), slots: 4, wait: 60_000, beat: { state: "ready" as const }, ...more };
  return world.operations.claim(workerToken, session, request, world.never);
}

async function seenAt(world: World, session: string): Promise<number> {
  const rows = await world.database.query<{ seen_at: number }>("SELECT seen_at FROM worker WHERE session = $1", [
    session,
  ]);
  return rows[0]!.seen_at;
}

describeOnBothEngines("a claim that takes the beat along", (engine) => {
  it("counts as a sign of life, and tells the server what a heartbeat does", async () => {
    const world = await createWorld(engine, LONG);
    const session = await world.register("w1");
    await world.database.query("UPDATE worker SET seen_at = 1");
    const beat = { state: "ready" as const, counts: { claimed: 7, finished: 6, failed: 1, memory: 1_000 } };
    const answer = await claim(world, session, { wait: 0, beat });
    expect(answer).toEqual({ assignments: [], beat: { cancel: [], lost: [], unlisted: [], drain: false, orders: [] } });
    expect(await seenAt(world, session)).toBeGreaterThan(1);
    expect((await world.operations.workers()).items).toMatchObject([{ name: "w1", counts: { claimed: 7, failed: 1 } }]);
  });

  it("is answered with work as any claim is", async () => {
    const world = await createWorld(engine, LONG);
    const session = await world.register("w1");
    const held = claim(world, session);
    await world.submit("a", "work");
    expect(await held).toMatchObject({ assignments: [{ operation: "work" }], beat: { drain: false } });
  });

  it("is answered early with an order, which stays until it is answered", async () => {
    const world = await createWorld(engine, LONG);
    const session = await world.register("w1");
    const held = claim(world, session);
    const asked = world.operations.orderWorkers(alice, { command: "ping", all: true, wait: 60_000 }, world.never);
    const { assignments, beat } = await held;
    expect(assignments).toEqual([]);
    expect(beat!.orders).toMatchObject([{ command: "ping" }]);
    const answers = beat!.orders.map(({ id }) => ({ id, answer: { fine: true } }));
    expect((await claim(world, session, { wait: 0, beat: { state: "ready", answers } })).beat!.orders).toEqual([]);
    expect((await asked).items).toMatchObject([{ name: "w1", answered: true, answer: { fine: true } }]);
  });

  it("says what it says also when another of its session comes with it, and each is refused for itself", async () => {
    const world = await createWorld(engine, LONG);
    const session = await world.register("w1");
    const held = claim(world, session);
    const asked = world.operations.orderWorkers(alice, { command: "ping", all: true, wait: 1 }, world.never);
    const { id } = (await held).beat!.orders[0]!;
    await asked;
    // Nobody waits for the answer any more, so the session counts as quiet.
    await world.database.query("UPDATE worker_order SET asked_at = 1, expires_at = 2");
    const telling = { state: "ready" as const, answers: [{ id, answer: { fine: true } }] };
    const silent = { state: "ready" as const };
    const { database } = world;
    const beats = createBeats({ database, signals: { publish() {} } } as unknown as Context);
    const theirs = beats.add({ ...workerToken, name: "another" }, session, silent).catch((error: unknown) => error);
    const both = [beats.add(workerToken, session, telling), beats.add(workerToken, session, silent)];
    beats.hurry(session);
    expect(await Promise.all(both)).toMatchObject([{ orders: [] }, { orders: [] }]);
    expect(await theirs).toMatchObject({ code: "forbidden" });
    expect(await world.database.query("SELECT answer FROM worker_order")).toEqual([
      { answer: JSON.stringify({ answer: { fine: true } }) },
    ]);
  });

  it("is refused when the session has ended, also while it is held", async () => {
    const world = await createWorld(engine, LONG);
    const session = await world.register("w1");
    const held = claim(world, session);
    const refused = held.catch((error: unknown) => error);
    await claimIsOpen(world);
    await world.operations.stopWorker(workerToken, session, {});
    expect(await refused).toMatchObject({ code: "session_ended" });
    await expect(claim(world, session)).rejects.toMatchObject({ code: "session_ended" });
  });
});

async function claimIsOpen(world: World): Promise<void> {
  while ((await world.operations.gauges()).held.claims === 0) await new Promise((resolve) => setImmediate(resolve));
}
