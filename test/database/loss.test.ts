/** A database whose connections break: what is repeated, what is not, and what is told. PostgreSQL only: SQLite has none. */
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { createProxy, type Proxy } from "../../tools/drill/proxy.ts";
import { createTestDatabase } from "../support/engines.ts";
import { migrated } from "../operations/world.ts";

interface World {
  database: Database;
  proxy: Proxy;
  /** A connection of its own, past the proxy. */
  admin: pg.Client;
}

/** A database behind a proxy; `lost` connections are the proxy's to make. */
async function open(options: { silence?: number } = {}): Promise<World> {
  const place = await createTestDatabase("postgres", migrated);
  if (place.engine !== "postgres") throw new Error("asked for PostgreSQL");
  onTestFinished(place.cleanup);
  const url = new URL(place.url);
  const proxy = await createProxy(Number(url.port));
  onTestFinished(proxy.close);
  const admin = new pg.Client({ connectionString: place.url, options: "-c search_path=wilco" });
  await admin.connect();
  onTestFinished(() => admin.end());
  url.port = String(proxy.port);
  const database = await openDatabase({ url: url.href, ...options });
  onTestFinished(() => database.close());
  return { database, proxy, admin };
}

const insert = "INSERT INTO setting (name, value) VALUES ($1, '1')";
const names = async ({ admin }: World) =>
  (await admin.query<{ name: string }>("SELECT name FROM setting ORDER BY name")).rows.map((row) => row.name);

/** Ends every connection of ours on the database's side, as a restart of PostgreSQL does. */
const terminate = async ({ admin }: World) => {
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wilco'",
  );
};

describe("a lost connection to the database", () => {
  it("between two statements of a transaction has it repeated as a whole, once", async () => {
    const world = await open();
    let tries = 0;
    await world.database.transaction(async (tx) => {
      await tx.query(insert, ["once"]);
      if (++tries === 1) {
        await terminate(world);
        // Until this end has heard of it, with no statement under way that the error could belong to.
        while (world.proxy.connections > 0) await new Promise(setImmediate);
        await new Promise(setImmediate);
      }
      await tx.query(insert, ["twice"]);
    });
    expect(tries).toBe(2);
    expect(await names(world)).toEqual(["once", "twice"]);
  });

  it("before the COMMIT was sent has it repeated too", async () => {
    const world = await open();
    let tries = 0;
    await world.database.transaction(async (tx) => {
      await tx.query(insert, ["once"]);
      if (++tries > 1) return;
      await terminate(world);
      while (world.proxy.connections > 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
    });
    expect(tries).toBe(2);
    expect(await names(world)).toEqual(["once"]);
  });

  it("while nobody uses it is not noticed by the next call", async () => {
    const world = await open();
    await world.database.transaction((tx) => tx.query(insert, ["before"]));
    await terminate(world);
    expect(await world.database.query("SELECT name FROM setting")).toEqual([{ name: "before" }]);
    await terminate(world);
    await world.database.transaction((tx) => tx.query(insert, ["after"]));
    expect(await names(world)).toEqual(["after", "before"]);
  });

  it("with the COMMIT under way is told as it is: it may have happened, and nothing is repeated", async () => {
    const world = await open();
    let tries = 0;
    world.proxy.onRequest = (bytes) => {
      if (bytes.includes("COMMIT")) world.proxy.cut();
    };
    const lost = world.database.transaction(async (tx) => {
      tries++;
      await tx.query(insert, [`try ${tries}`]);
    });
    await expect(lost).rejects.toMatchObject({ code: "unavailable", details: undefined });
    expect(tries).toBe(1);
  });

  it("that nobody was told of is noticed by its silence, also in the middle of a transaction", async () => {
    const world = await open({ silence: 300 });
    let tries = 0;
    await world.database.transaction(async (tx) => {
      if (++tries === 1) world.proxy.forget();
      await tx.query(insert, [`try ${tries}`]);
    });
    expect(await names(world)).toEqual(["try 2"]);
  });

  it("is not taken for dead while PostgreSQL works on it or waits for a lock", async () => {
    // Asking after it takes a connection of its own, which on a busy machine takes its time.
    const world = await open({ silence: 500 });
    await world.admin.query("BEGIN; LOCK TABLE setting");
    const waiting = world.database.transaction(async (tx) => {
      // Longer than the silence: a time is what this is about.
      await tx.query("SELECT pg_sleep(0.8)");
      await tx.query(insert, ["patient"]);
    });
    for (;;) {
      const { rowCount } = await world.admin.query("SELECT 1 FROM pg_locks WHERE NOT granted");
      if (rowCount === 1) break;
    }
    await world.admin.query("SELECT pg_sleep(0.8)");
    await world.admin.query("COMMIT");
    await waiting;
    expect(await names(world)).toEqual(["patient"]);
  });

  it("that does not come back within 5 s is told, with the certainty that nothing was done", async () => {
    const world = await open();
    world.proxy.target(1);
    world.proxy.cut();
    await expect(world.database.transaction((tx) => tx.query(insert, ["never"]))).rejects.toMatchObject({
      code: "unavailable",
      details: { carriedOut: false },
    });
    expect(await names(world)).toEqual([]);
  });
});

describe("the connection that listens", () => {
  const heard = () => {
    let next = Promise.withResolvers<string>();
    return {
      receive: (payload: string) => next.resolve(payload),
      async message() {
        const payload = await next.promise;
        next = Promise.withResolvers();
        return payload;
      },
    };
  };

  it("is opened again when it was ended, and then anything may have changed", async () => {
    const world = await open();
    const { receive, message } = heard();
    world.database.listen(receive);
    expect(await message()).toBe("*");
    await terminate(world);
    expect(await message()).toBe("*");
    expect(world.database.listening).toBe(true);
    await world.admin.query("NOTIFY wilco, 'still there'");
    expect(await message()).toBe("still there");
  });

  it("is noticed to be dead by its silence", async () => {
    const world = await open({ silence: 200 });
    const { receive, message } = heard();
    world.database.listen(receive);
    expect(await message()).toBe("*");
    world.proxy.freeze();
    while (world.database.listening) await new Promise((resolve) => setTimeout(resolve, 10));
    world.proxy.thaw();
    expect(await message()).toBe("*");
  });

  it("makes good with one announcement for what could not be announced while it was away", async () => {
    const world = await open();
    const other = heard();
    world.admin.on("notification", ({ payload }) => other.receive(payload ?? ""));
    await world.admin.query("LISTEN wilco");
    const { receive, message } = heard();
    world.database.listen(receive);
    await message();
    world.database.notify("first");
    expect(await other.message()).toBe("first");
    await terminate(world);
    while (world.database.listening) await new Promise(setImmediate);
    world.database.notify("nobody hears this");
    expect(await other.message()).toBe("*");
  });
});
