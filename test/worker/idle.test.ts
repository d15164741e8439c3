import { describe, expect, it } from "vitest";
import type { ClaimRequest, HeartbeatRequest } from "../../src/protocol/messages.ts";
import { createWorld, gate } from "./world.ts";

const SOON = { claimWait: 5, timing: { heartbeat: 5 } };
type World = Awaited<ReturnType<typeof createWorld>>;

/** Until a claim with a beat is open; the server holds it. */
async function idle({ server }: World): Promise<ClaimRequest> {
  for (;;) {
    const claim = (await server.called("claim")) as ClaimRequest;
    if (claim.beat) return claim;
  }
}

describe("a worker with nothing to do", () => {
  it("sends its beat along with the claim, and none of its own", async () => {
    const world = await createWorld(SOON);
    const { server, worker } = world;
    await worker.start();
    expect(await idle(world)).toMatchObject({ beat: { state: "ready", answers: [], counts: { claimed: 0 } } });
    // The held one of before may still be on its way.
    await idle(world);
    const before = server.calls.length;
    for (let i = 0; i < 8; i++) await idle(world);
    expect(new Set(server.calls.slice(before).map(({ call }) => call))).toEqual(new Set(["claim"]));
  });

  it("says again with a beat of its own when it got what it runs, and holds the next one", async () => {
    const end = gate();
    const world = await createWorld({ ...SOON, claimWait: 20_000, handlers: { wait: () => end.promise } });
    const { server, worker } = world;
    const quiet = world.makeWorker({ claimWait: 5 });
    void worker;
    await quiet.start();
    await idle(world);
    const entry = server.submit({ operation: "wait" });
    const beats: HeartbeatRequest[] = [];
    while (beats.length < 2) {
      const beat = (await server.called("heartbeat")) as HeartbeatRequest;
      if (beat.leases.length > 0) beats.push(beat);
    }
    expect(beats[0]).toMatchObject({ leases: [{ entry, attempt: 1 }], wait: 0 });
    expect(beats[1]!.wait).toBeGreaterThan(0);
    end.resolve();
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded" });
  });

  it("obeys what the answer orders, and answers with its next beat", async () => {
    const world = await createWorld(SOON);
    const { server, worker } = world;
    await worker.start();
    await idle(world);
    const id = server.order("ping");
    const answers = server.calls.length;
    while (!server.calls.slice(answers).some(({ body }) => JSON.stringify(body).includes(`"answers":[{"id":${id}`))) {
      await Promise.race([server.called("heartbeat"), server.called("claim")]);
    }
    expect(server.registrations).toHaveLength(1);
  });

  it("beats by itself again when its claim stays unanswered", async () => {
    const world = await createWorld(SOON);
    const { server, worker } = world;
    await worker.start();
    await idle(world);
    server.setDown(true);
    expect(await server.called("heartbeat")).toMatchObject({ leases: [], state: "ready" });
    server.setDown(false);
    expect(await idle(world)).toMatchObject({ beat: { state: "ready" } });
  });
});
