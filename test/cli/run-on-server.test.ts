import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import { paths } from "../../src/protocol/paths.ts";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld("resources: { one: { type: host }, two: { type: host } }", [
    "--slots",
    "1",
    "--scripts-allow-env",
    "SHOWN",
  ]);
});
afterAll(() => world.stop());

const MODULE = "args, assert, env, exit, fetch, history, readFile, resource, resources, sleep";

let folders = 0;
/** In a folder of its own, because tests run side by side. */
function script(text: string, files: Record<string, string> = {}): string {
  const folder = `folder-${folders++}`;
  mkdirSync(join(world.dir, folder));
  for (const [name, content] of Object.entries(files)) world.file(join(folder, name), content);
  return world.file(join(folder, "script.ts"), `import { ${MODULE} } from "wilco";\n${text}`);
}

const run = (text: string, flags: string[] = [], args: string[] = []) =>
  world.run(["run", "--on-server", ...flags, script(text), ...args]);

async function file(text: string, flags: string[] = []): Promise<string> {
  const { stdout } = await run(text, ["--no-wait", ...flags]);
  return stdout.trim();
}

async function entry(id: string): Promise<Entry> {
  return world.ask<Entry>("GET", paths.entry(id));
}

async function childrenOf(id: string): Promise<Entry[]> {
  const { items } = await world.ask<{ items: Entry[] }>("GET", `${paths.entries}?limit=1000`);
  return items.filter(({ parent }) => parent === Number(id));
}

describe.concurrent("wilco run --on-server: what the script did, and the answer", () => {
  it.each<[string, string, string[], number, RegExp, RegExp]>([
    ["it reached its end", 'console.log("hi"); console.error("aside");', [], 0, /^hi\n$/, /^aside\n[^]*succeeded/m],
    [
      "an operation succeeded, on the only slot",
      'console.log((await resource("one").run({ command: ["echo", "x"] })).stdout);',
      [],
      0,
      /^x\n/,
      /script script\.ts succeeded/,
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
    ["its own exit code", "exit(12);", [], 12, /^$/, /The script ended with exit\(12\)/],
    ["it does not parse", "const x: = 1;", [], 2, /^$/, /script\.ts:2:10/],
    ["an import it may not have", 'import "node:fs";', [], 2, /^$/, /script\.ts:2:\d+: node:fs is a module of Node's/],
    ["a package", 'import "lodash";', [], 2, /^$/, /lodash is a package/],
    ["arguments that are missing", 'args.parse({ version: "string" });', [], 2, /^$/, /version is missing/],
    [
      "a wait inside of it that ended",
      'await resource("one").with({ poll: { waitTimeout: "100ms" } }).run({ command: ["sleep", "1"] });',
      [],
      124,
      /^$/,
      /still running/,
    ],
    [
      "an operation that it may not submit",
      'await resource("one").run({ command: ["true"] });',
      ["--allow-operation", "facts"],
      3,
      /^$/,
      /To submit run of one is not permitted/,
    ],
    ["a loop without end", "for (;;);", ["--cpu-limit", "300ms"], 1, /^$/, /computed for 300ms and was stopped/],
    ["a variable that its worker does not allow", "1;", ["--allow-env", "HOME"], 3, /^$/, /--scripts-allow-env HOME/],
    ["a relative directory", "1;", ["--allow-read", "data"], 2, /^$/, /"data" is no absolute path/],
    ["too much grace", "1;", ["--grace", "1m"], 2, /^$/, /longer than the 6s/],
    ["a server in this process", "1;", ["--local"], 2, /^$/, /--on-server and --local exclude each other/],
    ["it is to run after what is not there", "1;", ["--after", "999999"], 2, /^$/, /There is no entry 999999/],
    ["it is to run after a word", "1;", ["--after", "x"], 2, /^$/, /--after names no entry: "x"/],
    ["a zone without workers", "1;", ["--zone", "moon", "--require-worker", "0ms"], 8, /^$/, /moon\/script/],
    ["a wait that ended", 'await sleep("5s");', ["--wait-timeout", "100ms"], 124, /^$/, /goes on[^]*entry wait/],
  ])("%s", async (_what, text, flags, code, stdout, stderr) => {
    expect(await run(text, flags)).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout) as string,
      stderr: expect.stringMatching(stderr) as string,
    });
  });

  it("takes its modules, its arguments and the variables that its worker allows along", async () => {
    const files = {
      "greet.ts": 'import type { Gone } from "./gone.ts";\nexport { default as who } from "./who.json";',
      "who.json": '"you"',
      "later.ts": "export const late = 1;",
    };
    const text = `import { who } from "./greet";
      const { late } = await import("./later.ts");
      const missing = await import("./missing.ts").catch(() => "none");
      console.log(who, late, missing, args.join("|"), "SHOWN" in env, "HOME" in env);`;
    const flags = ["run", "--on-server", "--allow-env", "SHOWN"];
    expect(await world.run([...flags, script(text, files), "a", "--json"])).toMatchObject({
      code: 0,
      stdout: "you 1 none a|--json false false\n",
    });
  });

  it("tells which imports can't be known beforehand", async () => {
    const ended = await run('const name = "./x.ts"; await import(name).catch(() => {});');
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/script\.ts:2:\d+ imports is only known/) });
  });

  it("refuses flags of its own without --on-server", async () => {
    expect(await world.run(["run", "--no-wait", script("1;")])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--no-wait is for --on-server") as string,
    });
  });
});

describe("A script on the server", () => {
  it("is filed and returned from with --no-wait, and waited for again with its output and exit code", async () => {
    const id = await file('console.log("one"); exit(33);');
    expect(await world.run(["entry", "wait", id])).toMatchObject({ code: 33, stdout: "one\n" });
    expect(await world.run(["entry", "tail", id])).toMatchObject({ code: 0, stdout: "one\n" });
    expect(await entry(id)).toMatchObject({
      kind: "script",
      status: "failed",
      error: { code: "exit_code", source: "operation", details: { kind: "exit", exit: 33 } },
    });
  });

  it("is interrupted by a cancel, has its grace, and leaves what it started unless told otherwise", async () => {
    const text = `const e = resource("two").run({ command: ["sleep", "60"] });
      await e.submitted; console.log("begun");
      try { await e; } finally { console.log("bye"); }`;
    for (const [flags, status] of [
      [[], ["running", "queued"]],
      [["--on-error", "cancel"], ["canceled"]],
    ] as const) {
      const id = await file(text, [...flags]);
      const tail = world.start(["entry", "tail", id]);
      await tail.line(/begun/);
      expect(await world.run(["entry", "cancel", id])).toMatchObject({ code: 0 });
      expect(await world.run(["entry", "wait", id])).toMatchObject({ code: 4 });
      expect(await tail.ended).toMatchObject({ stdout: "begun\nbye\n" });
      const [child] = await childrenOf(id);
      expect(status).toContain(child!.status);
      await world.run(["entry", "cancel", String(child!.id)]);
      await world.run(["entry", "wait", String(child!.id)]);
    }
  });

  it("times out, and says so", async () => {
    expect(await run('await sleep("1m");', ["--timeout", "300ms"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("timed out") as string,
    });
  });

  it("holds no slot: the one slot runs what several waiting scripts submit", async () => {
    const text = 'console.log((await resource("one").run({ command: ["echo", args[0]] })).stdout.trim());';
    const path = script(text);
    const all = await Promise.all(["a", "b", "c"].map((word) => world.run(["run", "--on-server", path, word])));
    expect(all.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, "a\n"],
      [0, "b\n"],
      [0, "c\n"],
    ]);
  });

  it("shows none of its own secret, not even to itself", async () => {
    const id = await file('console.log(JSON.stringify({ args, env: { ...env } }), new Error("x").stack);');
    await world.run(["entry", "wait", id]);
    const shown = await Promise.all([
      world.run(["entry", "show", id, "--json"]),
      world.run(["entry", "tail", id, "--events"]),
      world.run(["tokens", "list", "--json"]),
    ]);
    for (const { stdout, stderr } of shown) expect(stdout + stderr).not.toContain("wilco_script_");
    expect(world.server.stderr).not.toContain("wilco_script_");
  });

  it("is no resource's type", async () => {
    expect(await world.run(["apply", "-"], { input: "resources: { nightly: { type: script } }" })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no resource is a script[^]*--on-server/) as string,
    });
  });

  it("is answered from the earlier run under an idempotency key", async () => {
    const flags = ["--idempotency-key", "release-7"];
    const first = await run('console.log("once");', flags);
    expect(first).toMatchObject({ code: 0, stdout: "once\n" });
    const again = await run('console.log("once");', flags);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing is done again") as string });
  });
});
