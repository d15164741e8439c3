import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, bob, createWorld, unsound, workerToken } from "./world.ts";

describeOnBothEngines("an entry from submit to its end", (engine) => {
  it("is filed, claimed, reported on and finished, with events numbered without gaps", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work", { parameters: { n: 7 }, note: "why not" });
    expect(entry).toMatchObject({
      status: "queued",
      requestedBy: "alice",
      parameters: { n: 7 },
      note: "why not",
      route: "default/automate",
    });
    const [assignment] = await world.claim(session);
    expect(assignment).toMatchObject({
      entry: entry.id,
      attempt: 1,
      operation: "work",
      parameters: { n: 7 },
      resource: { name: "a" },
    });
    const report = await world.operations.report(workerToken, session, {
      reports: [
        {
          entry: entry.id,
          attempt: 1,
          chunks: [
            { number: 1, stream: "stdout", text: "héllo\n" },
            { number: 2, stream: "stderr", base64: Buffer.from([0xff, 0x00]).toString("base64") },
          ],
          progress: { done: 1, total: 2, text: "half" },
        },
      ],
    });
    expect(report.reports).toEqual([{ ok: true, lastChunk: 2, cancel: false }]);
    expect(await world.finish(session, assignment!, { lastChunk: 2, result: { fine: true } })).toEqual({ ok: true });
    const ended = await world.operations.entry(entry.id);
    expect(ended).toMatchObject({
      status: "succeeded",
      result: { fine: true },
      error: null,
      worker: "w1",
      attempt: 1,
      progress: { done: 1, total: 2, text: "half" },
    });
    const events = await world.events(entry.id);
    expect(events.map((event) => [event.seq, event.type])).toEqual([
      [1, "submitted"],
      [2, "claimed"],
      [3, "output"],
      [4, "output"],
      [5, "progress"],
      [6, "finished"],
    ]);
    expect(events[2]!.data).toEqual({ stream: "stdout", text: "héllo\n" });
    expect(events[3]!.data).toEqual({ stream: "stderr", base64: "/wA=" });
    expect(await unsound(world.database)).toEqual([]);
  });

  it("fills in the defaults of the parameters and refuses wrong ones with the nearest name", async () => {
    const world = await createWorld(engine);
    expect((await world.submit("a", "look")).parameters).toEqual({ n: 1 });
    await expect(world.submit("a", "look", { parameters: { m: 1 } })).rejects.toMatchObject({
      code: "invalid_parameters",
    });
    await expect(world.submit("a", "look", { parameters: { n: "x" } })).rejects.toMatchObject({
      code: "invalid_parameters",
    });
    await expect(world.submit("a", "lok")).rejects.toMatchObject({
      code: "unknown_operation",
      hint: 'Did you mean "look"?',
    });
    await expect(world.submit("aa", "look")).rejects.toMatchObject({ code: "unknown_resource" });
    expect((await world.operations.entries({})).items).toHaveLength(1);
  });

  it("files the good calls of a request beside the refused, and none of an atomic one", async () => {
    const world = await createWorld(engine);
    const entries = [
      { resource: "a", operation: "look" },
      { resource: "a", operation: "nope" },
    ];
    const answer = await world.operations.submit(alice, { entries }, undefined);
    expect(answer.entries.map((outcome) => ("entry" in outcome ? "filed" : outcome.error.code))).toEqual([
      "filed",
      "unknown_operation",
    ]);
    const atomic = await world.operations.submit(alice, { entries, atomic: true }, undefined);
    expect(atomic.entries.map((outcome) => ("entry" in outcome ? "filed" : outcome.error.code))).toEqual([
      "conflict",
      "unknown_operation",
    ]);
    expect((await world.operations.entries({})).items).toHaveLength(1);
  });

  it("takes the most urgent first, then the oldest", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const late = await world.submit("a", "look");
    const urgent = await world.submit("b", "look", { priority: 20 });
    const last = await world.submit("c", "look", { priority: 150 });
    expect((await world.claim(session, { slots: 2 })).map((one) => one.entry)).toEqual([urgent.id, late.id]);
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([last.id]);
  });

  it("goes only to workers of its route", async () => {
    const world = await createWorld(engine);
    const other = await world.register("far", { zone: "far" });
    const bound = await world.submit("a", "look", { worker: "far" });
    const near = await world.submit("a", "look");
    expect(near.warning).toBe("no live worker serves the route default/automate");
    expect((await world.claim(other)).map((one) => one.entry)).toEqual([bound.id]);
    const here = await world.register("here");
    expect((await world.claim(here)).map((one) => one.entry)).toEqual([near.id]);
    // A zone beside a worker is not obeyed, and that is said.
    const zoned = await world.submit("a", "look", { worker: "far", zone: "lab" });
    expect(zoned.warning).toBe("the zone lab changes nothing: it runs on the worker far");
    expect((await world.submit("a", "look", { worker: "far", zone: "default" })).warning).toBe(null);
  });

  it("takes no more than the free slots, whatever the worker says", async () => {
    const world = await createWorld(engine);
    const session = await world.register("small", { capacity: 2 });
    for (let i = 0; i < 5; i++) await world.submit("a", "look");
    expect(await world.claim(session, { slots: 5 })).toHaveLength(2);
    expect(await world.claim(session, { slots: 5 })).toHaveLength(0);
  });

  it("runs exclusive operations of a resource one at a time, by priority then age, beside read-only ones", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("a", "work");
    const look = await world.submit("a", "look");
    const [claimedFirst, ...rest] = await world.claim(session);
    expect([claimedFirst!.entry, ...rest.map((one) => one.entry)]).toEqual([first.id, look.id]);
    const urgent = await world.submit("a", "redo", { priority: 0 });
    expect(await world.claim(session)).toEqual([]);
    await world.finish(session, claimedFirst!);
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([urgent.id]);
    await world.finish(session, { entry: urgent.id, attempt: 1 });
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([second.id]);
    expect(await unsound(world.database)).toEqual([]);
  });

  it("waits for its time when it is scheduled", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work", { delay: 40 });
    expect(entry.status).toBe("scheduled");
    expect(await world.claim(session)).toEqual([]);
    await world.operations.start();
    const [assignment] = await world.claim(session, { wait: 10_000 });
    expect(assignment!.entry).toBe(entry.id);
    expect(Date.parse((await world.operations.entry(entry.id)).queuedAt!)).toBeGreaterThanOrEqual(
      Date.parse(entry.deliverAt!),
    );
    expect(await world.eventTypes(entry.id)).toEqual(["submitted", "queued", "claimed"]);
  });

  it("refuses times without an offset", async () => {
    const world = await createWorld(engine);
    await expect(world.submit("a", "work", { at: "2030-01-01T00:00:00" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    expect((await world.submit("a", "work", { at: "2030-01-01T00:00:00+01:00" })).deliverAt).toBe(
      "2029-12-31T23:00:00.000Z",
    );
  });

  it("is retried as a new entry that names the old", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work", { parameters: { n: 3 } });
    await expect(world.operations.retry(bob, entry.id, undefined)).rejects.toMatchObject({ code: "conflict" });
    const [assignment] = await world.claim(session);
    await world.finish(session, assignment!, {
      status: "failed",
      error: { code: "exit_code", message: "exit 3", source: "operation" },
    });
    expect(await world.operations.entry(entry.id)).toMatchObject({
      status: "failed",
      error: { code: "exit_code", message: "exit 3", source: "operation" },
    });
    const again = await world.operations.retry(bob, entry.id, "retry-key");
    expect(again).toMatchObject({ retryOf: entry.id, requestedBy: "bob", parameters: { n: 3 }, status: "queued" });
    expect((await world.operations.retry(bob, entry.id, "retry-key")).id).toBe(again.id);

    await world.database.query("UPDATE entry SET resource = NULL WHERE id = $1", [entry.id]);
    await expect(world.operations.retry(bob, entry.id, "later")).rejects.toMatchObject({
      code: "conflict",
      message: `a of entry ${entry.id} does not exist any more`,
    });
  });

  it("is found again in the history by every filter, page by page", async () => {
    const world = await createWorld(engine);
    for (const name of ["a", "b", "c"]) await world.submit(name, "look");
    await world.submitOne({ resource: "a", operation: "work" }, bob);
    const page = await world.operations.entries({ limit: 3 });
    expect(page.items.map((entry) => entry.resource!.name)).toEqual(["a", "c", "b"]);
    expect(
      (await world.operations.entries({ limit: 3, cursor: page.next! })).items.map((entry) => entry.resource!.name),
    ).toEqual(["a"]);
    const count = async (query: object) => (await world.operations.entries(query)).items.length;
    expect(await count({ resource: "a" })).toBe(2);
    expect(await count({ requestedBy: "bob" })).toBe(1);
    expect(await count({ operation: "look", status: "queued,running" })).toBe(3);
    expect(await count({ until: "2020-01-01T00:00:00Z" })).toBe(0);
    await expect(world.operations.entries({ status: "quued" })).rejects.toMatchObject({
      hint: 'Did you mean "queued"?',
    });
    await expect(world.operations.entries({ cursor: "x" })).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("sets the availability of its resource from the newest check", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const availability = async () =>
      (await world.database.query<{ availability: string }>("SELECT availability FROM resource WHERE name = 'a'"))[0]!
        .availability;
    await world.submit("a", "check");
    const [check] = await world.claim(session);
    await world.finish(session, check!, { result: { availability: "up" } });
    expect(await availability()).toBe("up");
  });
});

describeOnBothEngines("a resource whose secrets can't be opened", (engine) => {
  it("fails its own entries, by the system, and keeps nobody else's from being claimed", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    await world.database.query("UPDATE resource SET connection = 'not what was sealed' WHERE name = 'a'");
    const shut = await world.submit("a", "work");
    const next = await world.submit("a", "look");
    const other = await world.submit("b", "look");
    expect((await world.claim(session)).map((one) => one.entry)).toEqual([other.id]);
    for (const id of [shut.id, next.id]) {
      expect(await world.operations.entry(id)).toMatchObject({
        status: "failed",
        error: { code: "sealed", source: "system" },
      });
    }
    expect(await unsound(world.database)).toEqual([]);
  });
});

describeOnBothEngines("a submit of very many unknown names", (engine) => {
  it("is refused item by item, with the nearest name for the first of them", async () => {
    const world = await createWorld(engine);
    const entries = Array.from({ length: 500 }, (_, i) => ({ resource: `nobody-${i}`, operation: "look" }));
    const answer = await world.operations.submit(alice, { entries }, undefined);
    expect(answer.entries.every((outcome) => "error" in outcome && outcome.error.code === "unknown_resource")).toBe(
      true,
    );
  });
});
