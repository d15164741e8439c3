import { expect, test } from "vitest";
import { locationOf, OperationFailed, PollLimitReached } from "../../src/client/errors.ts";
import type { Execution } from "../../src/client/execution.ts";
import { WilcoError } from "../../src/core/errors.ts";
import { settled } from "./world/manual-clock.ts";
import { createWorld } from "./world/memory-world.ts";

const failure = { code: "exit_code", message: "exit code 3", source: "operation" } as const;

test("a call submits in its own tick and awaits to the operation's result", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart({ graceful: false });
  expect(world.submitted).toHaveLength(1);
  expect(world.submitted[0]).toEqual({
    resource: 1,
    resourceName: "web-1",
    type: "web-server",
    operation: "restart",
    parameters: { graceful: false },
  });
  expect([execution.id, execution.status]).toEqual([undefined, undefined]);
  expect((await execution.submitted).id).toBe(1042);
  expect([execution.id, execution.status]).toEqual([1042, "queued"]);
  world.finish(1042, { result: { pid: 7 } });
  expect(await execution).toEqual({ pid: 7 });
  expect(execution.status).toBe("succeeded");
});

test("nothing is polled before somebody awaits, and all who await share one wait", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart();
  await execution.submitted;
  expect(world.waits).toHaveLength(0);
  const both = Promise.all([execution, execution.outcome(), execution.then((result) => result)]);
  await settled();
  expect(world.waits).toHaveLength(1);
  world.finish(1042, { result: 5 });
  const [result, entry, same] = await both;
  expect([result, entry.status, same]).toEqual([5, "succeeded", 5]);
  await execution;
  expect(world.waits).toHaveLength(1);
});

test("a failed operation throws its error with the last output and the script's line", async () => {
  const world = createWorld();
  world.whenFiled((entry) => {
    world.log(
      entry.id,
      { data: { stream: "stdout", text: "one\ntw" } },
      { data: { stream: "stdout", text: "o\nthree" } },
    );
    world.finish(entry.id, { status: "failed", error: failure });
  });
  const error: unknown = await world
    .resource("web-1")
    .restart()
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(OperationFailed);
  expect(error).toMatchObject({
    message: "web-1 restart failed (entry 1042): exit code 3",
    lastOutput: "one\ntwo\nthree",
  });
  expect(locationOf(error)).toMatch(/execution\.test\.ts:\d+:\d+$/);
  const first = (error as Error).stack!.split("\n")[1];
  expect(first).toContain("execution.test.ts");
});

test("outcome gives the entry whatever its status", async () => {
  const world = createWorld();
  world.whenFiled((entry) => world.finish(entry.id, { status: "failed", error: failure }));
  const entry = await world.resource("web-1").restart().outcome();
  expect(entry).toMatchObject({ status: "failed", error: failure });
});

test("a refused call rejects as refused, and files nothing", async () => {
  const world = createWorld();
  world.refuse(new WilcoError({ code: "forbidden", message: "This token may only look", hint: "Ask for another." }));
  const execution: Execution = world.resource("web-1").restart();
  const refused = { code: "forbidden", message: "This token may only look", hint: "Ask for another." };
  await expect(execution).rejects.toMatchObject(refused);
  await expect(execution.submitted).rejects.toMatchObject(refused);
  await expect(execution.outcome()).rejects.toMatchObject(refused);
  expect(execution.id).toBeUndefined();
});

test("the limit throws PollLimitReached; the operation goes on and can be awaited again", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart({}, { poll: { delay: "1s", limit: 2 } });
  const caught = execution.catch((error: unknown) => error);
  await world.clock.advance(2_000);
  const error = await caught;
  expect(error).toBeInstanceOf(PollLimitReached);
  expect(error).toMatchObject({
    message: "web-1 restart is still queued after 2 looks (entry 1042)",
    entry: { id: 1042, status: "queued" },
  });
  const again = Promise.resolve(execution);
  await settled();
  world.finish(1042, { result: "late" });
  expect(await again).toBe("late");
});

test("onLimit return gives the entry as it stands", async () => {
  const world = createWorld();
  const poll = { waitTimeout: "3s", onLimit: "return" } as const;
  const execution: Execution = world.resource("web-1").restart({}, { poll });
  const both = Promise.all([execution, execution.outcome()]);
  await world.clock.advance(3_000);
  expect(await both).toMatchObject([
    { id: 1042, status: "queued" },
    { id: 1042, status: "queued" },
  ]);
});

test("outcome(poll) waits by its own policy, over the call's", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart({}, { poll: { delay: "5s", backoff: 2 } });
  const caught = execution.outcome({ delay: "1s", limit: 1 }).catch((error: unknown) => error);
  await world.clock.advance(1_000);
  expect(await caught).toMatchObject({ code: "poll_limit_reached", message: expect.stringContaining("after 1 look ") });
  expect(world.waits[0]!.policy).toMatchObject({ delay: 1_000, limit: 1, backoff: 2 });
});

test("a policy is taken from the call, with(), the port, the operation and the default, in that order", async () => {
  const world = createWorld({ pollDefaults: { jitter: 0.5, backoff: 3, maxDelay: 9_000 } });
  const web = world.resource("web-1").with({ poll: { backoff: 2, maxDelay: "8s" } });
  void web.scale({ count: 2 }, { poll: { maxDelay: "7s" } }).outcome();
  await settled();
  expect(world.waits[0]!.policy).toEqual({
    maxDelay: 7_000,
    backoff: 2,
    jitter: 0.5,
    delay: 500,
    limit: Infinity,
    waitTimeout: Infinity,
    onLimit: "throw",
  });
});

test("options and parameters are those of the moment of the call", async () => {
  const world = createWorld();
  const first: Execution = world.resource("web-1").restart();
  const parameters = { count: 1 };
  const options = { note: "first", after: first };
  const second: Execution = world.resource("web-1").scale(parameters, options);
  parameters.count = 2;
  options.note = "changed";
  await second.submitted;
  expect(world.submitted[1]).toMatchObject({
    parameters: { count: 1 },
    note: "first",
    after: [{ entry: 1042, on: "success" }],
  });
});

test("the port's requireWorker holds unless the call says otherwise", () => {
  const world = createWorld({ requireWorker: 30_000 });
  const web = world.resource("web-1");
  void web.restart();
  void web.restart({}, { requireWorker: false });
  void web.restart({}, { requireWorker: "5s" });
  expect(world.submitted.map((call) => call.requireWorker)).toEqual([30_000, undefined, 5_000]);
});

test("output is every line from the first, live, with an unfinished line at the end", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart();
  await execution.submitted;
  const read: string[] = [];
  const reading = (async () => {
    for await (const line of execution.output()) read.push(line);
  })();
  world.log(1042, { type: "queued", attempt: 0 }, { data: { stream: "stdout", text: "first\r\nsec" } });
  await settled();
  expect(read).toEqual(["first"]);
  world.log(1042, { data: { stream: "stderr", text: "oops\n" } }, { data: { stream: "stdout", text: "ond\nlast" } });
  await settled();
  expect(read).toEqual(["first", "oops", "second"]);
  world.finish(1042);
  await reading;
  expect(read).toEqual(["first", "oops", "second", "last"]);
});

test("output can be one stream, shows bytes that are no text, and says what was dropped", async () => {
  const world = createWorld();
  world.whenFiled(({ id }) => {
    world.log(
      id,
      { data: { stream: "stdout", text: "out\n" } },
      { data: { stream: "stderr", base64: Buffer.from([0x61, 0xff, 0x62, 0x0a]).toString("base64") } },
      { type: "truncated", data: { dropped: 4096 } },
    );
    world.finish(id);
  });
  const execution: Execution = world.resource("web-1").restart();
  expect(await Array.fromAsync(execution.output({ stream: "stderr" }))).toEqual([
    "a\ufffdb",
    "[output over the quota: 4096 bytes dropped]",
  ]);
  expect(await Array.fromAsync(execution.output({ stream: "stdout" }))).toEqual(["out"]);
  expect((await Array.fromAsync(execution.events())).map((event) => event.seq)).toEqual([1, 2, 3]);
});

test("a log with a hole in it is an error, not a shorter log", async () => {
  const world = createWorld();
  world.whenFiled(({ id }) => {
    world.log(id, { seq: 1 }, { seq: 3 });
    world.finish(id);
  });
  await expect(Array.fromAsync(world.resource("web-1").restart().events())).rejects.toThrow(
    "The log of entry 1042 has a gap: event 3 came after 1",
  );
});

test("cancel waits for the filing, and the await then throws OperationCanceled", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart();
  expect(await execution.cancel({ reason: "wrong host" })).toMatchObject({ status: "canceled" });
  await expect(execution).rejects.toMatchObject({
    code: "operation_canceled",
    message: "web-1 restart was canceled (entry 1042): wrong host",
  });
});

test("retry is a new execution of a new entry that names the old", async () => {
  const world = createWorld();
  world.whenFiled((entry) => world.finish(entry.id, { status: "failed", error: failure }));
  const first: Execution = world.resource("web-1").restart();
  await first.outcome();
  const second = first.retry();
  expect(await second.submitted).toMatchObject({ id: 3042, retryOf: 1042 });
  world.finish(3042, { result: "ok" });
  expect(await second).toBe("ok");
});

test("an interrupted wait throws Interrupted with the entry that goes on", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart();
  const caught = execution.catch((error: unknown) => error);
  await settled();
  world.refuse(new WilcoError({ code: "interrupted", message: "The script was interrupted" }));
  expect(await caught).toMatchObject({
    name: "Interrupted",
    message: "Interrupted while waiting for web-1 restart (entry 1042)",
    entry: { id: 1042 },
  });
});

test("an execution that nobody observes makes no unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    const world = createWorld();
    world.refuse(new WilcoError({ code: "forbidden", message: "no" }));
    const execution: Execution = world.resource("web-1").restart();
    void execution.detach().catch(() => {});
    await settled();
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
  }
});

test("it prints and turns into JSON without being awaited", async () => {
  const world = createWorld();
  const execution: Execution = world.resource("web-1").restart();
  expect(String(execution)).toBe("web-1 restart (being filed)");
  await execution.submitted;
  expect(JSON.parse(JSON.stringify({ execution }))).toEqual({
    execution: { subject: "web-1 restart", id: 1042, status: "queued" },
  });
  const { inspect } = await import("node:util");
  expect(inspect(execution)).toBe("Execution { web-1 restart (entry 1042, queued) }");
});
