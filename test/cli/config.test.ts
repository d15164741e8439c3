/** `wilco config` and `resource.configuration` on a real process: changed, verified, versioned, put back. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, freePorts, type CliWorld } from "./world.ts";

/** Is ready when it listens; ends before that where MODE is bad. */
const PROGRAM =
  "if (process.env.MODE === 'bad') process.exit(3); require('node:net').createServer().listen(Number(process.env.PORT), '127.0.0.1')";

describe("the configuration of a process", () => {
  let world: CliWorld;
  beforeAll(async () => {
    const [port] = await freePorts(1);
    world = await cliWorld(`
types:
  fibber:
    configuration: { type: object, properties: { port: { type: integer }, key: { type: string, secret: true } } }
    operations:
      readConfiguration: { run: [echo, '{"port": 1, "key": "seen-by-all", "uptime": 5}'], result: json }
      updateConfiguration: { run: [echo, "port {{parameters.configuration.port}}"] }
  file:
    connection: { type: object, properties: { path: { type: string } } }
    configuration:
      type: object
      properties: { port: { type: integer }, host: { type: string }, key: { type: string, secret: true } }
      required: [host]
    operations:
      readConfiguration: { run: [cat, "{{connection.path}}"], result: json }
      updateConfiguration:
        run: [sh, -c, 'printf %s "$1" > "$2"', sh, "{{parameters.configuration}}", "{{connection.path}}"]
resources:
  machine: { type: host }
  settings: { type: file, connection: { path: settings.json } }
  web: { type: process, connection: { command: [${process.execPath}, -e, ${JSON.stringify(PROGRAM)}, "--"], env: { PORT: "${port}" }, ready: { port: ${port} } } }
  liar: { type: fibber }
`);
    await world.run(["exec", "web", "start", "--quiet"]);
  });
  afterAll(async () => {
    await world.run(["exec", "web", "stop", "--quiet"]);
    await world.stop();
  });
  const json = async (...args: string[]) => JSON.parse((await world.run([...args, "--json"])).stdout) as never;

  it("is changed by keys and values, read back, and put back to an older version", async () => {
    const first = await world.run(["config", "update", "web", "args=--a", "args=--b", "env.MODE=good", "--note", "go"]);
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toMatchObject({ version: 1, verified: true, result: { restarted: true } });
    expect(await json("exec", "web", "status")).toMatchObject([{ result: { state: "running" } }]);

    // It does not start so: it runs again as before, and nothing is known but what holds.
    const bad = await world.run(["config", "update", "web", "env.MODE=bad"]);
    expect(bad).toMatchObject({ code: 1 });
    expect(bad.stderr).toMatch(/exited with code 3 while starting[^]*runs again with the configuration from before/);
    expect((await world.run(["config", "drift", "web"])).code).toBe(0);

    await world.run(["config", "update", "web", "env.MODE:=null", "env.WORKERS=4"]);
    expect(await json("config", "get", "web")).toMatchObject({
      version: 2,
      live: { args: ["--a", "--b"], env: { WORKERS: "4" } },
      known: { args: ["--a", "--b"], env: { WORKERS: "4" } },
    });
    expect((await world.run(["config", "diff", "web"])).stdout).toBe('- env.MODE: "good"\n+ env.WORKERS: "4"\n');
    expect((await world.run(["config", "rollback", "web", "1"])).code).toBe(0);
    expect(await json("config", "history", "web")).toMatchObject([
      { version: 3, rollbackOf: 1, author: "local-admin" },
      { version: 2 },
      { version: 1, note: "go" },
    ]);
    expect(await json("history", "--kind", "configuration", "--status", "succeeded")).toHaveLength(3);
  });

  it("begins with what the resource has, of which a first patch drops nothing and shows no secret", async () => {
    const path = world.file("settings.json", '{"port": 1, "host": "live", "key": "never-shown", "uptime": 7}');
    const first = await world.run(["config", "update", "settings", "port=2"]);
    expect(JSON.parse(first.stdout)).toMatchObject({ version: 1, verified: true });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ port: 2, host: "live", key: "never-shown" });
    expect((await world.run(["config", "update", "settings", "host=other"])).code).toBe(0);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ port: 2, host: "other", key: "never-shown" });
    const shown = await world.run(["config", "get", "settings", "--json"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ live: { key: "********" }, known: { key: "********" } });

    world.file("settings.json", '{"port": 2, "host": "by hand", "key": "another-one"}');
    const drift = await world.run(["config", "drift", "settings"]);
    expect(drift).toMatchObject({ code: 1 });
    expect(drift.stdout).toBe('~ host: "other" → "by hand"\n~ key: "********" → "******** (not the known one)"\n');
    const trail = await json("history", "--resource", "settings");
    const events = await world.run(["entry", "tail", String((trail as Array<{ id: number }>)[0]!.id), "--events"]);
    expect(JSON.stringify(trail) + events.stdout).not.toMatch(/never-shown|another-one/);
  });

  it("is refused with the nearest key, an outdated base, and an unknown version; nothing is filed", async () => {
    const before = (await json("history")) as unknown[];
    const wrong = await world.run(["config", "update", "web", "arg=1"]);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('Did you mean "args"?');
    const outdated = await world.run(["config", "update", "web", "env.MODE=new", "--base", "0"]);
    expect(outdated.stderr).toContain('was changed since version 0, at "env"');
    expect((await world.run(["config", "get", "web", "9"])).stderr).toContain("It has 1 to 3");
    expect((await world.run(["config", "update", "web"])).code).toBe(2);
    const none = await world.run(["config", "get", "machine"]);
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(none.stderr).toContain("its type host has no updateConfiguration");
    expect(await json("history")).toHaveLength(before.length);
  });

  it("is changed by a script, whose second update runs because the first was verified", async () => {
    const script = world.file(
      "configure.ts",
      `import { resource, group } from "wilco";
const { configuration } = resource("web");
const first = await configuration.update({ env: { STEP: "1" } });
const second = await configuration.update({ args: ["--c"] }, { base: first.version });
console.log(first.version, second.version, second.verified, JSON.stringify(second.changes));
const { live, known } = await configuration.get();
console.log(JSON.stringify(live) === JSON.stringify(known), (await configuration.history(2)).map((one) => one.version).join());
console.log((await configuration.drift()).drifted, JSON.stringify(await configuration.diff(first.version - 1, first.version)));
const { configuration: lies } = resource("liar");
const read = await lies.get();
console.log(JSON.stringify(read.live), read.version);
await lies.replace({ port: 8080, key: "known-secret" }).catch((error) => console.log(error.code, error.entry?.error.code, error.message));
console.log((await lies.known()).version);
try { resource("web").configuration.update({ argz: [] }).catch((error) => console.log(error.message, error.hint)); } catch (error) { console.log(error.message); }
`,
    );
    const ran = await world.run(["run", script]);
    expect(ran.stdout.split("\n")).toEqual([
      '4 5 true [{"path":"args[0]","before":"--a","after":"--c"},{"path":"args[1]","before":"--b"}]',
      "true 5,4",
      'false [{"path":"env.STEP","after":"1"}]',
      '{"port":1,"key":"******** (not the known one)"} 0',
      expect.stringMatching(/^operation_failed not_verified .*"port" is 1 instead of 8080; "key" is another secret/),
      "0",
      expect.stringMatching(/"argz" is unknown.*Did you mean "args"\?/),
      "",
    ]);
    expect(JSON.stringify(await json("history"))).not.toContain("known-secret");
  });

  it("is changed once under an idempotency key, whoever runs the step again", async () => {
    const again = (...args: string[]) => world.run(["config", ...args, "--idempotency-key", "release-7"]);
    const versions = async () => ((await json("config", "history", "web")) as unknown[]).length;
    const before = await versions();
    expect((await again("rollback", "web", "2", "--report", "junit=config.xml")).code).toBe(0);
    expect((await again("update", "web", "env.WORKERS=5")).code).toBe(0);
    const answered = await again("rollback", "web", "2");
    expect(answered).toMatchObject({ code: 0, stderr: expect.stringMatching(/; nothing is done again/) as string });
    expect(await versions()).toBe(before + 2);
    expect(readFileSync(`${world.dir}/config.xml`, "utf8")).toContain("config rollback web");
  });
});
