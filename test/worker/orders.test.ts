/** What a worker does when it is told to, and when it is not let in any more. */
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { WilcoError } from "../../src/core/errors.ts";
import type { OrderAnswer } from "../../src/protocol/messages.ts";
import { createWorld, gate, testType } from "./world.ts";

/** The answer to an order, as the server gets it with a heartbeat. */
async function answerTo(server: Awaited<ReturnType<typeof createWorld>>["server"], order: number) {
  for (;;) {
    const { answers = [] } = (await server.called("heartbeat")) as { answers?: OrderAnswer[] };
    const found = answers.find(({ id }) => id === order);
    if (found) return found;
  }
}

/** The fake server does not hold heartbeats. */
const timing = { heartbeat: 5 };

describe("a worker", () => {
  it("says what it has done, and what it runs", async () => {
    const held = gate();
    const { server, worker } = await createWorld({
      timing,
      handlers: {
        wait: () => held.promise,
        fail: () => {
          throw new Error("no");
        },
      },
    });
    await worker.start();
    await server.finished(server.submit({ operation: "fail" }));
    const started = server.called("claim");
    const entry = server.submit({ operation: "wait", root: 77 });
    await started;
    const running = await answerTo(server, server.order("running"));
    expect(running.answer).toMatchObject({
      running: [{ entry, attempt: 1, root: 77, resource: "thing", operation: "wait", stage: "running" }],
    });
    const status = await answerTo(server, server.order("status"));
    expect(status.answer).toMatchObject({
      state: "ready",
      claimed: 2,
      finished: 1,
      failed: 1,
      running: 1,
      capacity: 4,
      roles: ["automate"],
      band: { min: 0, max: 200 },
    });
    held.resolve();
    await server.finished(entry);
  });

  it("loads its types anew while it runs something, and what is claimed next has the new handler", async () => {
    const held = gate<string>();
    const old = testType({ work: () => held.promise });
    const { server, worker } = await createWorld({
      timing,
      types: [old],
      reloadTypes: async () => [testType({ work: () => "new", more: () => "more" })],
    });
    await worker.start();
    const first = server.submit({ operation: "work" });
    await server.called("claim");
    const reloaded = await answerTo(server, server.order("reload"));
    expect(reloaded.answer).toEqual({ types: 1, added: [], changed: ["test"], removed: [] });
    expect(await server.finished(server.submit({ operation: "work" }))).toMatchObject({ result: "new" });
    expect(await server.finished(server.submit({ operation: "more" }))).toMatchObject({ result: "more" });
    held.resolve("old");
    expect(await server.finished(first)).toMatchObject({ status: "succeeded", result: "old" });
    expect(server.calls.filter(({ call }) => call === "register")).toHaveLength(1);
    server.endSession();
    await server.called("register");
    expect(server.registrations.at(-1)!.types).toMatchObject([{ operations: { more: {} } }]);
  });

  it("keeps its types when the new ones do not load, or the server refuses them", async () => {
    let broken = true;
    const { server, worker } = await createWorld({
      timing,
      handlers: { work: () => "old" },
      reloadTypes: async () => {
        if (broken) throw new WilcoError({ code: "invalid_request", message: "a.ts does not load", hint: "Mend it." });
        return [testType({ work: () => "new" })];
      },
    });
    server.api.reloaded = () => Promise.reject(new WilcoError({ code: "invalid_inventory", message: "refused" }));
    await worker.start();
    expect((await answerTo(server, server.order("reload"))).error).toEqual({
      code: "invalid_request",
      message: "a.ts does not load",
      hint: "Mend it.",
    });
    broken = false;
    expect((await answerTo(server, server.order("reload"))).error).toMatchObject({ code: "invalid_inventory" });
    expect(await server.finished(server.submit({ operation: "work" }))).toMatchObject({ result: "old" });
  });

  it("told to drain says what still runs, finishes it, and ends", async () => {
    const held = gate();
    const { server, worker } = await createWorld({ timing, handlers: { wait: () => held.promise } });
    await worker.start();
    const entry = server.submit({ operation: "wait" });
    await server.called("claim");
    const answer = await answerTo(server, server.order("drain"));
    expect(answer.answer).toEqual({ running: 1 });
    held.resolve();
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded" });
    await worker.stopped;
  });

  it("told to stop hands back what may be repeated, and says so before it ends", async () => {
    const { server, worker } = await createWorld({
      timing,
      handlers: { wait: ({ signal }) => once(signal, "abort").then(() => Promise.reject(signal.reason as Error)) },
    });
    await worker.start();
    const entry = server.submit({ operation: "wait", onLost: "requeue" });
    await server.called("claim");
    const answer = answerTo(server, server.order("stop"));
    expect(await server.finished(entry)).toMatchObject({ status: "released" });
    expect((await answer).answer).toEqual({ running: 1 });
    await worker.stopped;
  });

  it("whose token is revoked in the middle of its work ends at once, and says why", async () => {
    const aborted = gate();
    const { server, worker } = await createWorld({
      timing,
      handlers: {
        wait: async ({ signal }) => {
          await once(signal, "abort");
          aborted.resolve();
        },
      },
    });
    await worker.start();
    server.submit({ operation: "wait" });
    await server.called("claim");
    await server.called("heartbeat");
    const denied = () => Promise.reject(new WilcoError({ code: "unauthenticated", message: "The token is revoked" }));
    Object.assign(server.api, {
      heartbeat: denied,
      claim: denied,
      finish: denied,
      report: denied,
      register: denied,
      stop: denied,
    });
    await aborted.promise;
    await expect(worker.stopped).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("whose token is revoked does not hold up its own graceful stop with a finish that is never taken", async () => {
    const held = gate();
    const { server, worker } = await createWorld({
      timing: { heartbeat: 60_000 },
      handlers: { wait: () => held.promise },
    });
    await worker.start();
    server.submit({ operation: "wait" });
    await server.called("claim");
    const stopping = worker.stop();
    server.api.finish = () =>
      Promise.reject(new WilcoError({ code: "unauthenticated", message: "The token is revoked" }));
    held.resolve();
    await stopping;
    await expect(worker.stopped).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
