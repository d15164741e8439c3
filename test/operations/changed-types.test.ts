/** A type that changes under its entries, and workers that have another version of it. */
import { expect, it } from "vitest";
import type { ResourceTypeDescriptor } from "../../src/domain/resource-type.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, operation, thing, unsound, type World } from "./world.ts";

const run = (argv: string[]) => ({
  kind: "run" as const,
  argv,
  shell: false,
  cwd: null,
  env: {},
  result: "none" as const,
});

/** As `apply` stores a type in YAML. */
async function change(world: World, version: string, operations: ResourceTypeDescriptor["operations"]): Promise<void> {
  await world.database.query("UPDATE resource_type SET version = $1, descriptor = $2 WHERE name = 'thing'", [
    version,
    JSON.stringify({ ...thing, version, operations }),
  ]);
}

describeOnBothEngines("a type changed under its entries", (engine) => {
  it("lets what runs end as it was claimed, and checks what is queued against what it is now", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1");
    await change(world, "1", { ...thing.operations, work: operation("work", { implementation: run(["old"]) }) });
    const running = await world.submit("a", "work", { parameters: { n: 5 } });
    const [claimed] = await world.claim(session);
    expect(claimed).toMatchObject({ entry: running.id, implementation: { argv: ["old"] } });

    const fits = await world.submit("a", "work", { parameters: { n: 5 } });
    const misfit = await world.submit("b", "work", { parameters: { n: 500 } });
    const gone = await world.submit("c", "redo");
    const after = await world.submit("a", "look", { after: [{ entry: misfit.id, on: "success" }] });
    const parameters = {
      type: "object",
      properties: { n: { type: "number", maximum: 9 }, how: { type: "string", default: "well" } },
      additionalProperties: false,
    };
    const work = operation("work", { implementation: run(["new"]), parameters });
    await change(world, "2", { work, look: thing.operations["look"]! });

    await world.finish(session, claimed!, { result: "old" });
    expect(await world.operations.entry(running.id)).toMatchObject({ status: "succeeded", result: "old" });
    const claims = await world.claim(session);
    expect(claims).toHaveLength(1);
    expect(claims[0]).toMatchObject({
      entry: fits.id,
      typeVersion: "2",
      parameters: { n: 5, how: "well" },
      implementation: { argv: ["new"] },
    });
    await world.finish(session, claims[0]!);
    const ended = await world.operations.entry(misfit.id);
    expect(ended).toMatchObject({ status: "failed", error: { code: "type_changed", source: "system" } });
    expect(ended.error!.message).toBe(
      'The type thing has changed since this was filed: Invalid parameters: "n" must be <= 9.',
    );
    const removed = await world.operations.entry(gone.id);
    expect(removed.error).toMatchObject({
      code: "type_changed",
      message: 'The type thing has changed since this was filed: It has no operation "redo" any more.',
      hint: "It has: work, look",
    });
    expect(await world.operations.entry(after.id)).toMatchObject({ status: "canceled" });
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("workers with another version of a type", (engine) => {
  it("take none of its entries, until one brings the server's; why names their versions", async () => {
    const world = await createWorld(engine);
    await world.database.query("UPDATE resource_type SET by_worker = 1, version = 'v2' WHERE name = 'thing'");
    const old = await world.register("old");
    await world.database.query("INSERT INTO worker_type (session, type, version) VALUES ($1, 'thing', 'v1')", [old]);
    const { id } = await world.submit("a", "work");
    expect(await world.claim(old)).toEqual([]);
    const why = await world.operations.why(id);
    expect(why).toMatchObject({ reason: "worker_too_old", commands: ["wilco workers reload old"] });
    expect(why.message).toContain("(version v2): old has the version v1");

    const young = await world.register("young");
    await world.database.query("INSERT INTO worker_type (session, type, version) VALUES ($1, 'thing', 'v2')", [young]);
    expect(await world.claim(old)).toEqual([]);
    expect(await world.claim(young)).toMatchObject([{ entry: id }]);
  });

  it("take those of a type in YAML all the same: its commands come with the entry", async () => {
    const world = await createWorld(engine);
    await change(world, "yaml-7", { ...thing.operations, work: operation("work", { implementation: run(["new"]) }) });
    const session = await world.register("any");
    const { id } = await world.submit("a", "work");
    expect(await world.claim(session)).toMatchObject([{ entry: id, implementation: { argv: ["new"] } }]);
  });
});

describeOnBothEngines("what requires a worker", (engine) => {
  it("ends when the workers of its route can't run its type, once they had the time to load it", async () => {
    const world = await createWorld(engine);
    const { database, operations } = world;
    await database.query("UPDATE resource_type SET by_worker = 1, version = 'v2', updated_at = $1", [Date.now()]);
    const bare = await world.register("bare");
    const far = await world.register("far", { zone: "far" });
    await database.query("INSERT INTO worker_type (session, type, version) VALUES ($1, 'thing', 'v2')", [far]);
    await database.query("INSERT INTO worker_type (session, type, version) VALUES ($1, 'thing', 'v1')", [bare]);
    const submitted = ["a", "b"].map((name) => world.submit(name, "work", { requireWorker: 60_000 }));
    const [entry, other] = await Promise.all(submitted);
    const there = await world.submit("c", "work", { requireWorker: 60_000, zone: "far" });
    const statuses = async () => {
      await operations.maintenance.round();
      const all = await Promise.all([entry, other, there].map((one) => operations.entry(one!.id)));
      return all.map(({ status }) => status);
    };
    await database.query("UPDATE entry SET queued_at = queued_at - 60000");
    // The type has just changed: its workers are about to load it.
    expect(await statuses()).toEqual(["queued", "queued", "queued"]);
    await database.query("UPDATE resource_type SET updated_at = updated_at - 60001");
    // One that could was there a moment ago.
    const gone = await world.register("gone");
    await database.query("INSERT INTO worker_type (session, type, version) VALUES ($1, 'thing', 'v2')", [gone]);
    await database.query("UPDATE worker SET state = 'stopped' WHERE session = $1", [gone]);
    expect(await statuses()).toEqual(["queued", "queued", "queued"]);
    await database.query("UPDATE worker SET seen_at = seen_at - 60001 WHERE session = $1", [gone]);
    expect(await statuses()).toEqual(["failed", "failed", "queued"]);
    expect((await operations.entry(entry!.id)).error).toMatchObject({
      code: "no_worker",
      source: "system",
      message: "Nothing ran: no live worker of the route default/automate can run the type thing as the server has it",
      hint: expect.stringContaining("wilco workers reload") as string,
    });
    expect(await unsound(database)).toEqual([]);
  });
});
