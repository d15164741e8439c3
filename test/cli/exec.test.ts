import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filingOptionsOf, type FilingFlags } from "../../src/cli/filing-flags.ts";
import type { WilcoError } from "../../src/core/errors.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { cliWorld, type CliWorld } from "./world.ts";

const INVENTORY = `
types:
  login:
    operations:
      open:
        parameters: { type: object, properties: { password: { type: string, secret: true } }, additionalProperties: false }
        run: [sh, -c, "exit 0"]
resources:
  one: { type: host, labels: { tier: web } }
  two: { type: host, labels: { tier: web } }
  nowhere: { type: http, zone: moon, connection: { url: "http://127.0.0.1:9" } }
  vault: { type: login }
`;

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(INVENTORY);
});
afterAll(() => world.stop());

describe("wilco exec: what was asked, and the answer", () => {
  it.each<[string, string[], number, RegExp, RegExp]>([
    ["a success", ["one", "run", "--", "echo", "a b"], 0, /^a b\n$/, /one run succeeded in .*\(entry \d+\)/],
    [
      "a failure",
      ["one", "run", "--", "sh", "-c", "echo out; exit 3"],
      1,
      /^out\n$/,
      /error: one run failed \(entry \d+\): sh exited with code 3/,
    ],
    [
      "a timeout",
      ["one", "run", "--timeout", "200ms", "--", "sleep", "60"],
      1,
      /^$/,
      /error: one run timed out \(entry \d+\)/,
    ],
    ["a result where nothing is written", ["one", "check"], 0, /"availability": "up"/, /one check succeeded/],
    [
      "several targets, each line with its resource",
      ["tier=web", "run", "--yes", "--", "echo", "hi"],
      0,
      /^(one|two) \| hi\n(one|two) \| hi\n$/,
      /2 of 2 succeeded/,
    ],
    ["no wait", ["one", "check", "--no-wait"], 0, /^\d+\n$/, /entry \d+: one check/],
    [
      "the end of the wait",
      ["one", "run", "--wait-timeout", "100ms", "--", "sleep", "1"],
      124,
      /^$/,
      /one run \(entry \d+\) goes on[^]*Wait again: +wilco entry wait \d+/,
    ],
    [
      "a poll limit",
      ["one", "run", "--poll-delay", "50ms", "--poll-limit", "2", "--", "sleep", "1"],
      124,
      /^$/,
      /at most 2 looks/,
    ],
    ["no worker that could take it", ["nowhere", "check", "--require-worker", "0ms"], 8, /^$/, /moon/],
    ["an unknown resource", ["ome", "check"], 2, /^$/, /no resource "ome"[^]*Did you mean "one"\?/],
    ["an unknown operation", ["one", "chekc"], 2, /^$/, /no operation "chekc"[^]*Did you mean "check"\?/],
    [
      "an operation that one of several types lacks",
      ["one,vault", "open"],
      2,
      /^$/,
      /error: host, the type of one, has no operation "open"\.\n {2}Its operations: .* With type!=host in the selector/,
    ],
    [
      "a document that is none",
      ["one", "run", "--params", "-"],
      2,
      /^$/,
      /--params: stdin is not JSON or YAML|not an object/,
    ],
    [
      "an unknown parameter",
      ["one", "run", "-p", "comand=x"],
      2,
      /^$/,
      /no parameter "comand"[^]*Did you mean "command"\?/,
    ],
    ["a missing parameter", ["one", "run"], 2, /^$/, /"?command"? /],
    ["a secret as a literal", ["vault", "open", "-p", "password=hunter2"], 2, /^$/, /is a secret[^]*@env:NAME/],
    ["an unknown option", ["one", "check", "--timout", "1s"], 2, /^$/, /unknown option '--timout'[^]*--timeout/],
    ["a word that is no argument", ["one", "run", "echo"], 2, /^$/, /unexpected argument 'echo'/],
    [
      "a timeout of nothing",
      ["one", "check", "--timeout", "0s"],
      2,
      /^$/,
      /--timeout must be longer than nothing: "0s"/,
    ],
    [
      "a note that is too long",
      ["one", "check", "--note", "x".repeat(1_001)],
      2,
      /^$/,
      /^error: The server refuses what was given: "note" may have at most 1,000 characters\.\n {2}Correct the flag/,
    ],
    ["a duration without a unit", ["one", "check", "--timeout", "5"], 2, /^$/, /--timeout is not a duration[^]*5s/],
    ["a poll limit of nothing", ["one", "check", "--poll-limit", "0"], 2, /^$/, /--poll-limit/],
    ["a selector that can't be read", ["one,,two", "check"], 2, /^$/, /can't be read/],
    ["nothing that matches", ["tier=db", "check"], 2, /^$/, /Nothing matches "tier=db"[^]*--allow-empty/],
    ["nothing that matches, allowed", ["tier=db", "check", "--allow-empty"], 0, /^$/, /nothing to do/],
  ])("%s", async (_what, args, code, stdout, stderr) => {
    const ended = await world.run(["exec", ...args]);
    expect(ended).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout) as string,
      stderr: expect.stringMatching(stderr) as string,
    });
    expect(ended.stderr).not.toContain("    at ");
  });

  it("says where it runs and after what, like the options of a call in a script", async () => {
    const before = await world.run(["exec", "one", "check", "--no-wait"]);
    const id = before.stdout.trim();
    const after = ["exec", "one", "check", "--idempotency-key", "step-2", "--after"];
    const ended = await world.run([...after, id]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain(`one check, after entry ${id} (success)`);
    // The same call under its key is the one of before; after something else it is another call.
    expect((await world.run([...after, `${id}:success`])).stderr).toContain("nothing is done again");
    expect(await world.run([...after, `${id}:failure`])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`It was to run after the failure of entry ${id}`) as string,
    });
    expect(await world.run(["exec", "nowhere", "check", "--dry-run", "--zone", "default"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("default/automate") as string,
    });
    expect((await world.run(["exec", "one,nowhere", "check", "--dry-run", "--zone", "default"])).stderr).toMatch(
      /^note: one is bound to the worker \S+: --zone changes nothing there\./,
    );
    const nobody = ["exec", "nowhere", "check", "--worker", "nobody", "--require-worker", "0ms"];
    expect(await world.run(nobody)).toMatchObject({ code: 8, stderr: expect.stringContaining("nobody") as string });
    expect(await world.run(["exec", "one", "check", "--after", "999", "--dry-run"])).toMatchObject({ code: 2 });
  });

  it.each<[string, Partial<FilingFlags>, RegExp]>([
    ["a zone and a worker", { zone: "eu", worker: "w-1" }, /--zone and --worker exclude each other/],
    ["a worker that is no name", { worker: "a b" }, /"a b" is not a valid worker/],
    ["what is no entry", { after: ["web-1"] }, /--after names no entry: "web-1"/],
    ["nothing", { after: [""] }, /--after names no entry: ""/],
    ["a condition that there is not", { after: ["17:sucess"] }, /there is no "sucess"[^]*Did you mean "success"/],
    ["one entry on two conditions", { after: ["17", "17:any"] }, /names entry 17 twice, on success and on any/],
  ])("refuses %s before a server is asked", (_what, flags, told) => {
    const said = expect.stringMatching(told) as string;
    const refused = () => {
      try {
        filingOptionsOf({ requireWorker: false, ...flags });
      } catch (error) {
        const { code, message, hint } = error as WilcoError;
        return { code, said: `${message}\n${hint ?? ""}` };
      }
      return undefined;
    };
    expect(refused()).toEqual({ code: "invalid_request", said });
  });

  it("takes several entries to run after", () => {
    expect(filingOptionsOf({ requireWorker: false, after: ["17", "18:any,19:failure", "17:success"] })).toEqual({
      after: [
        { entry: 17, on: "success" },
        { entry: 18, on: "any" },
        { entry: 19, on: "failure" },
      ],
    });
  });

  it("takes parameters from stdin, a file and the environment, and never shows the secret", async () => {
    const ended = await world.run(["exec", "vault", "open", "-p", "password=@env:PASSWORD"], {
      env: { PASSWORD: "hunter2" },
    });
    expect(ended).toMatchObject({ code: 0 });
    const shell = await world.run(["exec", "one", "run", "--params", "-"], {
      input: '{"command": ["cat"], "stdin": "from a document"}',
    });
    expect(shell).toMatchObject({ code: 0, stdout: "from a document" });
  });

  it("answers with the entries as JSON, and leaves stdout to them", async () => {
    const ended = await world.run(["exec", "one", "run", "--json", "--", "echo", "hi"]);
    const entries = JSON.parse(ended.stdout) as Entry[];
    expect(entries).toMatchObject([
      { kind: "operation", status: "succeeded", operation: "run", resource: { name: "one" }, result: { exitCode: 0 } },
    ]);
    expect(ended.stderr).toContain("hi\n");
  });

  it("streams one object per event as jsonl, gap-free and complete, then the entry", async () => {
    const script = "for i in 1 2 3 4 5; do echo line $i; done";
    const ended = await world.run(["exec", "one", "run", "-o", "jsonl", "--", "sh", "-c", script]);
    const lines = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { event?: { seq: number }; status?: string; lastEvent?: number });
    const sequence = lines.flatMap((line) => line.event?.seq ?? []);
    expect(sequence).toEqual(sequence.map((_, at) => at + 1));
    expect(lines.at(-1)).toMatchObject({ status: "succeeded", lastEvent: sequence.length });
  });

  it("loses no line of output, however much there is", async () => {
    const ended = await world.run(["exec", "one", "run", "-q", "--", "seq", "1", "20000"]);
    expect(ended.stdout).toBe(`${Array.from({ length: 20_000 }, (_, i) => i + 1).join("\n")}\n`);
    expect(ended.stderr).toBe("");
  });

  it("says why what it waits for does not run, in a pipe too, and a script does so as well", async () => {
    const go = `${world.dir}/go`;
    world.file(
      "waits.ts",
      `import { resource } from "wilco"; await resource("one").run({ command: ["echo", "mine"] });`,
    );
    const holder = world.start(["exec", "one", "run", "--", "sh", "-c", `until [ -e ${go} ]; do sleep 0.1; done`]);
    const [, id] = await holder.line(/entry (\d+): one run/);
    const held = `does not run yet: one is held by entry ${id} \\(one run\\), running for`;
    const [waiting, script] = [
      world.start(["exec", "one", "run", "--priority", "high", "--", "echo", "done"]),
      world.start(["run", "waits.ts"]),
    ];
    await Promise.all([
      waiting.line(new RegExp(`note: one run \\(entry \\d+\\) ${held}`)),
      script.line(/note: one run \(entry \d+\) does not run yet: (one is held by|entry \d+ \(one run\) is the next)/),
    ]);
    world.file("go", "");
    expect(await waiting.ended).toMatchObject({ code: 0, stdout: "done\n" });
    expect((await waiting.ended).stderr.match(/does not run yet/g)).toHaveLength(1);
    expect((await script.ended).code).toBe(0);
  });

  it("ends with 4 when somebody else cancels it, and 5 when only some succeed", async () => {
    const waiting = world.start(["exec", "one", "run", "--", "sleep", "60"]);
    const [, id] = await waiting.line(/entry (\d+): one run/);
    expect(await world.run(["entry", "cancel", id!, "--reason", "enough"])).toMatchObject({ code: 0 });
    expect(await waiting.ended).toMatchObject({ code: 4, stderr: expect.stringContaining("canceled") as string });

    // A directory can be made once.
    const partly = await world.run(["exec", "tier=web", "run", "--", "mkdir", `${world.dir}/once`]);
    expect(partly).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("did not succeed on 1 of 2 targets") as string,
    });
  });

  it("leaves the operation alone when it is interrupted, and says how to look again", async () => {
    const waiting = world.start(["exec", "two", "run", "--", "sh", "-c", "echo started; sleep 2; echo done"]);
    const [, id] = await waiting.line(/entry (\d+): two run/);
    await waiting.line(/^started$/);
    waiting.kill("SIGINT");
    const ended = await waiting.ended;
    expect(ended).toMatchObject({ code: 130, signal: null });
    expect(ended.stderr).toMatch(new RegExp(`goes on[^]*wilco entry wait ${id}[^]*wilco entry cancel ${id}`));

    // The reattached wait has all of it, from the first line.
    expect(await world.run(["entry", "wait", id!])).toMatchObject({ code: 0, stdout: "started\ndone\n" });
    expect(await world.run(["entry", "tail", id!])).toMatchObject({ code: 0, stdout: "started\ndone\n" });
  });

  it("ends with 143 on SIGTERM", async () => {
    const waiting = world.start(["exec", "one", "run", "--", "sleep", "1"]);
    await waiting.line(/entry (\d+): one run/);
    waiting.kill("SIGTERM");
    expect(await waiting.ended).toMatchObject({ code: 143, signal: null });
  });

  it("schedules for later and says when", async () => {
    const ended = await world.run(["exec", "one", "check", "--at", "+1h", "--no-wait", "--json"]);
    const [entry] = JSON.parse(ended.stdout) as [Entry];
    expect(entry).toMatchObject({ status: "scheduled" });
    expect(ended.stderr).toMatch(/due \d{4}-\d\d-\d\d/);
    expect(await world.run(["entry", "cancel", String(entry.id)])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("is canceled") as string,
    });
  });
});
