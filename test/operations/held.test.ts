import { describe, expect, it, vi } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import type { PollRequest } from "../../src/protocol/messages.ts";
import { createGroupCommit } from "../../src/operations/group-commit.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, optionsOf, serve, workerToken } from "./world.ts";

describeOnBothEngines("a held poll", (engine) => {
  it("is answered by the change of any of its entries, with the events asked for", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const quiet = await world.submit("a", "work");
    const entry = await world.submit("b", "work");
    const poll = world.operations.poll(
      {
        entries: [
          { id: quiet.id, seen: 1 },
          { id: entry.id, seen: 1, after: 1 },
        ],
        wait: 20_000,
      },
      world.never,
    );
    const claimed = await world.claim(session, { slots: 1 });
    const answer = await poll;
    expect(answer.entries.map((change) => change.id)).toEqual([claimed[0]!.entry]);
    const rest = await world.claim(session);
    const next = await world.operations.poll(
      { entries: [{ id: rest[0]!.entry, seen: 1, after: 0 }], wait: 20_000 },
      world.never,
    );
    expect(next.entries[0]).toMatchObject({
      id: rest[0]!.entry,
      entry: { status: "running" },
      events: [{ type: "submitted" }, { type: "claimed" }],
      more: false,
    });
  });

  it("is answered empty when its time is over, when it is aborted, and when the server stops", async () => {
    const world = await createWorld(engine);
    const entry = await world.submit("a", "work");
    const request = { entries: [{ id: entry.id, seen: 1 }] };
    expect(await world.operations.poll({ ...request, wait: 10 }, world.never)).toMatchObject({ entries: [] });
    const abort = new AbortController();
    const aborted = world.operations.poll({ ...request, wait: 20_000 }, abort.signal);
    abort.abort();
    expect(await aborted).toMatchObject({ entries: [] });
    const held = world.operations.poll({ ...request, wait: 20_000 }, world.never);
    await world.operations.stop();
    expect(await held).toMatchObject({ entries: [] });
  });

  it("names the ids that do not exist", async () => {
    const world = await createWorld(engine);
    const answer = await world.operations.poll({ entries: [{ id: 4711, seen: 0 }] }, world.never);
    expect(answer.entries).toMatchObject([{ id: 4711, error: { code: "unknown_entry" } }]);
  });

  it("of very many entries answers with those that changed", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { capacity: 1_000 });
    const calls = Array.from({ length: 300 }, () => ({ resource: "a", operation: "look" }));
    const filed = await world.operations.submit(
      { name: "alice", role: "operator", zones: null, roles: null },
      { entries: calls },
      undefined,
    );
    const ids = filed.entries.map((outcome) => ("entry" in outcome ? outcome.entry.id : 0));
    const poll = world.operations.poll({ entries: ids.map((id) => ({ id, seen: 1 })), wait: 20_000 }, world.never);
    const claimed = await world.claim(session, { slots: 7 });
    expect((await poll).entries.map((change) => change.id).toSorted((a, b) => a - b)).toEqual(
      claimed.map((one) => one.entry).toSorted((a, b) => a - b),
    );
  });

  describe("until the end of many", () => {
    const many = 30;
    async function waitingFor() {
      const world = await createWorld(engine, { pollFloor: 60_000 });
      const session = await world.register("w1", { capacity: 100 });
      const calls = Array.from({ length: many }, () => ({ resource: "a", operation: "look" }));
      const filed = await world.operations.submit(alice, { entries: calls }, undefined);
      const ids = filed.entries.map((outcome) => ("entry" in outcome ? outcome.entry.id : 0));
      const poll = async (more: Partial<PollRequest> = {}) => {
        const { entries, ...answer } = await world.operations.poll({ entries: [], until: "end", ...more }, world.never);
        const told = entries.map((one) => [one.id, "error" in one ? one.error.code : one.entry.status]);
        return { ...answer, told: Object.fromEntries(told) as Record<number, string> };
      };
      const first = await poll({ entries: ids.map((id) => ({ id, seen: 1 })) });
      expect(first.told).toEqual({});
      return { world, session, ids, poll, cursor: first.cursor! };
    }

    it("answers with ends alone while there is time, and remembers what was asked", async () => {
      const { world, session, ids, poll, cursor } = await waitingFor();
      const [one, two] = await world.claim(session, { slots: 3 });
      const held = poll({ cursor, wait: 20_000 });
      await world.finish(session, two!);
      const ended = await held;
      expect(ended.told).toEqual({ [two!.entry]: "succeeded" });
      const rest = await poll({ cursor: ended.cursor! });
      expect(rest.told).toEqual({ [one!.entry]: "running", [ids[2]!]: "running" });
      expect((await poll({ cursor: rest.cursor! })).told).toEqual({});
      const fresh = await world.submit("b", "work");
      const next = await poll({ cursor: rest.cursor!, entries: [{ id: fresh.id, seen: 0 }] });
      expect(next.told).toEqual({ [fresh.id]: "queued" });
    });

    it("tells again what was in an answer that got lost, also what an abandoned poll had found", async () => {
      const { world, session, poll, cursor } = await waitingFor();
      const [one] = await world.claim(session, { slots: 1 });
      await world.finish(session, one!);
      const gone = new AbortController();
      const abandoned = world.operations.poll({ entries: [], cursor, until: "end", wait: 20_000 }, gone.signal);
      gone.abort();
      await abandoned;
      expect((await poll({ cursor })).told).toEqual({ [one!.entry]: "succeeded" });
      const again = await poll({ cursor });
      expect(again.told).toEqual({ [one!.entry]: "succeeded" });
      expect((await poll({ cursor: again.cursor! })).told).toEqual({});
      // Two answers ago: what it knew is not known any more.
      expect(await poll({ cursor })).toEqual({ told: {}, restart: true });
    });

    it("asks for everything anew when the cursor is of another server", async () => {
      const { poll } = await waitingFor();
      expect(await poll({ cursor: "elsewhere.0.0" })).toEqual({ told: {}, restart: true });
    });

    it("answers for entries that there are not, and refuses to look at none", async () => {
      const { ids, poll } = await waitingFor();
      const entries = [...ids, 4711].map((id) => ({ id, seen: 1 }));
      expect((await poll({ entries, wait: 20_000 })).told).toEqual({ 4711: "unknown_entry" });
      await expect(poll()).rejects.toMatchObject({ code: "invalid_request" });
    });
  });

  it("sees what another server of the database changed, with and without notifications", async () => {
    if (engine.engine === "sqlite") {
      // The embedded engine has one server; what is left to see there is a change that no signal announced.
      const world = await createWorld(engine, { pollFloor: 10 });
      const entry = await world.submit("a", "work");
      const poll = world.operations.poll({ entries: [{ id: entry.id, seen: 1 }], wait: 20_000 }, world.never);
      await world.database.query("UPDATE entry SET last_event = 2 WHERE id = $1", [entry.id]);
      expect((await poll).entries).toHaveLength(1);
      return;
    }
    const world = await createWorld(engine);
    const database = await openDatabase(optionsOf(world.place));
    engine.onCleanup(() => database.close());
    const other = serve(engine, database);
    const session = await world.register();
    const claim = world.claim(session, { wait: 20_000 });
    const entry = await other.submit("a", "work");
    const poll = other.operations.poll({ entries: [{ id: entry.id, seen: 1 }], wait: 20_000 }, other.never);
    expect((await claim).map((one) => one.entry)).toEqual([entry.id]);
    expect((await poll).entries[0]).toMatchObject({ entry: { status: "running" } });
  });
});

describeOnBothEngines("held events", (engine) => {
  it("come as they are written, and end with the entry and its log", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    expect(await world.operations.events(entry.id, { after: 0 }, world.never)).toMatchObject({
      events: [{ seq: 1 }],
      done: false,
    });
    const held = world.operations.events(entry.id, { after: 1, wait: 20_000 }, world.never);
    const [assignment] = await world.claim(session);
    expect((await held).events.map((event) => event.type)).toEqual(["claimed"]);
    await world.operations.report(workerToken, session, {
      reports: [{ entry: entry.id, attempt: 1, chunks: [{ number: 1, stream: "stdout", text: "x" }] }],
    });
    await world.finish(session, assignment!, { lastChunk: 1 });
    const page = await world.operations.events(entry.id, { after: 2, limit: 1 }, world.never);
    expect(page).toMatchObject({ events: [{ type: "output" }], done: false });
    expect(await world.operations.events(entry.id, { after: 3 }, world.never)).toMatchObject({
      events: [{ type: "finished" }],
      done: true,
    });
    expect(await world.operations.events(entry.id, { after: 4, wait: 20_000 }, world.never)).toEqual({
      events: [],
      done: true,
    });
    await expect(world.operations.events(4711, {}, world.never)).rejects.toMatchObject({ code: "unknown_entry" });
  });
});

describeOnBothEngines("a held claim", (engine) => {
  it("is answered by a submit, and by what no signal announced", async () => {
    const world = await createWorld(engine, { pollFloor: 10 });
    const session = await world.register();
    const held = world.claim(session, { wait: 20_000 });
    const entry = await world.submit("a", "work");
    expect((await held).map((one) => one.entry)).toEqual([entry.id]);
    const parked = await world.submit("b", "look", { worker: "nobody" });
    const unannounced = world.claim(session, { wait: 20_000 });
    await world.database.query("UPDATE entry SET route = 'default/automate' WHERE id = $1", [parked.id]);
    expect((await unannounced).map((one) => one.entry)).toEqual([parked.id]);
  });

  it("gets what is submitted in the transaction of the submit", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    // When it begins to listen, a server takes it that it has missed something, and a claim looks once more.
    await vi.waitUntil(() => world.database.listening);
    // Two looks, so that the third claim knows its routes, and that they are empty: it sleeps from its first moment.
    for (let look = 0; look < 2; look++) expect(await world.claim(session, { wait: 0 })).toEqual([]);
    const held = world.claim(session, { wait: 20_000 });
    const entry = await world.submit("a", "work");
    expect((await world.operations.entry(entry.id)).status).toBe("running");
    expect((await held).map((one) => one.entry)).toEqual([entry.id]);
  });

  it("of a worker that has gone is passed by: the submit succeeds and its entry waits", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    for (let look = 0; look < 2; look++) await world.claim(session, { wait: 0 });
    const held = world.claim(session, { wait: 20_000 });
    await world.database.query("UPDATE worker SET state = 'stopped' WHERE session = $1", [session]);
    const [outcome, filed] = await Promise.allSettled([held, world.submit("a", "work")]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "session_ended" } });
    expect(filed).toMatchObject({ status: "fulfilled", value: { status: "queued" } });
  });

  it("wakes as many workers as there is work for", async () => {
    const world = await createWorld(engine);
    const sessions = await Promise.all(["w1", "w2", "w3"].map((name) => world.register(name, { capacity: 1 })));
    const held = sessions.map((session) => world.claim(session, { slots: 1, wait: 20_000 }));
    await Promise.all(["a", "b", "c"].map((name) => world.submit(name, "look")));
    const claimed = (await Promise.all(held)).map((assignments) => assignments.length);
    expect(claimed).toEqual([1, 1, 1]);
  });

  it("ends when its session does", async () => {
    const world = await createWorld(engine);
    const session = await world.register("w1", { succession: "one-directory-one-secret" });
    const held = world.claim(session, { wait: 20_000 });
    const [outcome] = await Promise.allSettled([
      held,
      world.register("w1", { succession: "one-directory-one-secret" }),
    ]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "session_ended" } });
  });
});

describeOnBothEngines("a finish", (engine) => {
  it("takes the next work of its resource along, and the same work when it is repeated", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("a", "work");
    const [assignment] = await world.claim(session, { slots: 2 });
    expect(assignment).toMatchObject({ entry: first.id });
    const request = {
      finishes: [{ entry: first.id, attempt: 1, finishId: "f1", lastChunk: 0, status: "succeeded" as const }],
      claim: { claimId: "c2", slots: 2 },
    };
    const answer = await world.operations.finish(workerToken, session, request);
    expect(answer).toMatchObject({ finishes: [{ ok: true }], assignments: [{ entry: second.id, attempt: 1 }] });
    expect(await world.operations.finish(workerToken, session, request)).toMatchObject({
      finishes: [{ ok: true }],
      assignments: [{ entry: second.id, attempt: 1 }],
    });
  });
});

it("a group commit whose batch fails is retried item by item, so that one bad item harms no other", async () => {
  const batches: number[][] = [];
  const group = createGroupCommit<number, string>({
    commit: async (items) => {
      batches.push(items);
      if (items.includes(3)) throw new Error("three is bad");
      return items.map(String);
    },
    size: () => 1,
    max: 4,
  });
  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((item) => group.add(item)));
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  expect(batches).toEqual([[1, 2, 3, 4], [1], [2], [3], [4], [5]]);
});

describeOnBothEngines("a claim that overtakes the finish", (engine) => {
  it("gets its entries as soon as the slots are free", async () => {
    // A floor that would never come: only the finish can wake it.
    const world = await createWorld(engine, { pollFloor: 3_600_000 });
    const session = await world.register("w1", { capacity: 1 });
    await world.submit("a", "look");
    const next = await world.submit("b", "look");
    const [running] = await world.claim(session, { slots: 1 });
    const overtaking = world.claim(session, { slots: 1, wait: 20_000 });
    await world.finish(session, running!);
    expect((await overtaking).map((one) => one.entry)).toEqual([next.id]);
  });
});

describeOnBothEngines("a held poll that waits for ends", (engine) => {
  it("is not answered by anything before one of its entries ends, and then tells all that changed", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("b", "work");
    const entries = [first.id, second.id].map((id) => ({ id, seen: 1 }));
    const poll = world.operations.poll({ entries, wait: 20_000, until: "end" }, world.never);
    const [assignment] = await world.claim(session);
    await world.finish(session, assignment!);
    const statuses = (await poll).entries.map((change) => ("entry" in change ? change.entry.status : "error"));
    expect(statuses.toSorted()).toEqual(["running", "succeeded"]);
    const empty = await world.operations.poll(
      { entries: [{ id: second.id, seen: 1 }], wait: 30, until: "end" },
      world.never,
    );
    expect(empty.entries).toMatchObject([{ entry: { status: "running" } }]);
  });
});
