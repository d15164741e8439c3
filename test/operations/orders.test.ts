import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import type { HeartbeatRequest } from "../../src/protocol/messages.ts";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { alice, createWorld, optionsOf, serve, workerToken, type World } from "./world.ts";

const SIGNALS_ONLY = { pollFloor: 3_600_000 };

/** Plays the worker: beats, held, until there are orders, and answers them with the next beat. */
async function answerOnce(world: Pick<World, "operations">, session: string, answer: object = { fine: true }) {
  const beat = (more: Partial<HeartbeatRequest>) =>
    world.operations.heartbeat(workerToken, session, { leases: [], state: "ready", ...more });
  let { orders } = await beat({ wait: 60_000 });
  // Whatever may have changed ends the hold, also the connection of a server to the signals.
  while (orders.length === 0) ({ orders } = await beat({ wait: 60_000 }));
  await beat({ answers: orders.map(({ id }) => ({ id, answer: { ...answer } })) });
  return orders.map(({ command }) => command);
}

/** Another server of the same database where there can be one. */
async function otherServer(engine: EngineWorld, world: World): Promise<Pick<World, "operations">> {
  if (engine.engine === "sqlite") return world;
  const database = await openDatabase(optionsOf(world.place));
  engine.onCleanup(() => database.close());
  return serve(engine, database, SIGNALS_ONLY);
}

describeOnBothEngines("an order to workers", (engine) => {
  it("reaches all that are meant, on whichever server they are, and brings their answers back", async () => {
    const world = await createWorld(engine, SIGNALS_ONLY);
    const other = await otherServer(engine, world);
    const [one, two] = [await world.register("one", { zone: "eu" }), await world.register("two", { zone: "eu" })];
    await world.register("three");
    const obeyed = [answerOnce(world, one, { n: 1 }), answerOnce(other, two, { n: 2 })];
    const request = { command: "ping" as const, zone: "eu", wait: 60_000 };
    const { items } = await world.operations.orderWorkers(alice, request, world.never);
    expect(items).toMatchObject([
      { name: "one", answered: true, answer: { n: 1 }, error: null },
      { name: "two", answered: true, answer: { n: 2 }, error: null },
    ]);
    expect(await Promise.all(obeyed)).toEqual([["ping"], ["ping"]]);
  });

  it("says who did not answer, and is not handed over when its time is past", async () => {
    const world = await createWorld(engine);
    const session = await world.register("silent");
    const { items } = await world.operations.orderWorkers(
      alice,
      { command: "status", workers: ["silent"], wait: 1 },
      world.never,
    );
    expect(items).toMatchObject([{ name: "silent", state: "ready", answered: false, took: null }]);
    await world.database.query("UPDATE worker_order SET asked_at = asked_at - 60000, expires_at = expires_at - 60000");
    const beat = await world.operations.heartbeat(workerToken, session, { leases: [], state: "ready" });
    expect(beat.orders).toEqual([]);
  });

  it("is named again until it is answered, and its first answer stands", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1");
    const beat = (more: Partial<HeartbeatRequest> = {}) =>
      world.operations.heartbeat(workerToken, session, { leases: [], state: "ready", ...more });
    const asked = world.operations.orderWorkers(alice, { command: "reload", all: true, wait: 60_000 }, world.never);
    let { orders } = await beat({ wait: 60_000 });
    while (orders.length === 0) ({ orders } = await beat({ wait: 60_000 }));
    expect((await beat()).orders).toEqual(orders);
    const error = { code: "invalid_request", message: "does not load\u0000" };
    const answers = [
      { id: orders[0]!.id, error },
      { id: orders[0]!.id, answer: { late: true } },
    ];
    expect((await beat({ answers })).orders).toEqual([]);
    expect((await asked).items).toMatchObject([{ name: "w1", answered: true, answer: null, error }]);
  });

  it("to drain stops the claims at once, whatever the worker answers", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1");
    await world.submit("a", "work");
    await world.operations.orderWorkers(alice, { command: "drain", workers: ["w1"], wait: 0 }, world.never);
    expect(await world.claim(session)).toEqual([]);
    const beat = await world.operations.heartbeat(workerToken, session, { leases: [], state: "ready" });
    expect(beat.drain).toBe(true);
  });

  it("is refused for a worker that there is not, a zone without any, and nobody in particular", async () => {
    const world = await createWorld(engine);
    const order = (target: object) =>
      world.operations
        .orderWorkers(alice, { command: "ping", wait: 0, ...target }, world.never)
        .catch((error: unknown) => error);
    expect(await order({ all: true })).toMatchObject({ code: "unknown_worker" });
    const session = await world.register("host-1", { zone: "eu" });
    expect(await order({ workers: ["hots-1"] })).toMatchObject({
      code: "unknown_worker",
      hint: 'Did you mean "host-1"?',
    });
    expect(await order({ zone: "ue" })).toMatchObject({ code: "unknown_worker", hint: 'Did you mean "eu"?' });
    expect(await order({})).toMatchObject({ code: "invalid_request" });
    expect(await order({ all: true, zone: "eu" })).toMatchObject({ code: "invalid_request" });
    await world.operations.stopWorker(workerToken, session);
    expect(await order({ workers: ["host-1"] })).toMatchObject({ items: [{ state: "stopped", answered: false }] });
  });

  it("is forgotten an hour after its time", async () => {
    const world = await createWorld(engine);
    await world.register("w1");
    await world.operations.orderWorkers(alice, { command: "ping", all: true, wait: 0 }, world.never);
    await world.database.query(
      "UPDATE worker_order SET asked_at = asked_at - 4000000, expires_at = expires_at - 4000000",
    );
    await world.operations.maintenance.round();
    expect(await world.database.query("SELECT id FROM worker_order")).toEqual([]);
  });

  it("leaves what the worker counts in the list of workers", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1");
    expect((await world.operations.workers()).items[0]!.counts).toBeNull();
    const counts = { claimed: 3, finished: 2, failed: 1, memory: 4_096 };
    await world.operations.heartbeat(workerToken, session, { leases: [], state: "ready", counts });
    await world.operations.heartbeat(workerToken, session, { leases: [], state: "ready" });
    expect((await world.operations.workers()).items[0]!.counts).toEqual(counts);
  });
});
