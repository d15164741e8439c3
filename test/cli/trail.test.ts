import { spawnSync } from "node:child_process";
import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import { CLI_FILE } from "../support/cli.ts";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(
    "resources: { one: { type: host, description: The first }, two: { type: host } }\ngroups: { both: { select: type=host } }",
  );
  await world.run(["exec", "one", "run", "--note", "first", "--", "sh", "-c", "echo out; echo err >&2"]);
  await world.run(["exec", "two", "run", "--", "false"]);
  await world.run(["exec", "one", "check"]);
});
afterAll(() => world.stop());

const json = async <T>(...args: string[]) => JSON.parse((await world.run([...args, "--json"])).stdout) as T;

describe("wilco history and entry", () => {
  it("lists entries newest first, and searches", async () => {
    expect((await json<Entry[]>("history")).map(({ id }) => id)).toEqual([3, 2, 1]);
    expect((await json<Entry[]>("history", "--oldest", "--limit", "2")).map(({ id }) => id)).toEqual([1, 2]);
    expect(await json("history", "--status", "failed")).toMatchObject([{ id: 2 }]);
    expect(await json("history", "--resource", "one", "--operation", "run")).toMatchObject([{ id: 1, note: "first" }]);
    expect(await json("history", "--requested-by", "nobody")).toEqual([]);
    expect(await world.run(["history", "--resource", "onne"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining('There is no resource "onne". Did you mean "one"?') as string,
    });
    expect(await json<Entry[]>("history", "--since", "-1h")).toHaveLength(3);
    expect(await json<Entry[]>("history", "--until", "-1h")).toHaveLength(0);
    const table = await world.run(["history"]);
    expect(table.stdout).toMatch(/ID +STATUS +RESOURCE +OPERATION[^]* 2 +failed +two +run/);
  });

  it("shows one entry with its events, tails its output, waits with the operation's own code", async () => {
    const shown = await world.run(["entry", "show", "1"]);
    expect(shown).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/status +succeeded[^]*submitted[^]*claimed[^]*output[^]*finished/) as string,
    });
    expect(await json("entry", "show", "1")).toMatchObject({
      id: 1,
      status: "succeeded",
      parameters: { command: ["sh", "-c", "echo out; echo err >&2"] },
    });
    expect(await world.run(["entry", "tail", "1"])).toMatchObject({ code: 0, stdout: "out\n", stderr: "err\n" });
    expect(await world.run(["entry", "tail", "1", "--events", "--no-follow"])).toMatchObject({
      stdout: expect.stringMatching(/submitted[^]*finished/) as string,
    });
    expect(await world.run(["entry", "wait", "1"])).toMatchObject({ code: 0 });
    expect(await world.run(["entry", "wait", "2"])).toMatchObject({ code: 1 });
    expect(await world.run(["entry", "wait", "1-2"])).toMatchObject({ code: 5 });
  });

  it("traces an entry, says why it does not run, and lists and counts what waits", async () => {
    expect(await json("entry", "trace", "1")).toMatchObject([
      { step: "put", attempt: 0, worker: null },
      { step: "claimed", attempt: 1, worker: "local", waited: expect.any(Number) as number },
      { step: "delivering", text: "first output" },
      { step: "delivered", worker: "local", ran: expect.any(Number) as number, text: "succeeded" },
    ]);
    expect((await world.run(["entry", "trace", "1"])).stdout).toMatch(/STEP[^]*put[^]*claimed +1 +local[^]*delivered/);
    const [later] = await json<[Entry]>("exec", "one", "check", "--at", "+1h", "--no-wait");
    const id = String(later.id);
    expect(await world.run(["entry", "why", id])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/why +It is not due before .*\nto do +.*\n +wilco entry cancel \d+/) as string,
    });
    expect(await json("queue", "list", "--where", "resource=one")).toMatchObject([
      { id: later.id, status: "scheduled" },
    ]);
    expect(await world.run(["queue", "list", "--columns", "id,deliverAt"])).toMatchObject({
      stdout: expect.stringMatching(/^ID +DELIVER AT\n/) as string,
    });
    expect(await json("queue", "stats")).toMatchObject({ groups: [], scheduled: { count: 1, more: false } });
    expect((await world.run(["queue", "stats"])).stdout).toMatch(/0 waiting, 0 running, 1 scheduled/);
    await world.run(["entry", "cancel", id]);
  });

  it("retries as a new entry that names the old", async () => {
    const ended = await world.run(["entry", "retry", "1", "--json"]);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject([{ retryOf: 1, status: "succeeded", operation: "run" }]);
  });

  it.each<[string, string[], number, RegExp]>([
    ["an entry that is not there", ["entry", "show", "4711"], 2, /4711/],
    ["what is no id", ["entry", "wait", "first"], 2, /"first" is not an entry's id/],
    ["to cancel what has ended", ["entry", "cancel", "1"], 2, /succeeded/],
    ["an unknown status", ["history", "--status", "faild"], 2, /Did you mean "failed"\?/],
    ["an unknown command", ["entry", "shwo", "1"], 2, /unknown command 'shwo'[^]*show/],
    ["why of what is not there", ["entry", "why", "4711"], 2, /4711/],
    ["an unknown field of the queue", ["queue", "list", "--where", "rout=x"], 2, /Did you mean "route"\?/],
    ["an unknown column of the queue", ["queue", "list", "--columns", "id,wated"], 2, /Did you mean "waited"\?/],
    ["ended entries of the queue", ["queue", "list", "--status", "lost"], 2, /wilco history/],
    ["to watch without a terminal", ["queue", "stats", "--watch"], 2, /needs a terminal/],
    ["an unknown format", ["history", "--output", "josn"], 2, /Did you mean "json"\?/],
    ["an unknown resource", ["resources", "show", "ome"], 2, /Did you mean "one"\?/],
    ["an unknown type", ["types", "show", "hots"], 2, /Did you mean "host"\?/],
    ["an unknown token", ["tokens", "revoke", "nobody"], 2, /nobody/],
    ["an unknown role", ["tokens", "create", "x", "--role", "amdin"], 2, /Did you mean "admin"\?/],
  ])("refuses %s", async (_what, args, code, stderr) => {
    expect(await world.run(args)).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(stderr) as string });
  });

  it("ends quietly when its reader has enough", () => {
    const piped = spawnSync("sh", ["-c", `"${process.execPath}" "${CLI_FILE}" history --oldest -o jsonl | head -n 1`], {
      env: { ...process.env, ...world.env },
      encoding: "utf8",
    });
    expect(JSON.parse(piped.stdout)).toMatchObject({ id: 1 });
    expect(piped.stderr).toBe("");
  });
});

describe("inventory and access", () => {
  it("lists and shows resources and types", async () => {
    expect(await json("resources", "list", "one")).toMatchObject([
      { name: "one", type: "host", description: "The first" },
    ]);
    expect(await json<object[]>("resources", "list", "group=both")).toHaveLength(2);
    expect((await world.run(["resources", "show", "one"])).stdout).toMatch(
      /resource +one[^]*OPERATION +PARAMETERS[^]*run +command: array/,
    );
    expect(await json("types", "list")).toEqual(expect.arrayContaining([expect.objectContaining({ name: "process" })]));
    expect((await world.run(["types", "show", "host"])).stdout).toMatch(/runs on +the worker its resource is bound to/);
  });

  it("plans an inventory without applying it, then applies it, then changes nothing", async () => {
    const input = "resources: { three: { type: host } }";
    expect(await world.run(["apply", "-", "--dry-run"], { input })).toMatchObject({
      code: 0,
      stdout: "+ resource three\n",
      stderr: expect.stringContaining("Nothing was applied") as string,
    });
    expect(await world.run(["resources", "show", "three"])).toMatchObject({ code: 2 });
    expect(await world.run(["apply", "-"], { input })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("1 added") as string,
    });
    const again = JSON.parse((await world.run(["apply", "-", "--json"], { input })).stdout) as object;
    expect(again).toMatchObject({ applied: true, changes: [{ what: "resource", name: "three", action: "same" }] });
  });

  it("hands out tokens that may what their role may, until they are revoked", async () => {
    const created = await world.run(["tokens", "create", "look", "--role", "viewer"]);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) as string });
    const env = { WILCO_TOKEN: created.stdout.trim() };
    expect(await world.run(["history"], { env })).toMatchObject({ code: 0 });
    expect(await world.run(["exec", "one", "check"], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("viewer") as string,
    });
    expect(await json("tokens", "list")).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: "look", role: "viewer" })]),
    );
    await world.run(["tokens", "revoke", "look"]);
    expect(await world.run(["history"], { env })).toMatchObject({ code: 3 });
  });
});

describe("connection", () => {
  it("takes the server from flag, variable and profile, in this order, and the token from variable, file and profile", async () => {
    const token = (await world.run(["tokens", "create", "profile-token", "--role", "viewer"])).stdout.trim();
    const config = join(world.dir, "config");
    mkdirSync(join(config, "wilco"), { recursive: true });
    writeFileSync(
      join(config, "wilco", "profiles.json"),
      JSON.stringify({
        current: "here",
        profiles: { here: { url: world.url, token }, gone: { url: "http://127.0.0.1:9", token } },
      }),
    );
    const away = { XDG_CONFIG_HOME: config, WILCO_DATA_DIR: join(world.dir, "elsewhere") };
    const status = async (args: string[], env = {}) => {
      const ended = await world.run(["status", "--json", ...args], { env: { ...away, ...env } });
      return ended.code === 0 ? (JSON.parse(ended.stdout) as object) : ended;
    };
    expect(await status([])).toMatchObject({ from: "profile here", me: { name: "profile-token" } });
    expect(await status(["--profile", "gone"])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining("profile gone") as string,
    });
    expect(await status([], { WILCO_PROFILE: "gnoe" })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean "gone"?') as string,
    });
    expect(await status(["--profile", "gone"], { WILCO_SERVER: world.url })).toMatchObject({ from: "WILCO_SERVER" });
    // The current profile's token is for its own server only.
    expect(await status(["--server", "http://127.0.0.1:9"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("There is no token") as string,
    });
    const file = world.file("token", `${token}\n`);
    expect(await status(["--server", world.url, "--token-file", file])).toMatchObject({ from: "--server" });
    expect(await status(["--server", world.url, "--token-file", file], { WILCO_TOKEN: "wrong" })).toMatchObject({
      code: 3,
    });
    const stdin = await world.run(["status", "--server", world.url, "--token-file", "-"], { env: away, input: token });
    expect(stdin).toMatchObject({ code: 0 });
  });

  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    [
      "a server that is not there",
      ["--server", "http://127.0.0.1:9"],
      { WILCO_TOKEN: "x" },
      7,
      /can't be reached[^]*--server/,
    ],
    ["a URL that is none", ["--server", "localhost"], { WILCO_TOKEN: "x" }, 2, /is not one: "localhost"/],
    ["a token in the URL", ["--server", "http://a:b@127.0.0.1:9"], { WILCO_TOKEN: "x" }, 2, /user or password/],
    ["a wrong token", [], { WILCO_TOKEN: "wrong" }, 3, /token/],
    ["a token file that is not there", ["--token-file", "nothing"], {}, 3, /can't be read/],
    ["no server at all", [], { WILCO_DATA_DIR: "/nowhere" }, 7, /wilco up/],
  ])("refuses %s", async (_what, args, env, code, stderr) => {
    const ended = await world.run(["exec", "one", "check", ...args], { env });
    expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(stderr) as string });
  });
});

describe("start-up", () => {
  it("answers --version without loading anything of the commands", async () => {
    const trace = `import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) { if (url.startsWith("file:")) process.stderr.write(url + "\\n"); return next(url, context); } });`;
    const hook = `data:text/javascript,${encodeURIComponent(trace)}`;
    const ended = spawnSync(process.execPath, ["--import", hook, CLI_FILE, "--version"], { encoding: "utf8" });
    expect(ended.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    // Without the hash that a bundled file has in its name.
    const loaded = ended.stderr
      .trim()
      .split("\n")
      .map((url) =>
        url
          .split("/")
          .at(-1)!
          .replace(/(-[\w-]{8})?\.(ts|js)$/, ""),
      );
    // All of what the bundle has in its chunk "first", and nothing that these would import.
    const first = ["bin", "cache-directory", "command-word", "early-thread", "node-version", "version"];
    expect(loaded.filter((name) => ![...first, "first", "rolldown-runtime"].includes(name))).toEqual([]);
  });
});
