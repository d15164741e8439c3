import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld("resources: { one: { type: host }, two: { type: host } }");
});
afterAll(() => world.stop());

const run = (script: string, flags: string[] = [], args: string[] = []) =>
  world.run([
    "run",
    ...flags,
    world.file(
      "script.ts",
      `import { args, assert, env, exit, group, history, resource, resources } from "wilco";\n${script}`,
    ),
    ...args,
  ]);

describe("wilco run: what the script did, and the answer", () => {
  it.each<[string, string, string[], number, RegExp, RegExp]>([
    [
      "it reached its end",
      'console.log("hi", resources("one").length); console.error("aside");',
      [],
      0,
      /^hi 1\n$/,
      /^aside\n$/,
    ],
    [
      "an operation succeeded",
      'console.log((await resource("one").run({ command: ["echo", "x"] })).stdout);',
      [],
      0,
      /^x\n/,
      /one run succeeded/,
    ],
    ["it threw", 'throw new TypeError("boom");', [], 1, /^$/, /error: TypeError: boom\.\n +at .*script\.ts:2:7/],
    [
      "an operation failed",
      'await resource("one").run({ command: ["false"] });',
      [],
      1,
      /^$/,
      /error: one run failed \(entry \d+\)[^]*script\.ts:2:23/,
    ],
    [
      "a failure that nobody looked at",
      'resource("one").run({ command: ["false"] });',
      [],
      1,
      /^$/,
      /nobody looked at its result/,
    ],
    [
      "a failure that it caught",
      'try { await resource("one").run({ command: ["false"] }); } catch (error) { console.log(error.code); }',
      [],
      0,
      /^operation_failed\n$/,
      /./,
    ],
    ["a detached failure", 'await resource("one").run({ command: ["false"] }).detach();', [], 0, /^$/, /./],
    ["its own exit code", "exit(12);", [], 12, /^$/, /^$/],
    ["an exit code that it may not have", "exit(1);", [], 2, /^$/, /exit\(1\) is not possible/],
    ["it does not parse", "const x: = 1;", [], 2, /^$/, /script\.ts:2:10/],
    ["an import it may not have", 'import "node:fs";', [], 2, /^$/, /node:fs[^]*script/],
    ["an enum, which can't be stripped", "enum Colour { Red }", [], 2, /^$/, /enum/i],
    ["arguments that are missing", 'args.parse({ version: "string" });', [], 2, /^$/, /version is missing[^]*Usage/],
    ["an unknown group", 'group("web");', [], 1, /^$/, /no group "web"/],
    ["an unknown operation", 'resource("one").rnu();', [], 1, /^$/, /no operation "rnu"[^]*Did you mean "run"\?/],
    ["an unknown resource", 'resource("ome");', [], 1, /^$/, /no resource "ome"[^]*Did you mean "one"\?/],
    [
      "a wait that ended",
      'await resource("one").run({ command: ["sleep", "1"] });',
      ["--wait-timeout", "100ms"],
      124,
      /^$/,
      /still running[^]*entry wait/,
    ],
    [
      "an entry that was canceled",
      'const e = resource("one").run({ command: ["sleep", "60"] }, { at: "+1h" }); await e.submitted; await e.cancel(); await e;',
      [],
      4,
      /^$/,
      /was canceled/,
    ],
    [
      "a loop without end",
      "for (;;);",
      ["--cpu-limit", "300ms"],
      1,
      /^$/,
      /computed for 300ms and was stopped[^]*--cpu-limit/,
    ],
    [
      "memory without end",
      "const all = []; for (;;) all.push(new Array(100000).fill(all.length));",
      ["--memory-limit", "48"],
      1,
      /^$/,
      /used up its 48 MB[^]*--memory-limit/,
    ],
  ])("%s", async (_what, script, flags, code, stdout, stderr) => {
    expect(await run(script, flags)).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout) as string,
      stderr: expect.stringMatching(stderr) as string,
    });
  });

  it("hands over everything after the file, and only the variables that are named", async () => {
    const script = 'console.log(args.join("|"), env.SHOWN, "HIDDEN" in env);';
    const file = world.file("arguments.ts", `import { args, env } from "wilco";\n${script}`);
    const ended = await world.run(["run", "--allow-env", "SHOWN", file, "a", "--json", "--name=b c", "-x"], {
      env: { SHOWN: "yes", HIDDEN: "no" },
    });
    expect(ended).toMatchObject({ code: 0, stdout: "a|--json|--name=b c|-x yes false\n" });
  });

  it("refuses a file that is not there and an unknown choice, before it looks for a server", async () => {
    expect(await world.run(["run", "nothing.ts"], { env: { WILCO_DATA_DIR: "/nowhere" } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There is no script nothing.ts") as string,
    });
    world.file("restart-all.ts", "");
    mkdirSync(join(world.dir, "folder.ts"));
    const refusals = { "restart-all": /Did you mean restart-all\.ts\?/, "./restrat-all.ts": /mean restart-all\.ts\?/ };
    for (const [file, stderr] of Object.entries({ ...refusals, "folder.ts": /folder\.ts is a directory\./ })) {
      expect(await world.run(["run", file])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(stderr) as string,
      });
    }
    expect(await run("", ["--on-error", "wiat"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean "wait"?') as string,
    });
  });

  it("tells as JSON how it ended, with what the script printed on stderr", async () => {
    const ended = await run('console.log("hi"); throw new Error("boom");', ["--json"]);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      kind: "threw",
      exit: 1,
      error: { code: "script_failed", message: "boom" },
      running: [],
    });
    expect(ended.stderr).toContain("hi\n");
  });

  it.each<["wait" | "leave" | "cancel", string, RegExp]>([
    ["wait", "succeeded", /waiting for it/],
    ["leave", "running", /goes on[^]*wilco entry wait/],
    ["cancel", "canceled", /asking for it to be canceled/],
  ])("--on-error %s decides about what still runs when the script throws", async (choice, status, told) => {
    const seconds = choice === "wait" ? "1" : "60";
    const ended = await run(
      `const e = resource("two").run({ command: ["sleep", "${seconds}"] }); while (e.status !== "running") await history.get((await e.submitted).id).then((x) => x.status === "running" && e.outcome({ limit: 1, delay: "20ms", onLimit: "return" })); throw new Error("boom");`,
      ["--on-error", choice],
    );
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(told) as string });
    const [entry] = JSON.parse(
      (await world.run(["history", "--resource", "two", "--limit", "1", "--json"])).stdout,
    ) as [Entry];
    if (choice === "cancel") expect(["canceling", "canceled"]).toContain(entry.status);
    else expect(entry.status).toBe(status);
    if (choice === "leave") await world.run(["entry", "cancel", String(entry.id)]);
  });

  it("runs finally blocks after an interrupt, leaves operations alone and says how to look again", async () => {
    const file = world.file(
      "interrupted.ts",
      `import { resource } from "wilco";
       try { await resource("one").run({ command: ["sh", "-c", "echo begun; sleep 2"] }); }
       finally { console.log("cleaned up"); }`,
    );
    const waiting = world.start(["run", "--verbose", file]);
    await waiting.line(/POST .*entries .*200/);
    waiting.kill("SIGINT");
    const ended = await waiting.ended;
    expect(ended).toMatchObject({ code: 130, stdout: "cleaned up\n" });
    expect(ended.stderr).toMatch(/goes on[^]*entry \d+: one run[^]*wilco entry cancel \d+/);
  });

  it("ends at once when it is interrupted again, whatever the script does", async () => {
    const file = world.file("stubborn.ts", "for (;;) { try { for (;;); } catch {} }");
    const waiting = world.start(["run", "--verbose", file]);
    await waiting.line(/GET .*\/me .*200/);
    waiting.kill("SIGINT");
    waiting.kill("SIGTERM");
    expect([130, 143]).toContain((await waiting.ended).code);
  });
});
