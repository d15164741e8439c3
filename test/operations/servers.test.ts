/** Several servers on one PostgreSQL: each call goes to another of them. The embedded engine has one, and refuses a second. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { reconcile } from "../../src/operations/reconcile.ts";
import type { QueueSettings } from "../../src/operations/context.ts";
import { createTestDatabase, type EngineWorld } from "../support/engines.ts";
import { alice, bob, migrated, optionsOf, seed, serve, unsound, workerToken } from "./world.ts";

// Many small steps: seconds on a quiet machine, more than the usual time on a starved one.
vi.setConfig({ testTimeout: 180_000 });

/** Two servers, each with connections of its own. */
async function twoServers(settings: Partial<QueueSettings> = {}, deaf = false) {
  const { cleanup, ...place } = await createTestDatabase("postgres", migrated);
  onTestFinished(cleanup);
  const engine = { engine: "postgres", onCleanup: onTestFinished } as unknown as EngineWorld;
  const open = async () => {
    const database = await openDatabase(optionsOf(place));
    onTestFinished(() => database.close());
    return database;
  };
  const [first, second] = [await open(), await open()];
  await seed(first);
  const server = (database: Database) => serve(engine, deaf ? deafened(database) : database, settings);
  const [a, b] = [server(first), server(second)];
  // Until both hear of each other: what is announced before is looked for, not heard.
  while (!deaf && !(first.listening && second.listening)) await new Promise(setImmediate);
  return { database: first, a, b };
}

/** Hears nothing and is not heard: the LISTEN connections are gone and do not come back. */
function deafened(database: Database): Database {
  return { ...database, listening: false, notify: () => {}, listen: () => () => {} };
}

/** Nothing looks by itself any more: only news can wake what is held. */
const NEWS_ONLY = { pollFloor: 3_600_000 };

describe("of two servers on one database", () => {
  it("any answers any call of an execution's life", async () => {
    const { database, a, b } = await twoServers();
    const session = await a.register();
    const entry = await b.submitOne({ resource: "a", operation: "work" }, alice, "key-1");
    expect((await a.submitOne({ resource: "a", operation: "work" }, alice, "key-1")).id).toBe(entry.id);
    const [assignment] = await b.claim(session, { claimId: "one-claim-id" });
    expect((await a.claim(session, { claimId: "one-claim-id" })).map((one) => one.entry)).toEqual([entry.id]);
    const chunk = (number: number) => ({
      reports: [{ entry: entry.id, attempt: 1, chunks: [{ number, stream: "stdout" as const, text: `${number}` }] }],
    });
    await a.operations.report(workerToken, session, chunk(1));
    await b.operations.report(workerToken, session, chunk(2));
    await a.operations.cancel(bob, entry.id, {});
    const beat = await b.operations.heartbeat(workerToken, session, {
      leases: [{ entry: entry.id, attempt: 1 }],
      state: "ready",
    });
    expect(beat.cancel).toEqual([{ entry: entry.id, attempt: 1 }]);
    expect(await b.finish(session, assignment!, { lastChunk: 2, result: "all" })).toEqual({ ok: true });
    expect(await a.finish(session, assignment!, { lastChunk: 2, result: "all" })).toEqual({ ok: true });
    expect(await a.operations.entry(entry.id)).toMatchObject({ status: "succeeded", result: "all" });
    expect(await b.eventTypes(entry.id)).toEqual([
      "submitted",
      "claimed",
      "output",
      "output",
      "cancel_requested",
      "finished",
    ]);
    expect(await unsound(database)).toEqual([]);
  });

  it("what is held at one is answered by what happens at the other, by its news alone", async () => {
    const { a, b } = await twoServers(NEWS_ONLY);
    const session = await a.register();
    const claim = a.claim(session, { wait: 60_000 });
    const entry = await b.submit("a", "work");
    const [assignment] = await claim;
    expect(assignment!.entry).toBe(entry.id);
    const { lastEvent } = await b.operations.entry(entry.id);
    const poll = b.operations.poll(
      { entries: [{ id: entry.id, seen: lastEvent }], wait: 60_000, until: "end" },
      b.never,
    );
    const events = b.operations.events(entry.id, { after: lastEvent, wait: 60_000 }, b.never);
    const beat = a.operations.heartbeat(workerToken, session, {
      leases: [{ entry: entry.id, attempt: 1 }],
      state: "ready",
      wait: 60_000,
    });
    await b.operations.cancel(bob, entry.id, {});
    expect((await beat).cancel).toEqual([{ entry: entry.id, attempt: 1 }]);
    expect((await events).events.map((event) => event.type)).toEqual(["cancel_requested"]);
    await a.finish(session, assignment!, { status: "canceled" });
    expect((await poll).entries).toMatchObject([{ entry: { status: "canceled" } }]);
  });

  it("a claim that came before the finish is answered at one as soon as the slots are freed at the other", async () => {
    const { a, b } = await twoServers(NEWS_ONLY);
    const session = await a.register("w1", { capacity: 1 });
    await a.submit("a", "look");
    const next = await a.submit("b", "look");
    const [running] = await a.claim(session, { slots: 1 });
    const overtaking = a.claim(session, { slots: 1, wait: 60_000 });
    await b.finish(session, running!);
    expect((await overtaking).map((one) => one.entry)).toEqual([next.id]);
  });

  it("that hear nothing of each other, what is held looks by itself", async () => {
    const { a, b } = await twoServers({ pollFloor: 20 }, true);
    const session = await a.register();
    const claim = a.claim(session, { wait: 60_000 });
    const entry = await b.submit("a", "work");
    const [assignment] = await claim;
    const poll = b.operations.poll({ entries: [{ id: entry.id, seen: 1 }], wait: 60_000, until: "end" }, b.never);
    await a.finish(session, assignment!);
    expect((await poll).entries).toMatchObject([{ entry: { status: "succeeded" } }]);
  });

  it("what others say on the channel ends neither", async () => {
    const { database, a, b } = await twoServers(NEWS_ONLY);
    const session = await a.register();
    for (const payload of ["", "not JSON", "null", "7", '{"o":1}', '{"o":"x","e":1}']) {
      await database.query("SELECT pg_notify('wilco', $1)", [payload]);
    }
    const claim = a.claim(session, { wait: 60_000 });
    const entry = await b.submit("a", "work");
    expect((await claim).map((one) => one.entry)).toEqual([entry.id]);
  });
});

describe("maintenance on two servers", () => {
  it("does everything once, however often both do it at the same time", async () => {
    const { database, a, b } = await twoServers();
    const session = await a.register("w1", { capacity: 1_000 });
    await a.operations.maintenance.round();
    const file = (operation: string, more: object = {}) =>
      Promise.all(Array.from({ length: 30 }, () => a.submit("a", operation, more)));
    const due = await file("look", { delay: 60_000, zone: "elsewhere" });
    const expired = await file("look", { zone: "elsewhere" });
    const lapsed = await file("check");
    expect(await a.claim(session, { slots: 1_000 })).toHaveLength(30);
    const ids = (entries: Array<{ id: number }>) => entries.map((entry) => entry.id).join(", ");
    await database.query(`UPDATE entry SET deliver_at = deliver_at - 120000 WHERE id IN (${ids(due)})`);
    await database.query(`UPDATE entry SET expires_at = expires_at - 172800000 WHERE id IN (${ids(expired)})`);
    await database.query(`UPDATE entry SET lease_expires = lease_expires - 60000 WHERE id IN (${ids(lapsed)})`);
    await Promise.all([a, b, a, b].map((server) => server.operations.maintenance.round()));
    await b.operations.maintenance.round();
    for (const { id } of due) expect(await b.eventTypes(id)).toEqual(["submitted", "queued"]);
    for (const { id } of expired) expect(await b.eventTypes(id)).toEqual(["submitted", "finished"]);
    for (const { id } of lapsed) expect(await b.eventTypes(id)).toEqual(["submitted", "claimed", "requeued"]);
    expect(await unsound(database)).toEqual([]);
  });

  it("is left to the one that is at it", async () => {
    const { database, a, b } = await twoServers();
    const entry = await a.submit("a", "look", { delay: 60_000 });
    await database.query("UPDATE entry SET deliver_at = deliver_at - 120000");
    await database.transaction(async (tx) => {
      await tx.query(tx.dialect.maintenanceLock);
      await b.operations.maintenance.round();
      expect((await b.operations.entry(entry.id)).status).toBe("scheduled");
    });
    await b.operations.maintenance.round();
    expect((await b.operations.entry(entry.id)).status).toBe("queued");
  });

  it("goes on at the other when the one that was at it has gone", async () => {
    const { database, a, b } = await twoServers();
    const entry = await a.submit("a", "look", { delay: 60_000 });
    await database.query("UPDATE entry SET deliver_at = deliver_at - 120000");
    const died = database.transaction(async (tx) => {
      await tx.query(tx.dialect.maintenanceLock);
      throw new Error("kill -9");
    });
    await expect(died).rejects.toThrow("kill -9");
    await b.operations.maintenance.round();
    expect((await b.operations.entry(entry.id)).status).toBe("queued");
  });

  it("repairs once what both find broken at the same time", async () => {
    const { database, a, b } = await twoServers();
    const first = await a.submit("a", "look", { zone: "elsewhere" });
    const stuck = await a.submit("b", "look", { after: [{ entry: first.id, on: "any" }] });
    await database.query("UPDATE entry SET status = 'succeeded', finished_at = 1, expires_at = NULL WHERE id = $1", [
      first.id,
    ]);
    const context = (sql: Database) =>
      ({
        database: sql,
        signals: { publish: () => {}, subscribe: () => () => {}, stop: () => {} },
        log: { error: () => {} },
      }) as never;
    await Promise.all([reconcile(context(database)), reconcile(context(database))]);
    expect(await b.eventTypes(stuck.id)).toEqual(["submitted", "queued"]);
  });
});
