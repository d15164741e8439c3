/** Versions of configurations on both engines: merged when claimed, written when verified, refused when outdated. */
import { beforeEach, expect, test } from "vitest";
import type { ConfigurationUpdated } from "../../src/domain/configuration.ts";
import { describeType } from "../../src/resource-types/descriptor.ts";
import { createSealer } from "../../src/inventory/sealer.ts";
import { createConfigurations } from "../../src/inventory/configurations.ts";
import { resealConfigurations } from "../../src/inventory/reseal-configurations.ts";
import { createTypes } from "../../src/inventory/types.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, operation, unsound, type World } from "./world.ts";

const server = describeType(
  "server",
  {
    configuration: {
      type: "object",
      properties: {
        port: { type: "integer", minimum: 1, default: 80 },
        host: { type: "string" },
        tls: { type: "object", properties: { cert: { type: "string" }, key: { type: "string", secret: true } } },
      },
      required: ["host"],
      additionalProperties: false,
    },
  },
  [operation("updateConfiguration", { exclusive: false })],
);
const readable = describeType("readable", { configuration: server.configuration }, [
  operation("updateConfiguration"),
  operation("readConfiguration"),
]);

describeOnBothEngines("the configuration of a resource", (engine) => {
  let world: World;
  let session: string;
  let configurations: ReturnType<typeof createConfigurations>;

  beforeEach(async () => {
    world = await createWorld(engine);
    const { database } = world;
    await database.transaction(async (tx) => {
      await createTypes({ schemas: createSchemaValidator() }).save(tx, [server, readable]);
      await tx.query("UPDATE resource SET type = 'server' WHERE name = 'a'");
      await tx.query("UPDATE resource SET type = 'readable' WHERE name = 'b'");
    });
    session = await world.register();
    configurations = createConfigurations({
      database,
      types: createTypes({ schemas: createSchemaValidator() }),
      sealer: createSealer(new Uint8Array(32).fill(7)),
    });
  });

  const update = (parameters: Record<string, unknown>, more = {}) =>
    world.submit("a", "updateConfiguration", { parameters, ...more });

  /** Plays the worker: takes what there is and reports it as verified. @returns what it was given. */
  async function run(status: "succeeded" | "failed" = "succeeded") {
    const [assignment] = await world.claim(session);
    const error = { code: "not_verified", message: "no", source: "operation" as const };
    await world.finish(session, assignment!, {
      status,
      ...(status === "failed" ? { error } : { result: { verified: true, result: null } }),
    });
    return assignment!;
  }
  const resultOf = async (id: number) => (await world.operations.entry(id)).result as unknown as ConfigurationUpdated;

  test("has a version for each verified update, with author, entry and what it changed; a failed one leaves none", async () => {
    const first = await update({ patch: { host: "one" } }, { note: "begin" });
    expect(first).toMatchObject({ kind: "configuration", exclusive: true });
    expect((await run()).parameters).toEqual({ configuration: { port: 80, host: "one" } });
    expect(await resultOf(first.id)).toMatchObject({ version: 1, verified: true });
    const failed = await update({ patch: { port: 81 } });
    await run("failed");
    expect(await world.operations.entry(failed.id)).toMatchObject({
      status: "failed",
      error: { code: "not_verified" },
    });
    const second = await update({ patch: { port: 82, tls: { key: "very-secret" } } });
    const given = await run();
    expect(given).toMatchObject({
      parameters: { configuration: { port: 82, host: "one", tls: { key: "very-secret" } } },
    });
    expect(given.secrets).toContain("very-secret");
    expect(given.resource.configuration).toEqual({ port: 80, host: "one" });

    expect(await configurations.known("a")).toMatchObject({
      version: 2,
      author: "alice",
      entry: second.id,
      configuration: { port: 82, host: "one", tls: { key: "********" } },
    });
    const { items } = await configurations.versions("a", {});
    expect(items.map(({ version, entry, note }) => ({ version, entry, note }))).toEqual([
      { version: 2, entry: second.id, note: null },
      { version: 1, entry: first.id, note: "begin" },
    ]);
    expect(items[0]!.changes).toEqual([
      { path: "port", before: 80, after: 82 },
      { path: "tls", after: "********" },
    ]);
    // A mask that is sent back is the secret as it is.
    await update({ configuration: { port: 83, host: "one", tls: { key: "********" } } });
    expect((await run()).parameters["configuration"]).toMatchObject({ tls: { key: "very-secret" } });
    expect(
      JSON.stringify([
        await world.database.query("SELECT * FROM entry"),
        await world.database.query("SELECT * FROM configuration_version"),
        await world.database.query("SELECT configuration FROM resource"),
      ]),
    ).not.toContain("very-secret");
    // A mark that the type gets later seals what was stored before it.
    await update({ patch: { host: "host-to-hide" } });
    await run();
    const hidden = structuredClone(server);
    (hidden.configuration as { properties: { host: object } }).properties.host = { type: "string", secret: true };
    const sealer = createSealer(new Uint8Array(32).fill(7));
    await world.database.transaction((tx) => resealConfigurations(tx, hidden, sealer));
    const stored = [
      await world.database.query("SELECT content, changes FROM configuration_version"),
      await world.database.query("SELECT configuration FROM resource"),
    ];
    expect(JSON.stringify(stored)).not.toMatch(/host-to-hide|very-secret/);
    expect((await configurations.versions("a", { limit: 1 })).items[0]!.changes).toEqual([
      { path: "host", before: "********", after: "********" },
    ]);
    await update({ patch: { port: 84 } });
    expect((await run()).parameters["configuration"]).toMatchObject({ host: "host-to-hide", port: 84 });
    expect(await unsound(world.database)).toEqual([]);
  });

  test("answers a repeated call as the first, although what it was based on has changed by its own doing", async () => {
    await update({ patch: { host: "one" } });
    await run();
    const call = {
      resource: "a",
      operation: "updateConfiguration",
      parameters: { patch: { host: "two" }, base: 1 },
    };
    const first = await world.submitOne(call, alice, "its-answer-was-lost");
    await run();
    expect((await world.submitOne(call, alice, "its-answer-was-lost")).id).toBe(first.id);
    await expect(world.submitOne(call, alice, "another-key-of-hers")).rejects.toMatchObject({ code: "conflict" });
  });

  test("merges two updates in the order in which they run, and refuses the one whose keys were changed meanwhile", async () => {
    await update({ patch: { host: "one", port: 1 } });
    await run();
    const low = await update({ patch: { host: "low" } }, { priority: 200 });
    const high = await update({ patch: { port: 2 } }, { priority: 0 });
    expect((await run()).parameters).toEqual({ configuration: { host: "one", port: 2 } });
    expect((await run()).parameters).toEqual({ configuration: { host: "low", port: 2 } });
    expect([await resultOf(high.id), await resultOf(low.id)].map(({ version }) => version)).toEqual([2, 3]);

    await expect(update({ patch: { port: 9 }, base: 1 })).rejects.toMatchObject({
      code: "conflict",
      details: { base: 1, version: 3, keys: ["port"] },
    });
    // Nobody else has touched it since version 2, so it is no conflict; then somebody does, before it runs.
    const outdated = await update({ patch: { host: "mine" }, base: 3 }, { priority: 200 });
    await update({ patch: { host: "theirs" } });
    await run();
    expect(await world.claim(session)).toEqual([]);
    expect(await world.operations.entry(outdated.id)).toMatchObject({
      status: "failed",
      error: { code: "conflict", details: { keys: ["host"] } },
    });
    const back = await update({ rollback: 1 });
    expect((await run()).parameters).toEqual({ configuration: { host: "one", port: 1 } });
    expect(await configurations.versions("a", { limit: 1 })).toMatchObject({
      items: [{ version: 5, rollbackOf: 1, entry: back.id }],
      next: "5",
    });
    expect(await configurations.differences("a", 4, 5)).toEqual([
      { path: "host", before: "theirs", after: "one" },
      { path: "port", before: 2, after: 1 },
    ]);
    const same = await update({ patch: { port: 1 } });
    await run();
    expect(await resultOf(same.id)).toMatchObject({ version: 5, changes: [] });

    // The claim's answer is lost: asked again, it gives the same. Then the entry is ended by force: nothing is recorded.
    const forced = await update({ patch: { port: 7 } });
    const [first] = await world.claim(session, { claimId: "lost-answer-00001" });
    const [again] = await world.claim(session, { claimId: "lost-answer-00001" });
    expect(again!.parameters).toEqual({ configuration: { host: "one", port: 7 } });
    expect(again!.parameters).toEqual(first!.parameters);
    await world.operations.cancel(alice, forced.id, {});
    await world.operations.cancel(alice, forced.id, { force: true });
    await world.finish(session, first!, { result: { verified: true, result: null } });
    expect(await world.operations.entry(forced.id)).toMatchObject({ status: "canceled", result: null });
    expect(await configurations.known("a")).toMatchObject({ version: 5, configuration: { port: 1 } });
    expect(await unsound(world.database)).toEqual([]);
  });

  test("begins with what the resource has, where its type can read that", async () => {
    const patch = { port: 82, tls: { key: "given-secret" } };
    const first = await world.submit("b", "updateConfiguration", { parameters: { patch } });
    const [assignment] = await world.claim(session);
    expect(assignment).toMatchObject({ configuration: { known: null, patch, read: { implementation: null } } });
    // As its worker merged it; what it masked because the caller gave it, the server knows.
    const tls = { cert: "live-cert", key: "********" };
    const configuration = { host: "live", port: 82, tls };
    await world.finish(session, assignment!, { result: { verified: true, result: null, configuration } });
    expect((await world.operations.entry(first.id)).result).toMatchObject({ version: 1, verified: true, result: null });
    expect(await configurations.known("b")).toMatchObject({
      version: 1,
      configuration: { host: "live", port: 82, tls },
    });
    await world.submit("b", "updateConfiguration", { parameters: { patch: { port: 83 } } });
    const [next] = await world.claim(session);
    expect(next).toMatchObject({
      parameters: { configuration: { host: "live", port: 83, tls: { cert: "live-cert", key: "given-secret" } } },
    });
    expect(next!.configuration).not.toHaveProperty("patch");
    await world.finish(session, next!, { result: { verified: true, result: null } });
    // The whole says everything by itself, and what is wrong with the patch itself is wrong whatever there is.
    await expect(world.submit("c", "updateConfiguration")).rejects.toMatchObject({ code: "unknown_operation" });
    const entries = JSON.stringify(await world.database.query("SELECT * FROM entry"));
    expect(entries).not.toContain("given-secret");
  });

  test("refuses what its schema does not have, with the path and the nearest key, and files nothing", async () => {
    await expect(update({ patch: { prot: 1 } })).rejects.toMatchObject({
      code: "invalid_parameters",
      message: expect.stringMatching(/configuration of a: .*"prot" is unknown/) as string,
      hint: 'Did you mean "port"?',
    });
    await expect(update({ patch: {} })).rejects.toThrow(/"host" is missing/);
    await expect(update({ configuration: { host: 1, port: 0 } })).rejects.toThrow(
      /"port" must be >= 1; "host" must be a text/,
    );
    await expect(update({})).rejects.toThrow(/neither patch nor configuration nor rollback/);
    await expect(update({ rollback: 3 })).rejects.toThrow(/has no version 3/);
    await expect(update({ patch: { host: "x", tls: { key: "********" } } })).rejects.toThrow(/"tls.key" .* is a mask/);
    // What an update before it may bring is no reason to refuse it; what it says itself is.
    await update({ patch: { host: "one" } });
    await update({ patch: { port: 2 } });
    await expect(update({ patch: { port: -2 } })).rejects.toThrow(/"port" must be >= 1/);
    expect((await world.operations.entries({})).items).toHaveLength(2);
  });
});
