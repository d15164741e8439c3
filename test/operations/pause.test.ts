import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, bob, createWorld, optionsOf, serve, unsound } from "./world.ts";

describeOnBothEngines("a paused route", (engine) => {
  it("gives out nothing until it is resumed, and then wakes a claim that waits", async () => {
    const world = await createWorld(engine, { pollFloor: 3_600_000 });
    const session = await world.register("w1");
    await world.operations.pauseRoute(alice, { route: "default/automate", reason: "switch" });
    const entry = await world.submit("a", "work");
    expect(entry.warning).toBe("the route default/automate was paused by alice: switch");
    expect(await world.claim(session)).toEqual([]);

    const held = world.claim(session, { wait: 60_000 });
    const ended = await world.operations.resumeRoute(bob, { route: "default/automate" });
    expect(ended).toMatchObject({ route: "default/automate", pausedBy: "alice", reason: "switch" });
    expect((await held).map((assignment) => assignment.entry)).toEqual([entry.id]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("leaves the worker's other routes open, and what runs alone", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1");
    const running = await world.submit("a", "work");
    const [first] = await world.claim(session);
    await world.operations.pauseRoute(alice, { route: "default/automate" });
    await world.submit("b", "work");
    const other = await world.submit("c", "work", { worker: "w1" });
    expect((await world.claim(session)).map((assignment) => assignment.entry)).toEqual([other.id]);
    expect(await world.finish(session, first!)).toEqual({ ok: true });
    expect((await world.operations.entry(running.id)).status).toBe("succeeded");
  });

  it("is paused on every server, and a claim that began before is over when the pause is answered", async () => {
    const world = await createWorld(engine);
    const other =
      engine.engine === "sqlite"
        ? world
        : await (async () => {
            const database = await openDatabase(optionsOf(world.place));
            engine.onCleanup(() => database.close());
            return serve(engine, database);
          })();
    const sessions = await Promise.all(["w1", "w2", "w3"].map((name) => other.register(name)));
    for (let n = 0; n < 20; n++) await world.submit("a", "look");
    let pausedAt = Infinity;
    const claims = sessions.map(async (session) => {
      for (let n = 0; n < 4; n++) await other.claim(session, { slots: 1 });
    });
    await world.operations.pauseRoute(alice, { route: "default/automate" });
    const [clock] = await world.database.transaction(async (tx) => [tx.now()]);
    pausedAt = clock!;
    await Promise.all(claims);
    const late = await world.database.query("SELECT id FROM entry WHERE started_at > $1", [pausedAt]);
    expect(late).toEqual([]);
    for (const session of sessions) expect(await other.claim(session)).toEqual([]);
  });

  it("keeps its first pause, and is refused when its name is wrong", async () => {
    const { operations, register } = await createWorld(engine);
    await register("w1", { zone: "eu" });
    expect(await operations.pauseRoute(alice, { route: "eu/automate", reason: "first" })).toMatchObject({
      already: false,
    });
    expect(await operations.pauseRoute(bob, { route: "eu/automate", reason: "second" })).toMatchObject({
      already: true,
      pausedBy: "alice",
      reason: "first",
    });
    expect(await operations.pausedRoutes()).toHaveLength(1);
    const refused = (route: string) => operations.pauseRoute(alice, { route }).catch((error: unknown) => error);
    expect(await refused("eu")).toMatchObject({ code: "invalid_request", hint: expect.stringContaining("zone/role") });
    expect(await refused("eu/auto mate")).toMatchObject({ code: "invalid_request" });
    expect(await refused("eu/automat")).toMatchObject({
      code: "unknown_route",
      hint: expect.stringContaining('"eu/automate"'),
    });
    await operations.pauseRoute(alice, { route: "new/automate", unserved: true });
    await expect(operations.resumeRoute(alice, { route: "eu/automatic" })).rejects.toMatchObject({
      code: "conflict",
      hint: 'Did you mean "eu/automate"?',
    });
  });

  it("can't be a row that is no route", async () => {
    const { database } = await createWorld(engine);
    const insert = (route: string, reason: string | null) =>
      database.query("INSERT INTO paused_route (route, paused_by, paused_at, reason) VALUES ($1, 'x', 1, $2)", [
        route,
        reason,
      ]);
    await expect(insert("noslash", null)).rejects.toThrow(/check/i);
    await expect(insert("a/b", "")).rejects.toThrow(/check/i);
    await insert("a/b", null);
    await expect(insert("a/b", null)).rejects.toThrow(/unique/i);
  });
});
