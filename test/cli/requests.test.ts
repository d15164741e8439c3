/** `wilco exec` on many targets: one request, its flags, its exit codes, and how it is looked at afterwards. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import type { RequestResult } from "../../src/domain/request.ts";
import { cliWorld, type CliWorld } from "./world.ts";

const INVENTORY = `
types:
  step:
    connection: { type: object, properties: { code: { type: string } }, required: [code] }
    operations:
      go: { run: [sh, -c, "exit $0", "{{connection.code}}"] }
resources:
  good-1: { type: step, labels: { set: mixed }, connection: { code: "0" } }
  bad-2: { type: step, labels: { set: mixed }, connection: { code: "3" } }
  good-3: { type: step, labels: { set: mixed }, connection: { code: "0" } }
  one: { type: host, labels: { tier: web } }
  two: { type: host, labels: { tier: web } }
  nowhere-1: { type: http, zone: moon, labels: { far: away }, connection: { url: "http://127.0.0.1:9" } }
  nowhere-2: { type: http, zone: moon, labels: { far: away }, connection: { url: "http://127.0.0.1:9" } }
groups:
  mixed: { members: [good-3, bad-2, good-1] }
`;

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(INVENTORY);
});
afterAll(() => world.stop());

const statuses = (entries: readonly Entry[]) =>
  entries.map((entry) => `${entry.resource?.name ?? entry.kind} ${entry.status}`);

describe("wilco exec on many targets", () => {
  it.each<[string, string[], number, RegExp]>([
    ["enough of them", ["set=mixed", "go", "--min-success", "60%"], 0, /2 of 3 succeeded \(request \d+\)/],
    [
      "too few of them",
      ["set=mixed", "go", "--min-success", "90%"],
      5,
      /did not succeed on 1 of 3 targets[^]*bad-2: sh exited with code 3/,
    ],
    [
      "a halt before any success",
      ["bad-2,good-3", "go", "--order", "name", "--serial", "--halt-on-failure"],
      1,
      /did not succeed on 2 of 2 targets[^]*bad-2: sh exited/,
    ],
    [
      "no worker for any",
      ["far=away", "check", "--require-worker", "1ms"],
      8,
      /no live worker serves the route moon\/automate/,
    ],
    ["no worker at once", ["far=away", "check", "--require-worker", "0ms"], 8, /was not filed/],
    [
      "more successes than targets",
      ["set=mixed", "go", "--min-success", "4"],
      2,
      /minSuccess is 4, but the request has 3 targets/,
    ],
    ["a share of nothing", ["set=mixed", "go", "--concurrency", "0%"], 2, /--concurrency is "0%"[^]*25%/],
    [
      "an unknown order",
      ["set=mixed", "go", "--order", "nam"],
      2,
      /--order does not know "nam"[^]*Did you mean "name"\?/,
    ],
    ["two ways to take turns", ["set=mixed", "go", "--serial", "--concurrency", "2"], 2, /exclude each other/],
  ])("%s", async (_what, args, code, stderr) => {
    const ended = await world.run(["exec", "--yes", ...args]);
    expect(ended).toMatchObject({ code, stderr: expect.stringMatching(stderr) as string });
    expect(ended.stderr).not.toContain("    at ");
  });

  it("is one request, which can be waited for, looked at as a tree, and retried", async () => {
    const filed = await world.run(["exec", "group=mixed", "go", "--yes", "--concurrency", "1", "--no-wait"]);
    expect(filed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) as string });
    const id = filed.stdout.trim();
    expect(await world.run(["entry", "wait", id])).toMatchObject({ code: 5 });

    const tree = await world.run(["history", "tree", String(Number(id) + 1)]);
    expect(tree.stdout.replaceAll(/in \S+ on [a-z0-9-]+/g, "in T")).toMatch(
      new RegExp(
        `^${id} .* go failed in .*: 2 of 3 targets succeeded\\.\n├─ .* good-1 go succeeded in T\n├─ .* bad-2 go failed in T: .*code 3.*\n└─ .* good-3 go succeeded in T\n$`,
      ),
    );
    const shown = await world.run(["entry", "show", id]);
    expect(shown.stdout).toMatch(/tasks +2 succeeded, 1 failed|tasks +1 failed, 2 succeeded/);
    expect(shown.stdout).toMatch(/TASK +STATUS +RESOURCE[^]*bad-2/);

    const again = await world.run(["entry", "retry", id, "--json"]);
    expect(again.code).toBe(1);
    const entries = JSON.parse(again.stdout) as Entry[];
    expect(statuses(entries)).toEqual(["request failed", "bad-2 failed"]);
    expect(entries[0]).toMatchObject({ retryOf: Number(id), targets: "bad-2" });
  });

  it("prints the request before its tasks as JSON", async () => {
    const ended = await world.run(["exec", "set=mixed", "go", "--yes", "--json"]);
    const entries = JSON.parse(ended.stdout) as Entry[];
    expect(statuses(entries)).toEqual(["request failed", "good-1 succeeded", "bad-2 failed", "good-3 succeeded"]);
    expect((entries[0]!.result as unknown as RequestResult).counts).toMatchObject({ succeeded: 2, failed: 1 });
  });

  it("ends with 4 when somebody cancels the request, and says how to wait for it when the wait ends", async () => {
    const waiting = world.start(["exec", "tier=web", "run", "--yes", "--", "sleep", "60"]);
    const [, id] = await waiting.line(/request (\d+): run on 2 resources/);
    const late = await world.run(["entry", "wait", id!, "--wait-timeout", "1ms"]);
    expect(late).toMatchObject({
      code: 124,
      stderr: expect.stringMatching(new RegExp(`Wait again: +wilco entry wait ${id}\n`)) as string,
    });
    expect(await world.run(["entry", "cancel", id!])).toMatchObject({ code: 0 });
    expect(await waiting.ended).toMatchObject({ code: 4 });
  });

  it("files nothing when one target is refused", async () => {
    const before = await world.run(["history", "--json", "--limit", "1"]);
    const ended = await world.run(["exec", "one,vanished", "run", "--yes", "--", "true"]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('no resource "vanished"') as string });
    expect((await world.run(["history", "--json", "--limit", "1"])).stdout).toBe(before.stdout);
  });

  it("is what a script's group() does", async () => {
    const ended = await world.run([
      "run",
      world.file(
        "group.ts",
        `
      import { assert, group, TargetsFailed } from "wilco";
      const mixed = group("mixed");
      assert(mixed.members.length === 3);
      const error = await mixed.go({}, { concurrency: 1, haltOnFailure: true }).catch((error) => error);
      assert(error instanceof TargetsFailed);
      console.log(error.targets.map((target) => target.resource + " " + target.status).join());
      const { counts } = await mixed.go({}, { minSuccess: "60%" });
      console.log(counts.succeeded);`,
      ),
    ]);
    expect(ended).toMatchObject({
      code: 0,
      stdout: "good-3 succeeded,bad-2 failed,good-1 canceled\n2\n",
    });
  });
});
