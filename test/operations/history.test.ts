/** The history by its filters: each finds what it says, in order, page by page. */
import { expect, it } from "vitest";
import type { EntriesQuery } from "../../src/protocol/messages.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, bob, createWorld } from "./world.ts";

const HOUR = 3_600_000;

describeOnBothEngines("the history", (engine) => {
  it("of a resource has what ran on former ones of its name, in one order, page by page", async () => {
    const world = await createWorld(engine);
    const { database, operations } = world;
    const session = await world.register();
    const look = async (resource: string | number, principal = alice) =>
      (await world.submitOne({ resource, operation: "look" }, principal)).id;
    const ids = async (query: EntriesQuery) => (await operations.entries(query)).items.map(({ id }) => id);
    const former = [await look("c"), await look("c", bob)];
    for (const claimed of await world.claim(session)) await world.finish(session, claimed);
    await database.query("DELETE FROM resource WHERE name = 'c'");
    await database.query(
      `INSERT INTO resource (name, type, zone, labels, connection, availability, version, created_at, updated_at)
       SELECT 'c', type, zone, labels, connection, availability, 1, 1, 1 FROM resource WHERE name = 'a'`,
    );
    const [c] = await database.query<{ id: number }>("SELECT id FROM resource WHERE name = 'c'");
    const other = await look("a");
    const now = [await look("c"), await look(c!.id, bob)];
    const all = [...former, ...now].toReversed();
    expect(await ids({ resource: "c" })).toEqual(all);
    expect(await ids({ resource: "c", order: "oldest" })).toEqual(all.toReversed());
    expect(await ids({ resource: "c", requestedBy: "bob" })).toEqual([now[1], former[1]]);
    expect(await ids({ resource: "c", status: "succeeded" })).toEqual(former.toReversed());
    expect(await ids({ resource: String(c!.id) })).toEqual(now.toReversed());
    expect(await ids({ resource: "none" })).toEqual([]);
    expect(await ids({ resource: "9".repeat(40) })).toEqual([]);
    expect(await ids({ requestedBy: "alice" })).toEqual([now[0], other, former[0]]);
    // Pages from either end meet nothing twice and leave nothing out.
    for (const order of ["newest", "oldest"] as const) {
      const pages: number[][] = [];
      for (let cursor: string | undefined; pages.length < 5;) {
        const page = await operations.entries({ resource: "c", order, limit: 3, ...(cursor ? { cursor } : {}) });
        pages.push(page.items.map(({ id }) => id));
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(pages.map((page) => page.length)).toEqual([3, 1]);
      expect(pages.flat()).toEqual(order === "newest" ? all : all.toReversed());
    }
  });

  it("of a time is what was filed in it, also by a server whose transaction came late", async () => {
    const world = await createWorld(engine);
    const start = Date.parse("2026-01-01T00:00:00Z");
    const filed: number[] = [];
    // An hour apart; the fourth has a lower id than it should have.
    for (const hour of [0, 1, 2, 4 - 1 / 60, 4, 5]) {
      const { id } = await world.submit("a", "look");
      await world.database.query("UPDATE entry SET created_at = $1 WHERE id = $2", [start + hour * HOUR, id]);
      filed.push(id);
    }
    await world.database.query("UPDATE entry SET created_at = $1 WHERE id = $2", [
      start + 4 * HOUR + 30_000,
      filed[3]!,
    ]);
    const at = (hour: number) => new Date(start + hour * HOUR).toISOString();
    const ids = async (query: EntriesQuery) =>
      (await world.operations.entries({ order: "oldest", ...query })).items.map(({ id }) => id);
    expect(await ids({ since: at(4) })).toEqual(filed.slice(3));
    expect(await ids({ since: at(4.005) })).toEqual([filed[3], filed[5]]);
    expect(await ids({ until: at(4.005) })).toEqual([filed[0], filed[1], filed[2], filed[4]]);
    expect(await ids({ since: at(1), until: at(2) })).toEqual([filed[1]]);
    expect(await ids({ since: at(6) })).toEqual([]);
    expect(await ids({ until: at(0) })).toEqual([]);
  });
});
