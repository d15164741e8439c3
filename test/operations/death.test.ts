/**
 * A server that dies between any two statements leaves a state from which another goes on: each operation is broken off
 * at each of its statements, and once more after its commit, and then repeated on a server that lives.
 */
import { expect, it, vi } from "vitest";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { dyingAt, Died } from "./dying.ts";
import { alice, bob, createWorld, serve, unsound, workerToken, type World } from "./world.ts";

// Many small steps: seconds on a quiet machine, more than the usual time on a starved one.
vi.setConfig({ testTimeout: 180_000 });

type Server = ReturnType<typeof serve>;

interface Drama<T> {
  /** Everything before the operation; what it returns is given to the others. */
  before: (world: World, round: number) => Promise<T>;
  operation: (server: Server, given: T) => Promise<unknown>;
  after: (world: World, given: T) => Promise<void>;
}

async function expectWholeOrNothing<T>(engine: EngineWorld, { before, operation, after }: Drama<T>): Promise<void> {
  const world = await createWorld(engine);
  for (let statement = 1, survived = false; !survived; statement++) {
    const dying = dyingAt(world.database, statement);
    const given = await before(world, statement);
    await operation(serve(engine, dying.database), given).catch(expectDeath);
    survived = !dying.died;
    expect(await unsound(world.database)).toEqual([]);
    await operation(world, given);
    await after(world, given);
    expect(await unsound(world.database)).toEqual([]);
    if (survived) expect(statement).toBeGreaterThan(1);
  }
  const given = await before(world, 0);
  await operation(serve(engine, dyingAt(world.database, "answer").database), given).catch(expectDeath);
  await operation(world, given);
  await after(world, given);
  expect(await unsound(world.database)).toEqual([]);
}

function expectDeath(error: unknown): void {
  if (!(error instanceof Died)) throw error;
}

/** Nothing of this round is left to the next. */
async function clear(world: World): Promise<void> {
  const { items } = await world.operations.entries({ status: "queued,running,canceling,blocked,scheduled" });
  for (const entry of items) await world.operations.cancel(bob, entry.id, { force: true });
}

describeOnBothEngines("a server that dies at any statement of", (engine) => {
  it("a submit has filed the entry once or not at all, and the repetition gets that one", async () => {
    await expectWholeOrNothing(engine, {
      before: async (_world, round) => `key-${round}`,
      operation: (server, key) => server.submitOne({ resource: "a", operation: "work" }, alice, key),
      async after(world, key) {
        const entry = await world.submitOne({ resource: "a", operation: "work" }, alice, key);
        expect(await world.eventTypes(entry.id)).toEqual(["submitted"]);
        expect((await world.operations.entries({ status: "queued" })).items).toHaveLength(1);
        await clear(world);
      },
    });
  });

  it("a claim has leased the entries once or not at all, and the repetition gets them", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        const entry = await world.submit("a", "work");
        return { entry, session: await world.register(`w${round}`), claimId: `claim-of-${round}` };
      },
      operation: (server, { session, claimId }) => server.claim(session, { claimId }),
      async after(world, { entry, session, claimId }) {
        const claimed = await world.claim(session, { claimId });
        expect(claimed.map((one) => [one.entry, one.attempt])).toEqual([[entry.id, 1]]);
        expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed"]);
        await world.finish(session, claimed[0]!);
      },
    });
  });

  it("a report has written its chunks once", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        const entry = await world.submit("a", "work");
        const session = await world.register(`w${round}`);
        const [assignment] = await world.claim(session);
        return { entry, session, assignment: assignment! };
      },
      operation: (server, { entry, session }) =>
        server.operations.report(workerToken, session, {
          reports: [{ entry: entry.id, attempt: 1, chunks: [{ number: 1, stream: "stdout", text: "once" }] }],
        }),
      async after(world, { entry, session, assignment }) {
        expect(await world.finish(session, assignment, { lastChunk: 1 })).toEqual({ ok: true });
        expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "output", "finished"]);
      },
    });
  });

  it("a finish has ended the entry, promoted the next and released what waited, all or nothing", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        const session = await world.register(`w${round}`);
        const entry = await world.submit("a", "work");
        const [assignment] = await world.claim(session);
        const next = await world.submit("a", "work");
        const waiting = await world.submit("b", "look", { after: [{ entry: entry.id, on: "success" }] });
        return { entry, next, waiting, session, assignment: assignment! };
      },
      operation: (server, { session, assignment }) => server.finish(session, assignment, { result: 1 }),
      async after(world, { entry, next, waiting, session }) {
        expect(await world.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: 1 });
        expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "finished"]);
        const rest = await world.claim(session);
        expect(rest.map((one) => one.entry)).toEqual([next.id, waiting.id]);
        for (const assignment of rest) await world.finish(session, assignment);
      },
    });
  });

  it("a hand-back has queued the entry again once, with all its tries", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        const session = await world.register(`w${round}`);
        const entry = await world.submit("a", "work");
        const [assignment] = await world.claim(session);
        return { entry, session, assignment: assignment! };
      },
      operation: async (server, { session, assignment }) =>
        expect(await server.finish(session, assignment, { status: "released" })).toEqual({ ok: true }),
      async after(world, { entry, session }) {
        expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "requeued"]);
        const [again] = await world.claim(session);
        expect(again).toMatchObject({ entry: entry.id, attempt: 2 });
        await world.finish(session, again!);
      },
    });
  });

  it("a cancel has asked the worker once", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        const session = await world.register(`w${round}`);
        const entry = await world.submit("a", "work");
        const [assignment] = await world.claim(session);
        return { entry, session, assignment: assignment! };
      },
      operation: (server, { entry }) => server.operations.cancel(bob, entry.id, {}),
      async after(world, { entry, session, assignment }) {
        await world.finish(session, assignment, { status: "canceled" });
        expect(await world.eventTypes(entry.id)).toEqual(["submitted", "claimed", "cancel_requested", "finished"]);
      },
    });
  });

  it("a registration that ends the predecessor's session has done all of it or nothing", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        const succession = `the-secret-of-directory-${round}`;
        const session = await world.register(`w${round}`, { succession });
        const redo = await world.submit("a", "redo");
        const work = await world.submit("b", "work");
        await world.claim(session);
        return { redo, work, session, succession, name: `w${round}` };
      },
      operation: (server, { name, succession }) => server.register(name, { succession }),
      async after(world, { redo, work }) {
        expect(await world.operations.entry(redo.id)).toMatchObject({ status: "queued", attempt: 1 });
        expect((await world.operations.entry(work.id)).status).toBe("lost");
        expect(await world.eventTypes(redo.id)).toEqual(["submitted", "claimed", "requeued"]);
        await clear(world);
      },
    });
  });

  it("maintenance leaves what is due, expired, lapsed or overdue to the next round, which does it once", async () => {
    await expectWholeOrNothing(engine, {
      async before(world, round) {
        await clear(world);
        const session = await world.register(`w${round}`);
        const redo = await world.submit("a", "redo");
        const overdue = await world.submit("b", "work");
        await world.claim(session);
        const due = await world.submit("c", "look", { delay: 60_000 });
        const expired = await world.submit("c", "work", { worker: "nobody" });
        await world.operations.maintenance.round();
        const { database } = world;
        await database.query("UPDATE entry SET lease_expires = lease_expires - 60000 WHERE id = $1", [redo.id]);
        await database.query("UPDATE entry SET deadline = deadline - 7200000 WHERE id = $1", [overdue.id]);
        await database.query("UPDATE entry SET deliver_at = deliver_at - 120000 WHERE id = $1", [due.id]);
        await database.query("UPDATE entry SET expires_at = expires_at - 172800000 WHERE id = $1", [expired.id]);
        return { redo, overdue, due, expired, session };
      },
      operation: (server) => server.operations.maintenance.round(),
      async after(world, { redo, overdue, due, expired, session }) {
        expect(await world.eventTypes(redo.id)).toEqual(["submitted", "claimed", "requeued"]);
        expect(await world.eventTypes(overdue.id)).toEqual(["submitted", "claimed", "finished"]);
        expect(await world.eventTypes(due.id)).toEqual(["submitted", "queued"]);
        expect(await world.eventTypes(expired.id)).toEqual(["submitted", "finished"]);
        expect((await world.operations.entry(overdue.id)).status).toBe("timed_out");
        expect((await world.operations.entry(expired.id)).error?.code).toBe("expired");
        // It holds its resource until its worker has answered.
        await world.finish(session, { entry: overdue.id, attempt: 1 }, { status: "timed_out" });
      },
    });
  });
});
