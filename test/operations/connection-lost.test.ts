/** Executions whose worker lives, but has lost the machine on which they ran. */
import { expect, it } from "vitest";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, unsound } from "./world.ts";

const lost = {
  status: "failed",
  error: { code: "connection_lost", message: "The connection to deploy@h was lost.", source: "system" },
} as const;

describeOnBothEngines("a connection that was lost while the operation ran", (engine) => {
  it("puts a repeatable operation back into the queue until its tries are used up", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "redo");
    for (let attempt = 1; attempt <= 3; attempt++) {
      const [assignment] = await world.claim(session);
      expect(assignment).toMatchObject({ entry: entry.id, attempt });
      expect(await world.finish(session, assignment!, lost)).toEqual({ ok: true });
      expect((await world.operations.entry(entry.id)).status).toBe(attempt < 3 ? "queued" : "failed");
    }
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "failed", error: lost.error });
    const events = (await world.eventTypes(entry.id)).join(" ");
    expect(events).toBe("submitted claimed requeued claimed requeued claimed finished");
    expect(await unsound(world.database)).toEqual([]);
  });

  it("fails any other operation by the system's fault", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "work");
    const [assignment] = await world.claim(session);
    await world.finish(session, assignment!, lost);
    expect(await world.operations.entry(entry.id)).toMatchObject({ status: "failed", error: lost.error });
  });

  it("is only believed of the system: an operation's own error of that name is a failure", async () => {
    const world = await createWorld(engine);
    const session = await world.register();
    const entry = await world.submit("a", "redo");
    const [assignment] = await world.claim(session);
    await world.finish(session, assignment!, { ...lost, error: { ...lost.error, source: "operation" } });
    expect((await world.operations.entry(entry.id)).status).toBe("failed");
  });
});
