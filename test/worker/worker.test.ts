import { stat } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WilcoError } from "../../src/core/errors.ts";
import type { FinishRequest } from "../../src/protocol/messages.ts";
import { builtinTypes } from "../../src/resource-types/builtin.ts";
import type { OperationContext } from "../../src/resource-types/sdk.ts";
import { createWorld, gate, silentLog, testType } from "./world.ts";

/** Ends when aborted, and not before. */
const untilAborted = ({ signal }: OperationContext) =>
  new Promise((_resolve, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });

describe("a worker", () => {
  it("registers with a secret that only it can read, claims, runs and reports", async () => {
    const { server, worker, stateDir } = await createWorld({
      handlers: { echo: ({ parameters }) => ({ got: parameters }) },
    });
    await worker.start();
    const entry = server.submit({ operation: "echo", parameters: { a: 1 } });
    expect(await server.finished(entry)).toMatchObject({
      entry,
      attempt: 1,
      status: "succeeded",
      result: { got: { a: 1 } },
      lastChunk: 0,
    });
    const [registration] = server.registrations;
    expect(registration!.succession.length).toBeGreaterThan(16);
    expect(registration!.types).toHaveLength(1 + builtinTypes.length);
    expect((await stat(join(stateDir, "succession"))).mode & 0o777).toBe(0o600);
    await worker.stop();
    expect(server.session).toBeNull();
    await worker.stopped;
  });

  it("proves succession with the same secret after a restart", async () => {
    const { server, worker, makeWorker } = await createWorld();
    await worker.start();
    await worker.stop();
    await makeWorker().start();
    expect(server.registrations[1]!.succession).toBe(server.registrations[0]!.succession);
  });

  it("refuses a state directory that a running worker holds", async () => {
    const { worker, makeWorker } = await createWorld();
    await worker.start();
    await expect(makeWorker().start()).rejects.toMatchObject({ code: "conflict" });
  });

  it("gives up a start that waits for a server when it is stopped", async () => {
    const { server, worker } = await createWorld();
    server.setDown(true);
    const starting = worker.start();
    starting.catch(() => {});
    await server.called("register");
    await worker.stop();
    await expect(starting).rejects.toThrow("stopped before");
    await worker.stopped;
  });

  it("tells at once that it may not register", async () => {
    const { server, worker } = await createWorld();
    server.api.register = () => Promise.reject(new WilcoError({ code: "forbidden", message: "not this zone" }));
    await expect(worker.start()).rejects.toMatchObject({ code: "forbidden" });
  });

  it("never runs more than its slots hold, counting weights", async () => {
    let running = 0;
    let most = 0;
    const { server, worker } = await createWorld({
      capacity: 3,
      handlers: {
        work: async ({ parameters }) => {
          running += parameters["weight"] as number;
          most = Math.max(most, running);
          await nextTurn();
          running -= parameters["weight"] as number;
        },
      },
    });
    for (const weight of [2, 2, 1, 1, 1]) server.submit({ operation: "work", weight, parameters: { weight } });
    const all = Promise.all([1, 2, 3, 4, 5].map((entry) => server.finished(entry)));
    await worker.start();
    await all;
    expect(most).toBe(3);
  });

  it("claims for a free slot without waiting until the finish before it is acknowledged", async () => {
    const { server, worker } = await createWorld({ capacity: 1, handlers: { nothing: () => null } });
    const { finish } = server.api;
    const held = gate();
    server.api.finish = async (...call) => {
      const answer = await finish(...call);
      await held.promise;
      return answer;
    };
    await worker.start();
    const first = server.submit({ operation: "nothing" });
    const second = server.submit({ operation: "nothing" });
    await server.finished(first);
    while (server.entries.get(second)!.state === "queued") await server.called("claim");
    const finishes = server.calls.filter(({ call }) => call === "finish").length;
    expect(finishes).toBe(1);
    held.resolve();
    expect(await server.finished(second)).toMatchObject({ status: "succeeded" });
  });

  it("asks for the next work with the outcomes of the last", async () => {
    const { server, worker } = await createWorld({ capacity: 2, handlers: { nothing: () => null } });
    const ids = Array.from({ length: 6 }, () => server.submit({ operation: "nothing" }));
    await worker.start();
    await Promise.all(ids.map((id) => server.finished(id)));
    const carried = server.calls.flatMap(({ call, body }) =>
      call === "finish" ? ((body as FinishRequest).claim?.claimId ?? []) : [],
    );
    const got = [...server.entries.values()].map(({ claimId }) => claimId);
    expect(got.some((claimId) => carried.includes(claimId!))).toBe(true);
    const late = server.submit({ operation: "nothing" });
    expect(await server.finished(late)).toMatchObject({ status: "succeeded" });
  });

  it("sends the outcomes of one turn in one request", async () => {
    const { server, worker } = await createWorld({ capacity: 16, handlers: { nothing: () => null } });
    const ids = Array.from({ length: 16 }, () => server.submit({ operation: "nothing" }));
    await worker.start();
    await Promise.all(ids.map((id) => server.finished(id)));
    expect(server.calls.filter(({ call }) => call === "finish")).toHaveLength(1);
  });
});

describe("when answers are lost", () => {
  it("repeats a claim with its id and starts what it gets once", async () => {
    let runs = 0;
    const { server, worker } = await createWorld({ handlers: { count: () => void runs++ } });
    server.loseAnswer("claim", 3);
    const entry = server.submit({ operation: "count" });
    await worker.start();
    await server.finished(entry);
    await worker.stop();
    const ids = server.calls
      .filter(({ call }) => call === "claim")
      .slice(0, 4)
      .map(({ body }) => (body as { claimId: string }).claimId);
    expect(new Set(ids).size).toBe(1);
    expect(runs).toBe(1);
  });

  it("repeats reports and finishes with the same numbers and ids", async () => {
    const { server, worker } = await createWorld({ handlers: { talk: ({ output }) => output("hello\n") } });
    server.loseAnswer("report", 2);
    server.loseAnswer("finish", 2);
    const entry = server.submit({ operation: "talk" });
    await worker.start();
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded", lastChunk: 1 });
    await worker.stop();
    expect(server.text(entry)).toBe("hello\n");
    const finishes = server.calls
      .filter(({ call }) => call === "finish")
      .map(({ body }) => (body as { finishes: Array<{ finishId: string }> }).finishes[0]!.finishId);
    expect(finishes).toHaveLength(3);
    expect(new Set(finishes).size).toBe(1);
  });

  it("repeats a registration", async () => {
    const { server, worker } = await createWorld();
    server.loseAnswer("register", 2);
    await worker.start();
    expect(server.registrations).toHaveLength(3);
  });

  it("takes what a heartbeat says is leased but unknown, and no second time from the claim", async () => {
    let runs = 0;
    const { server, worker } = await createWorld({ handlers: { count: () => void runs++ }, timing: { heartbeat: 20 } });
    const { claim } = server.api;
    const held = gate();
    server.api.claim = async (...call) => {
      const answer = await claim(...call);
      await held.promise;
      return answer;
    };
    const entry = server.submit({ operation: "count" });
    await worker.start();
    await server.finished(entry);
    server.api.claim = claim;
    held.resolve();
    const next = server.submit({ operation: "count" });
    await server.finished(next);
    expect(runs).toBe(2);
  });

  it("replaces an outcome that the server refuses by one that says so", async () => {
    const { server, worker } = await createWorld({ handlers: { nothing: () => "x" } });
    const entry = server.submit({ operation: "nothing" });
    server.refuseFinish(entry, "too_large");
    await worker.start();
    expect(await server.finished(entry)).toMatchObject({
      status: "failed",
      error: { code: "result_refused", source: "system" },
    });
  });

  it("sends an outcome again that the server could not take", async () => {
    const { server, worker } = await createWorld({ handlers: { nothing: () => "x" } });
    const entry = server.submit({ operation: "nothing" });
    server.refuseFinish(entry, "storage_full");
    await worker.start();
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded", result: "x" });
  });

  it("does not let one bad report hold up the others of its request", async () => {
    const { server, worker } = await createWorld({
      handlers: { say: ({ output, parameters }) => output(parameters["word"] as string) },
    });
    const { report } = server.api;
    server.api.report = (session, body, options) => {
      if (JSON.stringify(body).includes("poison"))
        return Promise.reject(new WilcoError({ code: "invalid_request", message: "body/reports/0" }));
      return report(session, body, options);
    };
    const bad = server.submit({ operation: "say", parameters: { word: "poison" } });
    const good = server.submit({ operation: "say", parameters: { word: "fine" } });
    await worker.start();
    expect(await server.finished(good)).toMatchObject({ status: "succeeded" });
    expect(server.text(good)).toBe("fine");
    expect(await server.finished(bad)).toMatchObject({ status: "succeeded", lastChunk: 0 });
  });
});

describe("leases", () => {
  it("are renewed for what runs and for what is not acknowledged yet", async () => {
    const release = gate();
    const { server, worker } = await createWorld({
      handlers: { wait: () => release.promise },
      timing: { heartbeat: 10 },
    });
    await worker.start();
    const entry = server.submit({ operation: "wait" });
    for (;;) {
      const { leases } = (await server.called("heartbeat")) as { leases: unknown[] };
      if (leases.length === 1) break;
    }
    // While the finish is on its way its lease is still listed.
    const { finish } = server.api;
    const held = gate();
    server.api.finish = async (...call) => {
      await held.promise;
      return finish(...call);
    };
    release.resolve();
    await server.called("heartbeat");
    const { leases } = (await server.called("heartbeat")) as { leases: unknown[] };
    expect(leases).toEqual([{ entry, attempt: 1 }]);
    held.resolve();
    await server.finished(entry);
  });

  it("that are lost stop the work, of which nothing more is said", async () => {
    const aborted = gate<string>();
    const { server, worker } = await createWorld({
      handlers: {
        talk: async (context) => {
          await context.output("first\n");
          await untilAborted(context).catch((error: Error) => aborted.resolve(error.message));
          await context.output("after\n");
          return "done";
        },
      },
      timing: { heartbeat: 10 },
    });
    await worker.start();
    const entry = server.submit({ operation: "talk" });
    await server.reported(entry);
    server.takeAway(entry);
    expect(await aborted.promise).toContain("not this worker's");
    await worker.stop();
    expect(server.calls.filter(({ call }) => call === "finish")).toHaveLength(0);
    expect(server.text(entry)).toBe("first\n");
  });

  it("that are lost are noticed at a report too", async () => {
    const aborted = gate<string>();
    const { server, worker } = await createWorld({
      handlers: {
        talk: async (context) => {
          server.takeAway(context.entry);
          await context.output("first\n");
          await untilAborted(context).catch((error: Error) => aborted.resolve(error.message));
        },
      },
    });
    await worker.start();
    server.submit({ operation: "talk" });
    expect(await aborted.promise).toContain("not this worker's");
  });

  it("without an answer for a whole lease end what is repeatable, and nothing else", async () => {
    const ended: string[] = [];
    const repeatableEnded = gate();
    const release = gate();
    const { server, worker } = await createWorld({
      handlers: {
        repeatable: async (context) => {
          await untilAborted(context).catch(() => ended.push("repeatable"));
          repeatableEnded.resolve();
        },
        once: async ({ signal }) => {
          await release.promise;
          return { aborted: signal.aborted };
        },
      },
      timing: { heartbeat: 20, lease: 150 },
    });
    await worker.start();
    const repeatable = server.submit({ operation: "repeatable", onLost: "requeue" });
    const once = server.submit({ operation: "once" });
    while ((((await server.called("heartbeat")) as { leases: unknown[] }).leases ?? []).length < 2);
    server.setDown(true);
    await repeatableEnded.promise;
    server.setDown(false);
    release.resolve();
    expect(await server.finished(once)).toMatchObject({ status: "succeeded", result: { aborted: false } });
    // Still leased to us: it is handed back, for this worker or another to run again.
    expect(await server.finished(repeatable)).toMatchObject({ status: "released" });
    expect(ended).toEqual(["repeatable"]);
  });
});

describe("sessions", () => {
  it("that the server has ended are renewed, and what runs goes on", async () => {
    const release = gate();
    const { server, worker } = await createWorld({
      handlers: { wait: () => release.promise },
      timing: { heartbeat: 20 },
    });
    await worker.start();
    const entry = server.submit({ operation: "wait" });
    while ((((await server.called("heartbeat")) as { leases: unknown[] }).leases ?? []).length < 1);
    server.endSession();
    await server.called("register");
    release.resolve();
    expect(await server.finished(entry)).toMatchObject({ status: "succeeded" });
    const next = server.submit({ operation: "wait" });
    expect(await server.finished(next)).toMatchObject({ status: "succeeded" });
  });

  it("that end again and again stop the worker: somebody else has its name", async () => {
    const { server, worker } = await createWorld({ timing: { heartbeat: 5 } });
    await worker.start();
    const { heartbeat } = server.api;
    server.api.heartbeat = (...call) => {
      server.endSession();
      return heartbeat(...call);
    };
    await expect(worker.stopped).rejects.toMatchObject({ code: "worker_name_taken" });
  });
});

describe("ending an execution", () => {
  const handlers = {
    wait: untilAborted,
    deaf: () => new Promise(() => {}),
    finishAnyway: async (context: OperationContext) => {
      await untilAborted(context).catch(() => {});
      return "all done";
    },
  };

  it.each([
    ["wait", "canceled"],
    ["finishAnyway", "succeeded"],
  ])("by cancel: %s ends as %s", async (operation, status) => {
    const { server, worker } = await createWorld({ handlers, timing: { heartbeat: 10 } });
    await worker.start();
    const entry = server.submit({ operation });
    server.cancel(entry);
    expect(await server.finished(entry)).toMatchObject({ status });
  });

  it("by deadline: it is timed out, even when the handler returns after it", async () => {
    const { server, worker } = await createWorld({ handlers });
    await worker.start();
    const entries = ["wait", "finishAnyway"].map((operation) => server.submit({ operation, deadlineIn: 30 }));
    for (const entry of entries) {
      expect(await server.finished(entry)).toMatchObject({
        status: "timed_out",
        error: {
          code: "timeout",
          source: "operation",
          message: expect.stringContaining("did not end within 30ms") as string,
        },
      });
    }
  });

  it("that was canceled or expired before it began runs nothing", async () => {
    let runs = 0;
    const { server, worker } = await createWorld({ handlers: { count: () => void runs++ } });
    await worker.start();
    const canceled = server.submit({ operation: "count", canceling: true });
    const late = server.submit({ operation: "count", deadlineIn: 0 });
    expect(await server.finished(canceled)).toMatchObject({ status: "canceled" });
    expect(await server.finished(late)).toMatchObject({ status: "timed_out" });
    expect(runs).toBe(0);
  });

  it("leaves a handler behind that does not return after its abort", async () => {
    const { server, worker } = await createWorld({ handlers, capacity: 1 });
    await worker.start();
    const deaf = server.submit({ operation: "deaf", deadlineIn: 20 });
    expect((await server.finished(deaf)).error?.message).toContain("left behind");
    const next = server.submit({ operation: "wait", deadlineIn: 20 });
    expect(await server.finished(next)).toMatchObject({ status: "timed_out" });
  });
});

describe("stopping", () => {
  it("finishes what runs, claims nothing more, then takes leave", async () => {
    const release = gate();
    const begun = gate();
    const { server, worker } = await createWorld({
      capacity: 2,
      handlers: {
        wait: async () => {
          begun.resolve();
          await release.promise;
          return 1;
        },
      },
    });
    await worker.start();
    const first = server.submit({ operation: "wait" });
    await begun.promise;
    const stopping = worker.stop();
    while (server.calls.at(-1)?.call !== "claim") await server.called("claim");
    release.resolve();
    await stopping;
    expect(server.entries.get(first)!.finish).toMatchObject({ status: "succeeded" });
    expect(server.calls.at(-1)).toEqual({ call: "stop", body: { idle: true } });
  });

  it("hands back what the last claim was given on the way", async () => {
    let runs = 0;
    const { server, worker } = await createWorld({ handlers: { count: () => void runs++ } });
    await worker.start();
    server.loseAnswer("claim", 1);
    const lost = server.answerLost("claim");
    const entry = server.submit({ operation: "count" });
    await lost;
    await worker.stop();
    expect(server.entries.get(entry)!.finish).toMatchObject({ status: "released" });
    expect(server.entries.get(entry)!.state).toBe("queued");
    expect(runs).toBe(0);
  });

  it("at the second request hands back what may be repeated and fails the rest", async () => {
    const begun = [gate(), gate()];
    const { server, worker } = await createWorld({
      handlers: {
        wait: (context) => {
          begun[context.entry - 1]!.resolve();
          return untilAborted(context);
        },
      },
    });
    await worker.start();
    const repeatable = server.submit({ operation: "wait", onLost: "requeue" });
    const once = server.submit({ operation: "wait" });
    await Promise.all(begun.map((one) => one.promise));
    const stopping = worker.stop();
    await worker.stopNow();
    await stopping;
    expect(server.entries.get(repeatable)!.finish).toMatchObject({ status: "released" });
    expect(server.entries.get(once)!.finish).toMatchObject({
      status: "failed",
      error: { code: "worker_stopped", source: "system" },
    });
  });

  it("follows a server that asks it to drain", async () => {
    const { server, worker } = await createWorld({ timing: { heartbeat: 10 } });
    await worker.start();
    server.askToDrain();
    await worker.stopped;
    expect(server.calls.at(-1)!.call).toBe("stop");
  });

  it("is safe before the start, and twice", async () => {
    const { worker } = await createWorld();
    await worker.drain();
    await worker.stop();
    await expect(worker.stop()).resolves.toBeUndefined();
  });
});

describe("a handler can't harm the worker:", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const big = "x".repeat(5 * 1024 * 1024 - 2);
  const cases: Array<[name: string, handler: () => unknown, code: string, message: string]> = [
    [
      "it throws",
      () => {
        throw new Error("boom");
      },
      "handler_threw",
      "boom",
    ],
    [
      "it throws undefined",
      () => {
        throw undefined;
      },
      "handler_threw",
      "undefined was thrown",
    ],
    ["it rejects with an object", () => Promise.reject({ odd: 1 }), "handler_threw", '{"odd":1}'],
    [
      "it rejects with something that can't be read",
      () => Promise.reject(circular),
      "handler_threw",
      "can't be described",
    ],
    ["it returns a function", () => () => 1, "invalid_result", "the result is a function"],
    ["it returns a circle", () => circular, "invalid_result", "refers back to itself"],
    ["it returns a Map inside", () => ({ a: [new Map()] }), "invalid_result", "the result.a[0] is a Map"],
    ["it returns NaN", () => ({ n: Number.NaN }), "invalid_result", "the result.n is NaN"],
    ["it returns a bigint", () => 1n, "invalid_result", "bigint"],
    ["it returns more than 4 MB", () => big, "result_too_large", "5.0 MB of at most 4.0 MB"],
    [
      "it returns a getter that throws",
      () => ({
        get x() {
          throw new Error("no");
        },
      }),
      "invalid_result",
      "no",
    ],
  ];

  it.each(cases)("%s", async (_name, handler, code, message) => {
    const { server, worker } = await createWorld({ handlers: { odd: handler, fine: () => "fine" } });
    await worker.start();
    const entry = server.submit({ operation: "odd" });
    const { status, error } = await server.finished(entry);
    expect(status).toBe("failed");
    expect(error).toMatchObject({ code, source: "operation" });
    expect(error!.message).toContain(message);
    expect(await server.finished(server.submit({ operation: "fine" }))).toMatchObject({ result: "fine" });
  });

  it("unknown types, operations and kinds are the system's errors, with the nearest name", async () => {
    const { server, worker } = await createWorld({ handlers: { restart: () => null } });
    await worker.start();
    const one = await server.finished(server.submit({ operation: "restrat" }));
    expect(one.error).toMatchObject({ code: "unknown_operation", source: "system", hint: 'Did you mean "restart"?' });
    const two = await server.finished(server.submit({ operation: "x", type: "proces" }));
    expect(two.error).toMatchObject({ code: "unknown_type", source: "system", hint: 'Did you mean "process"?' });
    const three = await server.finished(server.submit({ operation: "x", kind: "request" }));
    expect(three.error).toMatchObject({ code: "not_permitted", source: "system" });
  });

  it("parameters are checked again", async () => {
    const { server, worker } = await createWorld();
    await worker.start();
    const { error } = await server.finished(
      server.submit({ operation: "run", type: "host", parameters: { comand: ["ls"] } }),
    );
    expect(error).toMatchObject({ code: "invalid_parameters", source: "system" });
    expect(error!.message).toContain('"comand" is unknown');
  });
});

it("carries out no-ops by the thousand", async () => {
  const { server, worker } = await createWorld({
    capacity: 16,
    handlers: { nothing: () => null },
    types: [testType({ nothing: () => null })],
    log: silentLog,
  });
  const ids = Array.from({ length: 2_000 }, () => server.submit({ operation: "nothing" }));
  await worker.start();
  await Promise.all(ids.map((id) => server.finished(id)));
  const claims = server.calls.filter(({ call }) => call === "claim").length;
  expect(claims).toBeLessThan(ids.length / 4);
});
