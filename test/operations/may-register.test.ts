/** Who may register a worker under which name: a claim carries opened secrets. */
import { expect, it } from "vitest";
import { createTokens } from "../../src/access/tokens.ts";
import type { Principal } from "../../src/operations/contract.ts";
import { describeOnBothEngines, type EngineWorld } from "../support/engines.ts";
import { createWorld, workerToken } from "./world.ts";

const admin: Principal = { name: "root", role: "admin", zones: null, roles: null };
const edge: Principal = { name: "edge", role: "worker", zones: ["edge"], roles: null };

/** "a" of the zone default is bound to w1; the tokens of the principals are there. */
async function openWorld(engine: EngineWorld) {
  const world = await createWorld(engine);
  const tokens = createTokens({ database: world.database });
  await tokens.create("test", { name: admin.name, role: "admin" });
  await tokens.create("test", { name: edge.name, role: "worker", zones: ["edge"] });
  await tokens.create("test", { name: workerToken.name, role: "worker" });
  await world.database.query("UPDATE resource SET worker = 'w1' WHERE name = 'a'");
  const sessions = () => world.database.query("SELECT name, token FROM worker ORDER BY started_at");
  /** A worker of that name came and went, some time ago. */
  const served = async (name: string, as: Principal) => {
    await world.operations.stopWorker(as, await world.register(name, { as }));
    await world.database.query("UPDATE worker SET started_at = started_at - 1000");
  };
  return { ...world, tokens, sessions, served };
}

describeOnBothEngines("a worker's name", (engine) => {
  it("that a resource of another zone is bound to is refused to a token for some zones, and nothing is written", async () => {
    const { register, sessions, database } = await openWorld(engine);
    await expect(register("w1", { as: edge, zone: "edge" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("a in the zone default is bound to it") as string,
    });
    expect(await sessions()).toEqual([]);
    await database.query("UPDATE resource SET zone = 'edge' WHERE name = 'a'");
    await register("w1", { as: edge, zone: "edge" });
    await register("free", { as: edge, zone: "edge" });
  });

  it("stays with the token that had it, also after its worker has stopped", async () => {
    const { register, served, tokens } = await openWorld(engine);
    await served("box", workerToken);
    const taking = () => register("box", { as: edge, zone: "edge" });
    await expect(taking()).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("belongs to the token worker-token") as string,
    });
    await served("box", workerToken);
    await tokens.revoke(workerToken.name);
    await taking();
  });

  it("is free again when the token that had it has expired", async () => {
    const { register, served, database, sessions } = await openWorld(engine);
    await served("box", workerToken);
    await database.query("UPDATE token SET expires_at = 1 WHERE name = $1", [workerToken.name]);
    await register("box", { as: edge, zone: "edge" });
    expect(await sessions()).toMatchObject([{ token: "worker-token" }, { token: "edge" }]);
  });

  it("may be taken by an admin, and is the admin's then", async () => {
    const { register, served, sessions } = await openWorld(engine);
    await served("box", workerToken);
    await served("box", admin);
    await expect(register("box")).rejects.toMatchObject({ code: "forbidden" });
    expect(await sessions()).toMatchObject([{ token: "worker-token" }, { token: "root" }]);
  });
});

describeOnBothEngines("a registration that is refused", (engine) => {
  const types = [{ name: "brought" }];

  it("for its zone, its name or its types leaves nothing behind", async () => {
    const { operations, register, database, sessions } = await openWorld(engine);
    await register("taken");
    const before = await sessions();
    const request = {
      name: "w2",
      zone: "edge",
      roles: ["automate"],
      capacity: 1,
      host: "h",
      pid: 1,
      version: "0",
      types,
      succession: "0123456789abcdef",
    };
    const save = async (tx: { query(text: string, parameters: unknown[]): Promise<unknown> }) => {
      await tx.query(
        "INSERT INTO resource_type (name, version, descriptor, builtin, updated_at) VALUES ('brought', '1', '{}', 0, 1)",
        [],
      );
    };
    for (const wrong of [{ zone: "default" }, { name: "w1" }]) {
      await expect(operations.registerWorker(edge, { ...request, ...wrong }, save)).rejects.toMatchObject({
        code: "forbidden",
      });
    }
    await expect(operations.registerWorker(workerToken, { ...request, name: "taken" }, save)).rejects.toMatchObject({
      code: "worker_name_taken",
    });
    const refused = new Error("no descriptor");
    await expect(
      operations.registerWorker(edge, request, async (tx) => {
        await save(tx);
        throw refused;
      }),
    ).rejects.toBe(refused);
    expect(await database.query("SELECT name FROM resource_type")).toEqual([{ name: "thing" }]);
    expect(await sessions()).toEqual(before);
    await operations.registerWorker(edge, request, save);
    expect(await database.query("SELECT name FROM resource_type ORDER BY name")).toHaveLength(2);
  });
});
