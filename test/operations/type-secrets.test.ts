/** `{{secrets.NAME}}` in types and connections: handed to the one worker that runs the entry, and kept nowhere else. */
import { expect, test } from "vitest";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { recordFindings } from "../../src/inventory/record-findings.ts";
import { createSealer } from "../../src/inventory/sealer.ts";
import { createSecretStore } from "../../src/inventory/secret-store.ts";
import { createTypes } from "../../src/inventory/types.ts";
import { parseResourceType } from "../../src/resource-types/parse-type.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, unsound } from "./world.ts";

const schemas = createSchemaValidator();
const api = parseResourceType(
  "api",
  {
    connection: { type: "object", properties: { url: { type: "string" }, token: { type: "string", secret: true } } },
    operations: {
      call: { http: { url: "{{connection.url}}", headers: { authorization: "Bearer {{secrets.api.key}}" } } },
      dump: { run: ["dump"], env: { PASSWORD: "{{secrets.db}}" } },
      plain: { run: ["true"] },
    },
  },
  { schemas },
);

describeOnBothEngines("a secret that a type names", (engine) => {
  test("goes to the worker with the entry; a missing one fails before anything runs, with its name", async () => {
    const world = await createWorld(engine);
    const { database } = world;
    const store = createSecretStore({ database, sealer: createSealer(new Uint8Array(32).fill(7)) });
    const types = createTypes({ schemas });
    await store.set("root", "api.key", "key-of-the-api");
    await database.transaction(async (tx) => {
      await types.save(tx, [api]);
      await tx.query("UPDATE resource SET type = 'api' WHERE name <> 'c'");
      await tx.query(`UPDATE resource SET connection = $1 WHERE name = 'b'`, [
        JSON.stringify({ plain: { url: "http://{{secrets.host}}/", list: ["\\{{secrets.host}}"] }, sealed: null }),
      ]);
    });
    const session = await world.register();

    const call = await world.submit("a", "call");
    const [given] = await world.claim(session, { claimId: "the-call-of-a-0001" });
    expect(given).toMatchObject({ entry: call.id, storedSecrets: { "api.key": "key-of-the-api" } });
    expect(given!.secrets).toContain("key-of-the-api");
    // Its answer was lost: the same claim gets the same.
    expect(await world.claim(session, { claimId: "the-call-of-a-0001" })).toMatchObject([
      { storedSecrets: { "api.key": "key-of-the-api" } },
    ]);
    await world.finish(session, given!);

    await expect(world.submit("a", "dump")).rejects.toMatchObject({
      code: "unknown_secret",
      message: 'There is no secret "db"',
    });
    await store.set("root", "db", "password-of-db");
    const dump = await world.submit("a", "dump");
    await store.remove("db");
    expect(await world.claim(session)).toEqual([]);
    expect(await world.operations.entry(dump.id)).toMatchObject({
      status: "failed",
      error: { code: "unknown_secret", source: "system", message: expect.stringContaining('"db"') as string },
    });

    // Of the connection the server only knows when it is opened.
    const plain = await world.submit("b", "plain");
    expect(await world.claim(session)).toEqual([]);
    expect((await world.operations.entry(plain.id)).error).toMatchObject({ details: { secret: "host" } });
    await store.set("root", "host", "host.internal");
    await world.submit("b", "plain");
    const [filled] = await world.claim(session);
    expect(filled!.resource.connection).toEqual({ url: "http://host.internal/", list: ["\\{{secrets.host}}"] });
    expect(filled!.secrets).toContain("host.internal");
    await world.finish(session, filled!);

    // What a discovery found was written by a worker, and may be taken by a rule: it names none.
    const found = await database.transaction((tx) =>
      recordFindings(tx, [{ name: "x", type: "api", connection: { url: "{{secrets.host}}" } }], {
        entry: call.id,
        resource: call.resource!.id,
      }),
    );
    expect(found).toMatchObject({ found: 0, problems: [{ message: expect.stringContaining('"host"') as string }] });

    const kept = [
      await database.query("SELECT * FROM entry"),
      await database.query("SELECT * FROM entry_event"),
      await database.query("SELECT * FROM resource"),
    ];
    expect(JSON.stringify(kept)).not.toMatch(/key-of-the-api|password-of-db|host\.internal/);
    expect(await unsound(database)).toEqual([]);
  });
});
