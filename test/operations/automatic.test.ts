/** Resources that are looked at by themselves: filed when due, one at a time, recorded, forgotten. */
import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, sweep, type World } from "./world.ts";

const MINUTE = 60_000;

/** Due since ever, and once a minute from now on. */
async function watch({ database }: World, names = ["a"], every = MINUTE): Promise<void> {
  await database.query(
    `UPDATE resource SET check_every = $1, check_due = 1 WHERE ${database.dialect.inTexts("name", "$2")}`,
    [every, JSON.stringify(names)],
  );
}

async function automatic({ operations }: World) {
  const { items } = await operations.entries({ automatic: true, order: "oldest" });
  return items.filter((entry) => entry.automatic);
}

async function resourceA({ database }: World) {
  const [row] = await database.query("SELECT * FROM resource WHERE name = 'a'");
  return row!;
}

async function changesOf({ database }: World) {
  return database.query<{ availability: string; reason: string | null; entry: number | null }>(
    "SELECT availability, reason, entry FROM availability_change ORDER BY id",
  );
}

describeOnBothEngines("automatic checks", (engine) => {
  it("are filed when due, one at a time, and what they see changes the availability in the same transaction", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    await world.database.query("INSERT INTO setting (name, value) VALUES ('keep-automatic', '0')");
    const { maintenance } = world.operations;
    await watch(world);
    await maintenance.round();
    // No worker is live: nothing is filed, and it is tried again soon.
    expect(await automatic(world)).toEqual([]);
    expect((await resourceA(world))["check_due"]).toBeLessThanOrEqual(Date.now() + 5_000);

    const session = await world.register();
    await watch(world);
    await maintenance.round();
    await watch(world);
    await maintenance.round();
    const [first, ...more] = await automatic(world);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ kind: "operation", operation: "check", requestedBy: "wilco", priority: 150 });
    expect((await world.operations.entries({})).items).toEqual([]);
    expect((await resourceA(world))["check_due"]).toBeGreaterThan(Date.now() + MINUTE / 2);

    const [down] = await world.claim(session);
    await world.finish(session, down!, { result: { availability: "down", reason: "it does not run" } });
    expect(await resourceA(world)).toMatchObject({ availability: "down", availability_reason: "it does not run" });
    expect(await changesOf(world)).toEqual([{ availability: "down", reason: "it does not run", entry: down!.entry }]);

    // The same again is no change, and its entry is forgotten; the one that brought the change is not.
    await watch(world);
    await maintenance.round();
    const [again] = await world.claim(session);
    await world.finish(session, again!, { result: { availability: "down" } });
    await sweep(world);
    expect(await changesOf(world)).toHaveLength(1);
    expect((await automatic(world)).map(({ id }) => id)).toEqual([down!.entry]);
    const events = await world.database.query("SELECT 1 FROM entry_event WHERE entry = $1", [again!.entry]);
    expect(events).toEqual([]);
  });

  it("say unknown when they could not be run, and when none has answered for three intervals", async () => {
    const world = await createWorld(engine);
    const { maintenance } = world.operations;
    const session = await world.register();
    const check = await world.submit("a", "check");
    const [up] = await world.claim(session);
    await world.finish(session, up!, { result: { availability: "up" } });
    expect(await resourceA(world)).toMatchObject({ availability: "up", availability_entry: check.id });

    await watch(world);
    await maintenance.round();
    const [filed] = await automatic(world);
    await world.database.query("UPDATE entry SET expires_at = 1 WHERE id = $1", [filed!.id]);
    await maintenance.round();
    expect(await resourceA(world)).toMatchObject({ availability: "unknown", availability_entry: filed!.id });

    // The work's own failure is an answer: it is down.
    await world.submit("a", "check");
    const [fails] = await world.claim(session);
    const error = { code: "exit_code", message: "It exited with 1", source: "operation" as const };
    await world.finish(session, fails!, { status: "failed", error });
    expect(await resourceA(world)).toMatchObject({ availability: "down", availability_reason: "It exited with 1" });

    // A check takes longer than its interval, time and again: what was seen stands while somebody looks.
    const old = "UPDATE resource SET availability_at = $1 WHERE name = 'a'";
    const due = async () => {
      await watch(world);
      await maintenance.round();
      return (await resourceA(world))["availability"];
    };
    await world.database.query(old, [Date.now() - 4 * MINUTE]);
    expect(await due()).toBe("down");
    const [slow] = await world.claim(session);
    expect(await due()).toBe("down");
    await world.database.query("UPDATE entry SET started_at = started_at - $1 WHERE id = $2", [
      4 * MINUTE,
      slow!.entry,
    ]);
    await world.finish(session, slow!, { result: { availability: "down" } });
    expect(await due()).toBe("down");
    expect((await automatic(world)).filter(({ status }) => status === "queued")).toHaveLength(1);
    // Its worker has fallen silent: nobody looks any more.
    await world.claim(session);
    await world.database.query("UPDATE entry SET silent = 1 WHERE status = 'running'");
    expect(await due()).toBe("unknown");
    expect((await changesOf(world)).map(({ availability }) => availability)).toEqual([
      "up",
      "unknown",
      "down",
      "unknown",
    ]);
  });

  it("give way to a wait for health that outlasts them, and not to an older check", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const { id } = await world.submit("a", "look");
    const old = await world.submit("a", "check");
    const [wait, slow] = await world.claim(session);
    // Begun some time ago.
    await world.database.query("UPDATE entry SET started_at = started_at - 5000 WHERE id IN ($1, $2)", [id, old.id]);
    await world.submit("a", "check");
    const [quick] = await world.claim(session);
    await world.finish(session, quick!, { result: { availability: "down" } });
    await world.finish(session, slow!, { result: { availability: "up" } });
    expect(await resourceA(world)).toMatchObject({ availability: "down" });
    await world.finish(session, wait!, { result: { availability: "up" } });
    expect(await resourceA(world)).toMatchObject({ availability: "up", availability_entry: id });

    await world.submit("a", "look");
    const [stop] = await world.claim(session);
    await world.finish(session, stop!, { result: { availability: "down" } });
    expect(await resourceA(world)).toMatchObject({ availability: "down", availability_reason: "after look" });
    await world.submit("a", "look");
    const [start] = await world.claim(session);
    await world.finish(session, start!, { result: { availability: "up" } });

    // What began before the resource was changed may have looked at another connection.
    const stale = await world.submit("a", "look");
    const [late] = await world.claim(session);
    await world.database.query("UPDATE entry SET started_at = started_at - 5000 WHERE id = $1", [stale.id]);
    await world.database.query("UPDATE resource SET updated_at = $1 WHERE name = 'a'", [Date.now()]);
    await world.finish(session, late!, { result: { availability: "down" } });
    expect(await resourceA(world)).toMatchObject({ availability: "up" });
  });

  it("leave disabled resources alone, of which nothing but a check is filed", async () => {
    const world = await createWorld(engine);
    await world.register();
    await world.database.query(
      "UPDATE resource SET availability = 'disabled', availability_changed = 5 WHERE name = 'a'",
    );
    await expect(watch(world)).rejects.toThrow(/check/i);
    await expect(world.submit("a", "work")).rejects.toMatchObject({ code: "resource_disabled" });
    expect((await world.submit("a", "check")).status).toBe("queued");
    const request = { operation: "work", targets: { selector: "" } };
    await expect(world.submitRequest(request, alice)).rejects.toMatchObject({ code: "resource_disabled" });
  });

  it("keep the numbers of metrics, one sample a second and resource at most, for as long as is said", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const session = await world.register();
    for (const cpu of [1, 2]) {
      const { id } = await world.submit("a", "metrics");
      const [claimed] = await world.claim(session);
      await world.database.query("UPDATE entry SET started_at = 2000000000500 WHERE id = $1", [id]);
      await world.finish(session, claimed!, { result: { cpu, note: "not a number" } });
    }
    const rows = await world.database.query("SELECT at, numbers FROM metric_sample");
    expect(rows).toEqual([{ at: 2_000_000_000_000, numbers: '{"cpu":1}' }]);
    await world.database.query("UPDATE metric_sample SET at = $1", [Date.now() - 2 * MINUTE]);
    await world.operations.maintenance.round();
    expect(await world.database.query("SELECT at FROM metric_sample")).toHaveLength(1);
    // Set once for the database; it counts for this server and for all others.
    const setting = await world.operations.changeSetting(alice, "keep-metrics", MINUTE);
    expect(setting).toMatchObject({ value: MINUTE, default: 1_440 * MINUTE, set: true });
    await sweep(world);
    expect(await world.database.query("SELECT at FROM metric_sample")).toEqual([]);
    await expect(world.operations.changeSetting(alice, "keep-metric", MINUTE)).rejects.toMatchObject({
      code: "invalid_request",
      hint: 'Did you mean "keep-metrics"?',
    });
    await expect(world.operations.changeSetting(alice, "keep-metrics", 1)).rejects.toMatchObject({
      message: "keep-metrics can't be 1ms",
      hint: "The shortest is 1m.",
    });
    await world.operations.changeSetting(alice, "keep-metrics", null);
    expect((await world.operations.settings()).filter(({ set }) => set)).toEqual([]);
  });

  it("are caught up at a steady rate after a time in which nobody looked", async () => {
    const world = await createWorld(engine, { lease: 10_000 });
    await world.register();
    await world.operations.maintenance.round();
    await watch(world, ["a", "b", "c"]);
    await world.database.query("UPDATE setting SET value = $1 WHERE name = 'reaper_tick'", [
      String(Date.now() - MINUTE),
    ]);
    await world.operations.maintenance.round();
    const rows = await world.database.query<{ check_due: number }>("SELECT check_due FROM resource ORDER BY check_due");
    expect(new Set(rows.map((row) => row.check_due)).size).toBe(3);
  });
});
