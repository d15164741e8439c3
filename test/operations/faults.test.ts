/** Ten prepared faults: an operator who asks only `why` and `doctor` is told the cause and what to do about it. */
import { expect, it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/database/database.ts";
import type { Finding } from "../../src/domain/doctor.ts";
import type { Why } from "../../src/domain/why.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { createTypes } from "../../src/inventory/types.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, operation, serve, thing, workerToken, type World } from "./world.ts";

/** What the operator reads: sentences and commands, of the entry and of what it waits for. */
function textOf(why: Why): string {
  const own = [why.message, why.hint ?? "", ...why.commands].join("\n");
  return why.because === null ? own : `${own}\n${textOf(why.because)}`;
}

async function doctor(world: Pick<World, "operations">): Promise<string> {
  const { findings, healthy } = await world.operations.doctor();
  expect(healthy).toBe(findings.length === 0);
  return findings.map((one: Finding) => [one.level, one.message, one.hint, ...one.commands].join("\n")).join("\n");
}

describeOnBothEngines("an operator with why and doctor finds", (engine) => {
  const open = () => createWorld(engine);

  it("1. no worker with the role in the zone", async () => {
    const world = await open();
    await world.register("db-1", { zone: "eu", roles: ["db"] });
    await world.register("w1");
    const { id } = await world.submit("a", "work", { zone: "eu" });
    const cause = "No live worker serves the route eu/automate";
    const fix = "wilco worker --zone eu --role automate";
    const why = textOf(await world.operations.why(id));
    expect(why).toContain(cause);
    expect(why).toContain("in zone eu db-1 (zone eu, role db); with role automate w1 (zone default, role automate)");
    expect(why).toContain(fix);
    expect(await doctor(world)).toContain(cause);
    expect(await doctor(world)).toContain(fix);
  });

  it("2. a worker that is full", async () => {
    const world = await open();
    const session = await world.register("w1", { capacity: 1 });
    const first = await world.submit("a", "look");
    const second = await world.submit("b", "look");
    await world.claim(session, { slots: 1 });
    const why = textOf(await world.operations.why(second.id));
    expect(why).toContain(`full: w1 runs 1/1; the oldest there is entry ${first.id} (a look)`);
    expect(why).toContain("more slots, another worker, or canceling what hangs");
    await world.database.query("UPDATE entry SET queued_at = queued_at - 3600000 WHERE id = $1", [second.id]);
    expect(await doctor(world)).toMatch(
      new RegExp(
        `default/automate 1 entry waits, the oldest \\(entry ${second.id}\\) for 1h[^]*wilco entry why ${second.id}`,
      ),
    );
  });

  it("3. a resource that is held", async () => {
    const world = await open();
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("a", "redo");
    await world.claim(session, { slots: 1 });
    const why = textOf(await world.operations.why(second.id));
    expect(why).toContain(`a is held by entry ${first.id} (a work), running for`);
    expect(why).toContain(`wilco entry cancel ${first.id}`);
    expect(why).toContain("It runs on w1 on test (process 1)");
  });

  it("4. an entry that is not due", async () => {
    const world = await open();
    await world.register();
    const { id } = await world.submit("a", "work", { delay: 7_200_000 });
    const why = textOf(await world.operations.why(id));
    expect(why).toMatch(/It is not due before 2\d{3}-\S+, in (2h|1h 59m)/);
    expect(why).toContain(`wilco entry cancel ${id}`);
  });

  it("5. a worker that is dead", async () => {
    const world = await open();
    const session = await world.register();
    const running = await world.submit("a", "work");
    await world.claim(session);
    const waiting = await world.submit("b", "work");
    await world.database.query("UPDATE worker SET seen_at = seen_at - 60000");
    await world.database.query(
      "UPDATE entry SET seen_at = seen_at - 60000, lease_expires = lease_expires - 60000 WHERE id = $1",
      [running.id],
    );
    expect(textOf(await world.operations.why(running.id))).toMatch(
      /Its worker is silent for 1m[^]*Look at that worker and its machine[^]*wilco entry cancel \d+ --force/,
    );
    expect(textOf(await world.operations.why(waiting.id))).toMatch(
      /w1 on test \(process 1\) did, and is silent for 1m/,
    );
    expect(await doctor(world)).toMatch(
      /^error\nWorker w1 on test \(process 1\) is silent for 1m[^]*start it anew[^]*have no lease|has no lease any more/,
    );
  });

  it("6. a route that is paused", async () => {
    const world = await open();
    await world.register();
    await world.operations.pauseRoute(alice, { route: "default/automate", reason: "the switch is replaced" });
    const { id } = await world.submit("a", "work");
    for (const text of [textOf(await world.operations.why(id)), await doctor(world)]) {
      expect(text).toMatch(/The route default\/automate (was|is) paused by alice/);
      expect(text).toContain("the switch is replaced");
      expect(text).toContain("wilco queue resume default/automate");
    }
  });

  it("7. a worker that is too old for the type", async () => {
    const world = await open();
    const types = createTypes({ schemas: createSchemaValidator() });
    const gadget = { ...thing, name: "gadget", builtin: false, operations: { work: operation("work") } };
    const newer = { ...gadget, operations: { work: operation("work", { description: "with a report" }) } };
    const old = await world.register("old", { types: [gadget], saveTypes: types.saveFromWorker });
    await world.database.query("UPDATE resource SET type = 'gadget' WHERE name = 'a'");
    const { id } = await world.submit("a", "work");
    const fresh = await world.register("new", { types: [newer], saveTypes: types.saveFromWorker });
    await world.operations.stopWorker(workerToken, fresh);
    expect(await world.claim(old)).toEqual([]);
    const why = textOf(await world.operations.why(id));
    expect(why).toMatch(
      /No live worker of default\/automate can run the type gadget as the server has it .*old has the version/,
    );
    for (const text of [why, await doctor(world)]) {
      expect(text).toContain("too old for");
      expect(text).toContain("wilco workers reload old");
    }
    const answer = await world.register("old", { types: [newer], saveTypes: types.saveFromWorker });
    expect((await world.claim(answer)).map(({ entry }) => entry)).toEqual([id]);
    expect(await doctor(world)).not.toContain("too old for");
  });

  it("8. a database that is slow", async () => {
    const world = await open();
    const slow = serve(engine, slowed(world.database, 150));
    const text = await doctor(slow);
    expect(text).toMatch(/The database is slow: a round trip takes \d+ms/);
    expect(text).toContain("Look at the load, the disk and the network of the database server");
  });

  it("9. clocks that differ", async () => {
    const world = await open();
    const session = await world.register();
    await world.operations.heartbeat(workerToken, session, {
      leases: [],
      state: "ready",
      health: { time: Date.now() + 3_600_000 },
    });
    const text = await doctor(world);
    expect(text).toMatch(/The clock of worker w1 on test is (1h|59m \d+s) ahead of the database's/);
    expect(text).toContain("Keep that machine in time (NTP)");
  });

  it("10. a worker's disk that is full", async () => {
    const world = await open();
    const session = await world.register();
    const disk = { free: 10 * 1024 ** 2, total: 100 * 1024 ** 3 };
    await world.operations.heartbeat(workerToken, session, {
      leases: [],
      state: "ready",
      health: { time: Date.now(), disk },
    });
    expect(await doctor(world)).toMatch(
      /The disk of worker w1 on test is full: 10 MB of 100 GB are free\nFree some space there/,
    );
  });

  it("10. … and the database's own", async () => {
    const world = await open();
    const full = serve(engine, await filled(world.database));
    const { findings } = await full.operations.doctor();
    expect(findings[0]).toMatchObject({ level: "error", code: "storage_full" });
    expect(await doctor(full)).toMatch(/Nothing can be written, for the disk is full[^]*Free some space on that disk/);
  });
});

/** Each answer of the database comes this much later, ms. */
function slowed(database: Database, delay: number): Database {
  return {
    ...database,
    get listening() {
      return database.listening;
    },
    async query(text, parameters) {
      await sleep(delay);
      return database.query(text, parameters);
    },
    async transaction(work) {
      await sleep(delay);
      return database.transaction(work);
    },
  };
}

/** SQLite is really out of room; PostgreSQL would need a disk of its own for that, so it is made to say what it says. */
async function filled(database: Database): Promise<Database> {
  if (database.dialect.engine === "sqlite") {
    const [pages] = await database.query<{ page_count: number }>("PRAGMA page_count");
    await database.query(`PRAGMA max_page_count = ${pages!.page_count}`);
    return database;
  }
  const full = () => Object.assign(new Error("could not extend file: No space left on device"), { code: "53100" });
  return {
    ...database,
    get listening() {
      return database.listening;
    },
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          ...tx,
          query: (text, parameters) =>
            text.startsWith("INSERT") ? Promise.reject(full()) : tx.query(text, parameters),
        }),
      ),
  };
}
