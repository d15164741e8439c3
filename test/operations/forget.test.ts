/** History that is forgotten when somebody has said so: whole things, with what is theirs, and nothing that is needed. */
import { expect, it } from "vitest";
import { createTokens } from "../../src/access/tokens.ts";
import { deleteEntries } from "../../src/audit/delete.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, sweep, unsound, type World } from "./world.ts";

const HOUR = 3_600_000;

/** As if all that is there now had been filed, and had ended, that much earlier. */
async function age({ database }: World, ms: number): Promise<void> {
  await database.query("UPDATE entry SET created_at = created_at - $1, finished_at = finished_at - $1", [ms]);
}

async function idsOf({ database }: World): Promise<number[]> {
  return (await database.query<{ id: number }>("SELECT id FROM entry ORDER BY id")).map(({ id }) => id);
}

async function runAll(world: World, session: string): Promise<void> {
  for (const claimed of await world.claim(session)) await world.finish(session, claimed);
}

/** A script on the server that runs. */
async function runScript(world: World) {
  const tokens = createTokens({ database: world.database });
  await tokens.create("test", { name: "alice", role: "operator" });
  const { entry: script } = await world.operations.submitScript(alice, SCRIPT, undefined);
  const scripts = await world.register("w-scripts", { roles: ["script"] });
  const [run] = await world.claim(scripts);
  const principal = await tokens.verify(run!.resource.connection["token"] as string);
  return { script, scripts, run: run!, principal };
}

async function deployedBy({ database }: World, entry: number): Promise<void> {
  const hash = "0".repeat(64);
  await database.query("INSERT INTO content VALUES ($1, 1, 'app', 'alice', 1, 'x')", [hash]);
  await database.query("INSERT INTO deployment VALUES (1, 1, null, $1, 'app', $2, 'alice', 1, 'current', null)", [
    hash,
    entry,
  ]);
}

async function deleteAll({ database }: World, ids: readonly number[]): Promise<void> {
  await database.transaction((tx) => deleteEntries(tx, ids));
}

const FAILS = {
  status: "failed" as const,
  error: { code: "exit_code", message: "It exited with 1", source: "operation" as const },
};

describeOnBothEngines("history", (engine) => {
  it("is kept for ever until somebody says for how long, and then goes with all that is its own", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const { database, operations } = world;
    const session = await world.register();
    const look = await world.submit("a", "look");
    const [looking] = await world.claim(session);
    await world.finish(session, looking!, { result: { availability: "down" } });
    const request = await world.submitRequest({ targets: { resources: ["a", "b"] }, operation: "work" });
    await runAll(world, session);
    const keyed = await world.submitOne({ resource: "c", operation: "work" }, alice, "deploy-7");
    const deployed = await world.submit("c", "look");
    await runAll(world, session);
    await deployedBy(world, deployed.id);
    const retry = await operations.retry(alice, look.id, undefined);
    await age(world, 30 * HOUR);
    const after = await world.submit("b", "work", { after: [{ entry: keyed.id, on: "success" }] });
    const young = await world.submit("c", "look");
    const [, , last] = await world.claim(session);
    await world.finish(session, last!);

    await sweep(world);
    const before = await idsOf(world);
    expect(before).toHaveLength(9);
    await operations.changeSetting(alice, "keep-history", 24 * HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([deployed.id, retry.id, after.id, young.id]);
    for (const table of ["entry_event", "entry_dependency", "request", "entry_content"]) {
      const rows = await database.query<{ entry: number }>(`SELECT DISTINCT entry FROM ${table} ORDER BY entry`);
      expect([table, rows.filter(({ entry }) => before.includes(entry)).map(({ entry }) => entry)]).toEqual([
        table,
        table === "entry_event" ? [deployed.id, retry.id, after.id, young.id] : [],
      ]);
    }
    expect(await operations.entry(retry.id)).toMatchObject({ status: "running", retryOf: null });
    expect(await database.query("SELECT availability, entry FROM availability_change")).toEqual([
      { availability: "down", entry: null },
    ]);
    await expect(operations.entry(request.id)).rejects.toMatchObject({ code: "unknown_entry" });
    // A key is known for as long as what was filed under it.
    const again = await world.submitOne({ resource: "c", operation: "work" }, alice, "deploy-7");
    expect(again.id).toBeGreaterThan(young.id);
    expect(await unsound(database)).toEqual([]);

    await expect(operations.changeSetting(alice, "keep-history", HOUR - 1)).rejects.toMatchObject({
      code: "invalid_request",
      hint: "The shortest is 1h.",
    });
    expect(await operations.changeSetting(alice, "keep-history", null)).toMatchObject({ value: null, set: false });
  });

  it("stays as long as a part of it is unfinished or young, and goes in many small transactions", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const { database, operations } = world;
    await operations.changeSetting(alice, "keep-history", HOUR);
    const { script, scripts, run, principal } = await runScript(world);
    const part = (resource: string): Promise<Entry> => world.submitOne({ resource, operation: "work" }, principal);
    const [done, open] = [await part("a"), await part("b")];
    const session = await world.register();
    const [first, second] = await world.claim(session);
    await world.finish(session, first!);
    await age(world, 2 * HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([script.id, done.id, open.id]);

    // The script has ended, and what it left behind has not: its parts that are over go, what is above stays.
    await world.finish(scripts, run, { finishId: "end" });
    await age(world, 2 * HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([script.id, open.id]);
    await world.finish(session, second!);
    await sweep(world);
    expect(await idsOf(world)).toEqual([script.id, open.id]);
    await age(world, 2 * HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([]);
    expect(await database.query("SELECT entry FROM script")).toEqual([]);

    const entries = Array.from({ length: 450 }, () => ({ resource: "a", operation: "look" }));
    await operations.submit(alice, { entries }, undefined);
    await database.query(
      `UPDATE entry SET status = 'canceled', finished_at = 1, created_at = 1,
         error = '{"code":"canceled","message":"x","source":"user"}'`,
    );
    for (let round = 0; round < 20 && (await idsOf(world)).length > 0; round++) await sweep(world);
    expect(await idsOf(world)).toEqual([]);
    expect(await database.query("SELECT entry FROM entry_event")).toEqual([]);
  });

  it("keeps a request whole while it goes on, and when one of its tasks is still needed", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const { database, operations } = world;
    await operations.changeSetting(alice, "keep-history", HOUR);
    const { scripts, run, principal } = await runScript(world);
    const asked = { targets: { resources: ["a", "b", "c"] }, operation: "look", minSuccess: 2 };
    const request = await world.submitRequest(asked, principal);
    const session = await world.register();
    const [one, two, three] = await world.claim(session);
    await world.finish(session, one!);
    await world.finish(scripts, run, { finishId: "end" });
    await age(world, 2 * HOUR);
    // Its script ended long ago and so did a task; the request goes on, and counts it.
    await sweep(world);
    await world.finish(session, two!, FAILS);
    await world.finish(session, three!);
    expect(await operations.entry(request.id)).toMatchObject({ status: "succeeded" });
    expect(await unsound(database)).toEqual([]);
    await deployedBy(world, three!.entry);
    await age(world, 2 * HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([run.entry, request.id, one!.entry, two!.entry, three!.entry]);
    expect(await unsound(database)).toEqual([]);
    // What did not succeed can be repeated, unless it is being deleted.
    expect((await operations.retry(alice, request.id, undefined)).tasks).toEqual({ queued: 1 });
    await deleteAll(world, [two!.entry]);
    await expect(operations.retry(alice, request.id, undefined)).rejects.toMatchObject({
      code: "conflict",
      message: "Tasks of the request are being deleted with old history",
    });
  });

  it("lets go of automatic entries that were kept for what is gone; what goes while it is repeated is unknown", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const { database, operations } = world;
    const session = await world.register();
    const automatic = await world.submit("a", "look");
    await runAll(world, session);
    await database.query("UPDATE entry SET automatic = 1 WHERE id = $1", [automatic.id]);
    const retry = await operations.retry(alice, automatic.id, undefined);
    await runAll(world, session);
    await age(world, 2 * HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([automatic.id, retry.id]);
    await operations.changeSetting(alice, "keep-history", HOUR);
    await sweep(world);
    expect(await idsOf(world)).toEqual([]);

    const old = await world.submit("a", "look");
    await runAll(world, session);
    const query = database.query.bind(database);
    let deleted = false;
    database.query = async (text, parameters) => {
      const rows = await query<never>(text, parameters);
      if (text.startsWith("SELECT restores") && !deleted) {
        deleted = true;
        await deleteAll(world, [old.id]);
      }
      return rows;
    };
    await expect(operations.retry(alice, old.id, undefined)).rejects.toMatchObject({ code: "unknown_entry" });
    expect(deleted).toBe(true);
  });

  it("forgets sessions of workers that came back since, or that nothing is meant for", async () => {
    const world = await createWorld(engine, { reconcileEvery: 0 });
    const { database, operations } = world;
    const sessions: Record<string, string> = {};
    for (const name of ["back", "bound", "gone", "lately", "later", "queued"]) {
      sessions[name] = await world.register(name);
      await operations.stopWorker({ name: "worker-token", role: "worker", zones: null, roles: null }, sessions[name]);
    }
    await database.query("UPDATE resource SET worker = 'bound' WHERE name = 'a'");
    await world.submit("b", "look", { worker: "queued" });
    await world.submit("b", "look", { worker: "later", delay: HOUR });
    await database.query(
      "UPDATE worker SET seen_at = seen_at - $1, started_at = started_at - $1 WHERE name <> 'lately'",
      [31 * 24 * HOUR],
    );
    const back = await world.register("back");
    await sweep(world);
    const left = await database.query<{ session: string }>("SELECT session FROM worker ORDER BY name");
    expect(left.map(({ session }) => session)).toEqual([
      back,
      ...["bound", "lately", "later", "queued"].map((name) => sessions[name]),
    ]);
  });
});

const SCRIPT = {
  file: "a.ts",
  files: { "a.ts": "" },
  args: [],
  permissions: { env: [], read: [], net: [], operations: null, resources: null },
  onError: "wait" as const,
  grace: 5_000,
  limits: { cpu: 60_000, memory: 134_217_728 },
  requireWorker: null,
};
