import { expect, it } from "vitest";
import type { Why } from "../../src/domain/why.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { alice, createWorld, unsound, workerToken, type World } from "./world.ts";

/** The reasons of an entry and of what it waits for, in order. */
const reasons = (why: Why): string[] => [why.reason, ...(why.because === null ? [] : reasons(why.because))];

/** A test on a loaded machine must not take so long that "in a moment" has passed. */
const PATIENT = { pollFloor: 3_000_000 };

/** Makes a worker's last sign of life older, as if it were silent since. */
async function silence(world: World, session: string, ms: number): Promise<void> {
  await world.database.query("UPDATE worker SET seen_at = seen_at - $2 WHERE session = $1", [session, ms]);
  await world.database.query(
    "UPDATE entry SET lease_expires = lease_expires - $2, seen_at = seen_at - $2 WHERE worker_session = $1 AND lease_expires IS NOT NULL",
    [session, ms],
  );
}

describeOnBothEngines("why", (engine) => {
  const open = () => createWorld(engine);

  it("says until when an entry is not due", async () => {
    const world = await open();
    const { id } = await world.submit("a", "work", { delay: 3_600_000 });
    const why = await world.operations.why(id);
    expect(why).toMatchObject({ entry: id, subject: "a work", status: "scheduled", reason: "not_due", because: null });
    expect(why.message).toMatch(/not due before 2\d{3}-.*, in (59m|1h)/);
    expect(why.commands).toEqual([`wilco entry cancel ${id}`]);
  });

  it("names the entry that another waits for, and explains that one too", async () => {
    const world = await open();
    const first = await world.submit("a", "work", { delay: 3_600_000 });
    const second = await world.submit("b", "work", { after: [{ entry: first.id, on: "success" }] });
    const why = await world.operations.why(second.id);
    expect(reasons(why)).toEqual(["blocked", "not_due"]);
    expect(why.message).toContain(`after the success of entry ${first.id} (a work), which is scheduled`);
  });

  it("says that no worker serves the route, with the nearest in zone and role", async () => {
    const world = await open();
    await world.register("far", { zone: "eu" });
    const { id } = await world.submit("a", "work");
    const why = await world.operations.why(id);
    expect(why.reason).toBe("no_worker");
    expect(why.message).toContain("No live worker serves the route default/automate");
    expect(why.message).toContain("nobody is in zone default; with role automate far (zone eu, role automate)");
    expect(why.commands).toEqual(["wilco worker --zone default --role automate --token-file FILE"]);
  });

  it("says that the one worker it is bound to is not there, with the nearest name", async () => {
    const world = await open();
    await world.register("host-1");
    const { id } = await world.submit("a", "work", { worker: "hots-1" });
    const why = await world.operations.why(id);
    expect(why).toMatchObject({ reason: "no_worker", commands: [expect.stringContaining("--name hots-1")] });
    expect(why.message).toContain("No live worker is named hots-1. The nearest name is host-1.");
  });

  it("tells a silent worker and a draining one from one that was never there", async () => {
    const world = await open();
    const session = await world.register("w1");
    const { id } = await world.submit("a", "work");
    await silence(world, session, 45_000);
    expect(await world.operations.why(id)).toMatchObject({
      reason: "worker_silent",
      message: expect.stringMatching(/w1 on test \(process 1\) did, and is silent for 4\ds/) as string,
    });
    await world.operations.heartbeat(workerToken, session, { leases: [], state: "draining" });
    expect(await world.operations.why(id)).toMatchObject({ reason: "worker_draining" });
    await world.operations.stopWorker(workerToken, session);
    expect(await world.operations.why(id)).toMatchObject({
      reason: "no_worker",
      message: expect.stringMatching(/the last one, w1 on test \(process 1\), stopped/) as string,
    });
  });

  it("says who paused the route, and why", async () => {
    const world = await open();
    await world.register();
    await world.operations.pauseRoute(alice, { route: "default/automate", reason: "the switch is replaced" });
    const { id } = await world.submit("a", "work");
    const why = await world.operations.why(id);
    expect(why).toMatchObject({ reason: "route_paused", commands: ["wilco queue resume default/automate"] });
    expect(why.message).toMatch(/default\/automate was paused by alice .* ago: the switch is replaced/);
  });

  it("names the entry that holds the resource, and where that one runs", async () => {
    const world = await open();
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("a", "work");
    await world.claim(session);
    const why = await world.operations.why(second.id);
    expect(reasons(why)).toEqual(["resource_held", "running"]);
    expect(why.message).toMatch(new RegExp(`^a is held by entry ${first.id} \\(a work\\), running for`));
    expect(why.because?.message).toMatch(
      /^It runs on w1 on test \(process 1\) for .*; its timeout ends it in \d+[sm]$/,
    );
  });

  it("goes along the chain: behind a head, which itself has no worker", async () => {
    const world = await open();
    const late = await world.submit("a", "work");
    const urgent = await world.submit("a", "work", { priority: 0 });
    const why = await world.operations.why(late.id);
    expect(reasons(why)).toEqual(["behind_head", "no_worker"]);
    expect(why.because?.entry).toBe(urgent.id);
    expect(why.message).toContain("it has priority 0 (max), and waits itself");
  });

  it("says that a forced cancel still holds the resource", async () => {
    const world = await open();
    const session = await world.register();
    const first = await world.submit("a", "work");
    const second = await world.submit("a", "work");
    await world.claim(session);
    await world.operations.cancel(workerToken, first.id, { force: true });
    const why = await world.operations.why(second.id);
    expect(why).toMatchObject({ reason: "resource_held", because: null });
    expect(why.message).toContain("ended without the answer of its worker w1");
  });

  it("says that all workers are full, with what runs longest", async () => {
    const world = await open();
    const session = await world.register("w1", { capacity: 1 });
    const first = await world.submit("a", "look");
    const [, third] = [await world.submit("b", "look"), await world.submit("c", "look")];
    await world.claim(session, { slots: 1 });
    const why = await world.operations.why(third.id);
    expect(why).toMatchObject({ reason: "workers_full", details: { ahead: 1, oldest: first.id } });
    expect(why.message).toMatch(
      /full: w1 runs 1\/1; the oldest there is entry \d+ \(a look\), for .*, and 1 before it/,
    );
  });

  it("says that it is claimable, and after a while that nobody claims", async () => {
    const world = await createWorld(engine, PATIENT);
    const session = await world.register();
    const { id } = await world.submit("a", "work");
    expect(await world.operations.why(id)).toMatchObject({ reason: "claimable" });
    await world.database.query("UPDATE entry SET queued_at = queued_at - 6000000 WHERE id = $1", [id]);
    const why = await world.operations.why(id);
    expect(why).toMatchObject({ reason: "not_claimed" });
    expect(why.message).toContain("that worker does not ask this server for work");
    const [assignment] = await world.claim(session);
    await world.finish(session, assignment!);
    expect(await world.operations.why(id)).toMatchObject({
      reason: "ended",
      message: expect.stringContaining("It ended as succeeded") as string,
    });
  });

  it("explains what was canceled, what is overdue, and what a silent worker runs", async () => {
    const world = await open();
    const session = await world.register();
    const { id } = await world.submit("a", "work");
    await world.claim(session);
    await world.database.query("UPDATE entry SET deadline = deadline - 120000 WHERE id = $1", [id]);
    expect(await world.operations.why(id)).toMatchObject({ reason: "running_overdue" });
    await silence(world, session, 60_000);
    const why = await world.operations.why(id);
    expect(why).toMatchObject({ reason: "running_silent", details: { worker: "w1", lostIn: expect.any(Number) } });
    expect(why.hint).toMatch(/it ends as lost in (3|4)m/);
    await world.operations.cancel(workerToken, id, {});
    expect(await world.operations.why(id)).toMatchObject({ reason: "canceling" });
  });

  it("refuses an entry that is not there", async () => {
    const world = await open();
    await expect(world.operations.why(99)).rejects.toMatchObject({ code: "unknown_entry" });
  });

  it("agrees with the claim, whatever the queue looks like", async () => {
    const world = await createWorld(engine, PATIENT);
    const sessions = [
      await world.register("w1", { capacity: 2 }),
      await world.register("w2", { capacity: 1 }),
      await world.register("w3", { zone: "eu" }),
    ];
    const random = generator(4711);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const running: Array<{ session: string; entry: number; attempt: number }> = [];
    const open_ = new Set<number>();
    for (let step = 0; step < 80; step++) {
      const action = random();
      if (action < 0.45) {
        const more = {
          ...(random() < 0.3 ? { priority: pick([0, 50, 200]) } : {}),
          ...(random() < 0.1 ? { zone: "us" } : {}),
          ...(random() < 0.1 ? { delay: 60_000 } : {}),
          ...(open_.size > 0 && random() < 0.1 ? { after: [{ entry: pick([...open_]), on: "any" as const }] } : {}),
        };
        open_.add((await world.submit(pick(["a", "b", "c"]), pick(["work", "look"]), more)).id);
      } else if (action < 0.75) {
        const session = pick(sessions);
        // Who is to be answered, by what `why` says of all that waits.
        const before = new Map<number, string>();
        for (const id of open_) before.set(id, (await world.operations.why(id)).reason);
        const claimed = await world.claim(session, { slots: 1 });
        for (const assignment of claimed) {
          expect([assignment.entry, before.get(assignment.entry)]).toEqual([assignment.entry, "claimable"]);
          running.push({ session, ...assignment });
        }
        const onlyMine = [...before].filter(([, reason]) => reason === "claimable");
        if (claimed.length === 0)
          for (const [id] of onlyMine)
            // Then another worker has the free slot that it was said to have.
            expect((await world.operations.why(id)).details["workers"]).not.toEqual([
              `w${sessions.indexOf(session) + 1}`,
            ]);
      } else if (running.length > 0) {
        const [done] = running.splice(Math.floor(random() * running.length), 1);
        await world.finish(done!.session, done!);
        open_.delete(done!.entry);
      }
    }
    expect(await unsound(world.database)).toEqual([]);
  });
});

/** Numbers from 0 to 1, the same ones each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
