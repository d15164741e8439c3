import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, serve, workerToken } from "./world.ts";

describeOnBothEngines("the doctor", (engine) => {
  it("finds nothing in a sound world, and says what it looked at", async () => {
    const world = await createWorld(engine);
    await world.register();
    await world.submit("a", "work");
    const { findings, healthy, figures } = await world.operations.doctor();
    // How fast the machine is just now is nobody's fault here.
    expect(findings.filter(({ code }) => code !== "database_slow")).toEqual([]);
    expect(typeof healthy).toBe("boolean");
    expect(figures).toMatchObject({ engine: engine.engine, liveWorkers: 1, queued: 1, running: 0 });
    expect(figures.databaseVersion).toMatch(/^\d/);
    expect(await world.database.query("SELECT name FROM setting WHERE name LIKE 'doctor%'")).toEqual([]);
  });

  it("tells heads and due entries that disagree with the rest", async () => {
    const world = await createWorld(engine);
    await world.register();
    const { id } = await world.submit("a", "work");
    const later = await world.submit("b", "work", { delay: 3_600_000 });
    await world.database.query("UPDATE entry SET head = 0 WHERE id = $1", [id]);
    await world.database.query("UPDATE entry SET deliver_at = 1 WHERE id = $1", [later.id]);
    const { findings } = await world.operations.doctor();
    expect(findings.slice(0, 2)).toMatchObject([
      { code: "maintenance_late", level: "error", details: { entries: [later.id] } },
      { code: "head_missing", level: "error" },
    ]);
    await world.operations.maintenance.round();
    const codes = (await world.operations.doctor()).findings.map(({ code }) => code);
    expect(codes).not.toContain("maintenance_late");
    expect(codes).not.toContain("head_missing");
  });

  it("counts what waits by route, along the index and with what waits behind a head", async () => {
    const world = await createWorld(engine);
    await world.register("w9", { zone: "eu" });
    for (const operation of ["work", "work", "look"]) await world.submit("a", operation);
    await world.submit("b", "look", { priority: 0, zone: "us" });
    const { findings, figures } = await world.operations.doctor();
    expect(figures.queued).toBe(4);
    expect(findings.filter(({ code }) => code === "route_unserved")).toMatchObject([
      {
        details: { route: "default/automate", waiting: 3 },
        commands: [expect.stringContaining("--zone default"), "wilco entry why 1"],
      },
      {
        details: { route: "us/automate", waiting: 1 },
        commands: [expect.stringContaining("--zone us"), "wilco entry why 4"],
      },
    ]);
  });

  it("warns of leases that lapse, and of tokens that expire", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const { id } = await world.submit("a", "work");
    await world.claim(session);
    await world.database.query("UPDATE entry SET lease_expires = lease_expires - 25000 WHERE id = $1", [id]);
    await world.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO token (name, role, hash, created_by, created_at, expires_at)
         VALUES ('ci', 'operator', 'x', 'test', 1, $1)`,
        [tx.now() + 86_400_000],
      );
    });
    const { findings } = await world.operations.doctor();
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: "lease_lapsing", commands: [`wilco entry why ${id}`] }),
        expect.objectContaining({
          code: "token_expiring",
          message: expect.stringContaining("ci (operator)") as string,
        }),
      ]),
    );
    await world.database.query("UPDATE entry SET lease_expires = 1 WHERE id = $1", [id]);
    expect((await world.operations.doctor()).findings[0]).toMatchObject({ code: "lease_lapsed", level: "error" });
    await world.operations.stopWorker(workerToken, session);
  });
});

describeOnBothEngines("servers of one database", (engine) => {
  it("are to have the same lease: one that has another than the last that started says so", async () => {
    const world = await createWorld(engine);
    const codes = async (of: { operations: typeof world.operations }) =>
      (await of.operations.doctor()).findings.map(({ code }) => code);
    await world.operations.start();
    expect(await codes(world)).not.toContain("times_differ");
    const other = serve(engine, world.database, { lease: 5_000 });
    await other.operations.start();
    expect(await codes(other)).not.toContain("times_differ");
    const { findings } = await world.operations.doctor();
    expect(findings.find(({ code }) => code === "times_differ")).toMatchObject({
      level: "warning",
      message: "This server has --lease 30s --lost-after 5m, the last one that started has --lease 5s --lost-after 5m",
      details: { own: { lease: 30_000 }, last: { lease: 5_000 } },
    });
  });
});
