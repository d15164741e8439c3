/** `group("web")`: its operations are one request. */
import { describe, expect, it } from "vitest";
import { TargetsFailed } from "../../src/client/errors.ts";
import { createWorld } from "./world/memory-world.ts";
import { resourceOf, webServer } from "./world/fixtures.ts";

const database = { ...webServer, name: "database", operations: { restart: webServer.operations["restart"]! } };

function world() {
  return createWorld({
    resources: [resourceOf(), resourceOf({ id: 2, name: "db-1", type: "database" })],
    types: [webServer, database],
  });
}

describe("a group", () => {
  it("has its members, and the operations that all of their types have", async () => {
    const group = world().group("web");
    expect(group.name).toBe("web");
    expect(group.members.map((member) => member.name)).toEqual(["web-1", "db-1"]);
    expect(Object.keys(group.operations)).toEqual(["restart"]);
    expect(String(group)).toBe("web");
    expect(await Promise.resolve(group)).toBe(group);
    expect(() => group["restrat"]()).toThrow(/The group web has no operation "restrat".*"restart"/);
  });

  it("submits one request for all, with the options of the call over those of with()", async () => {
    const api = world();
    const { requested } = api;
    const group = api.group("web").with({ concurrency: 1, note: "waves" });
    const execution = group["restart"]({ graceful: true }, { minSuccess: "50%", after: 7, haltOnFailure: true });
    expect(await execution.submitted).toMatchObject({ kind: "request", targets: "group=web" });
    expect(requested).toEqual([
      {
        group: "web",
        operation: "restart",
        parameters: { graceful: true },
        concurrency: 1,
        minSuccess: "50%",
        haltOnFailure: true,
        note: "waves",
        after: [{ entry: 7, on: "success" }],
      },
    ]);
    expect(execution.subject).toBe("restart of group=web");
  });

  it("settles with the request's result, or throws TargetsFailed with each target's outcome", async () => {
    const api = world();
    const { update } = api;
    const tasks = [
      { entry: 2, resource: "web-1", status: "succeeded" as const },
      {
        entry: 3,
        resource: "db-1",
        status: "failed" as const,
        error: { code: "exit_code", message: "it exited with code 3", source: "operation" as const },
      },
    ];
    const result = {
      total: 2,
      minSuccess: 2,
      counts: { succeeded: 1, failed: 1, timed_out: 0, canceled: 0, lost: 0 },
      tasks,
    };
    const good = api.group("web")["restart"]();
    update((await good.submitted).id, { status: "succeeded", result: { ...result, minSuccess: 1 } });
    expect(await good).toEqual({ ...result, minSuccess: 1 });
    const bad = api.group("web")["restart"]();
    update((await bad.submitted).id, {
      status: "failed",
      result,
      tasks: { succeeded: 1, failed: 1 },
      error: { code: "targets_failed", message: "1 of 2 targets succeeded", source: "operation" },
    });
    const thrown = await bad.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(TargetsFailed);
    expect(thrown).toMatchObject({
      targets: tasks,
      message: expect.stringMatching(
        /did not succeed on 1 of 2 targets \(entry \d+\): db-1: it exited with code 3$/,
      ) as string,
    });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["an unknown option", { concurency: 1 }, /no option "concurency"/],
    ["a concurrency of nothing", { concurrency: 0 }, /concurrency is 0/],
    ["a share above all", { minSuccess: "101%" }, /minSuccess is "101%"/],
    ["an order that there is not", { order: "sorted" }, /order is "sorted"/],
    ["both serial and concurrency", { serial: true, concurrency: 2 }, /exclude each other/],
    ["a flag that is a text", { haltOnFailure: "yes" }, /haltOnFailure is neither true nor false/],
  ])("refuses %s where it is written", (_what, options, message) => {
    const api = world();
    const { requested } = api;
    expect(() => api.group("web")["restart"]({}, options)).toThrow(message);
    expect(requested).toEqual([]);
  });

  it("refuses parameters that one of the types does not take, and names that are selectors", () => {
    const api = world();
    expect(() => api.group("web")["restart"]({ gracefull: true })).toThrow(/gracefull/);
    expect(() => api.group("tier=web")).toThrow(/group\(\) needs the name of a group/);
    expect(() => createWorld({ resources: [] }).group("none")["restart"]()).toThrow(/has no members/);
  });
});
