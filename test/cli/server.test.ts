import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../resource-types/context.ts";
import { CLI_FILE } from "../support/cli.ts";
import { emptyWorld } from "./world.ts";

let world: ReturnType<typeof emptyWorld> | undefined;
function newWorld() {
  world = emptyWorld();
  return world;
}
afterEach(async () => {
  // What `up` starts is in a session of its own, out of reach of the test's process group.
  await world?.run(["down", "--now"]);
  await world?.stop();
});

function pendingSignals(pid: number): number {
  const mask = /^ShdPnd:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]!;
  return [...BigInt(`0x${mask}`).toString(2)].filter((bit) => bit === "1").length;
}

describe("wilco up, status, down", () => {
  it("starts a local server once, says where it is, and stops it", async () => {
    const { run, env } = newWorld();
    const first = await run(["up"]);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\n$/) as string });
    const second = await run(["up"]);
    expect(second).toMatchObject({
      code: 0,
      stdout: first.stdout,
      stderr: expect.stringContaining("runs already") as string,
    });

    const status = JSON.parse((await run(["status", "--json"])).stdout) as object;
    expect(status).toMatchObject({
      url: first.stdout.trim(),
      ready: true,
      me: { role: "admin" },
      workers: [
        { name: "local", state: "ready" },
        { name: "local-scripts", state: "ready" },
      ],
    });
    expect(statSync(env["WILCO_DATA_DIR"]!).mode & 0o777).toBe(0o700);
    expect(statSync(join(env["WILCO_DATA_DIR"]!, "admin.token")).mode & 0o777).toBe(0o600);

    expect(await run(["down"])).toMatchObject({ code: 0, stderr: expect.stringContaining("has stopped") as string });
    expect(await run(["down"])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("No local server runs") as string,
    });
    expect(await run(["status"])).toMatchObject({ code: 7, stderr: expect.stringContaining("wilco up") as string });
  });

  it("starts the embedded server, whatever cluster the surroundings name", async () => {
    const env = { WILCO_DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" };
    expect(await newWorld().run(["up"], { env })).toMatchObject({ code: 0 });
  });

  it("gives one server to two that start it at the same moment", async () => {
    const { run } = newWorld();
    const [one, two] = await Promise.all([run(["up"]), run(["up"])]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(one.stdout).toBe(two.stdout);
  });

  it("keeps everything over a restart, also after the server was killed", async () => {
    const { run, start, env } = newWorld();
    const first = await run(["up"]);
    await run(["apply", "-"], { input: "resources: { here: { type: host } }" });
    expect(await run(["exec", "here", "check"])).toMatchObject({ code: 0 });
    const waiting = start(["exec", "here", "check", "--at", "+1h"]);
    const [, id] = await waiting.line(/entry (\d+): here check/);
    const { pid } = JSON.parse(readFileSync(join(env["WILCO_DATA_DIR"]!, "owner.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    // On the same port: who waited finds it again.
    expect(await run(["up"])).toMatchObject({ code: 0, stdout: first.stdout });
    expect(await run(["entry", "cancel", id!])).toMatchObject({ code: 0 });
    expect((await waiting.ended).code).toBe(4);
    const history = JSON.parse((await run(["history", "--json", "--oldest"])).stdout) as object[];
    expect(history).toMatchObject([{ id: 1, status: "succeeded" }, { status: "canceled" }]);
    expect((await run(["workers", "list"])).stdout.match(/^local /gm)).toHaveLength(1);
    expect(await run(["up", "--port", "0", "--types", "nowhere"])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/runs already[^]*--port, --types are not applied[^]*wilco down/) as string,
    });
  });

  it("tells what it waits for when it is to stop, and is no server to work with meanwhile", async () => {
    const { run, start } = newWorld();
    await run(["up"]);
    await run(["apply", "-"], { input: "resources: { here: { type: host } }" });
    const working = start(["exec", "here", "run", "--", "sh", "-c", "echo begun; sleep 600"]);
    await working.line(/^begun$/);
    const down = start(["down"]);
    await down.line(/^Waiting for here run \(entry \d+\)\.$/);
    expect(await run(["status"])).toMatchObject({ stdout: expect.stringMatching(/^ready +no/m) as string });
    expect(await run(["up"])).toMatchObject({
      code: 7,
      stdout: "",
      stderr: expect.stringMatching(/not ready; it waits for here run \(entry \d+\)\.\n.*wilco down --now/) as string,
    });
    down.kill("SIGINT");
    expect(await down.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining("End it at once: wilco down --now") as string,
    });
    expect(await run(["down", "--now"])).toMatchObject({ code: 0 });
    expect((await working.ended).code).not.toBe(0);
  });

  it("ends what runs with --now, however busy the server is when it is told", async () => {
    const { run, start } = newWorld();
    const { pid } = JSON.parse((await run(["up", "--json"])).stdout) as { pid: number };
    await run(["apply", "-"], { input: "resources: { here: { type: host } }" });
    const working = start(["exec", "here", "run", "--", "sh", "-c", "echo begun; sleep 600"]);
    await working.line(/^begun$/);
    process.kill(pid, "SIGSTOP");
    const down = start(["down", "--now"]);
    // Both signals wait for it then, where that can be seen.
    if (process.platform === "linux") await until(() => pendingSignals(pid) === 2);
    process.kill(pid, "SIGCONT");
    expect(await down.ended).toMatchObject({ code: 0 });
    expect((await working.ended).code).not.toBe(0);
  });

  it("says why the server does not start", async () => {
    const { run, dir } = newWorld();
    const file = world!.file("occupied", "");
    expect(await run(["up"], { env: { WILCO_DATA_DIR: join(file, "data") } })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("can't be used") as string,
    });
    const nothing = await run(["up", "--types", join(dir, "nothing")]);
    expect(nothing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^error: The local server did not start: .*nothing is not there\.\n {2}Name a directory, .*\n$/,
      ),
    });
    const second = await run(["up", "--port", "99999"]);
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining("--port") as string });
    expect(second.stderr).not.toContain("is not there");
  });
});

describe("wilco server", () => {
  it("refuses a second process on a data directory, naming the first", async () => {
    const { start, run, env } = newWorld();
    const first = start(["server", "--port", "0"]);
    await first.line(/^http:/);
    const second = await run(["server", "--port", "0"]);
    expect(second).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${env["WILCO_DATA_DIR"]} is in use by process ${first.pid}`) as string,
    });
    first.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
  });

  it("stops what runs at the second signal, and not before", async () => {
    const { start, run } = newWorld();
    const server = start(["server", "--port", "0"]);
    await server.line(/^http:/);
    await run(["apply", "-"], { input: "resources: { here: { type: host } }" });
    const waiting = start(["exec", "here", "run", "--", "sh", "-c", "echo begun; sleep 60"]);
    await waiting.line(/^begun$/);
    server.kill("SIGTERM");
    await server.line(/a second signal stops them/);
    server.kill("SIGINT");
    expect(await server.ended).toMatchObject({ code: 0 });
    expect((await waiting.ended).code).not.toBe(0);
  });

  it.each<[string, string[], number, RegExp]>([
    ["an address that needs TLS", ["--host", "0.0.0.0"], 2, /without TLS[^]*--insecure/],
    ["a port that is none", ["--port", "70000"], 2, /--port/],
    ["a certificate without its key", ["--tls-cert", "x.pem"], 2, /--tls-cert and --tls-key belong together/],
    ["files that are no certificate", ["--tls-cert", CLI_FILE, "--tls-key", CLI_FILE], 2, /has no certificate in it/],
    ["another database", ["--database-url", "mysql://no"], 2, /does not begin with postgres:/],
    [
      "a data directory of a cluster that can't be",
      ["--data-dir", "/dev/null/x", "--database-url", "postgres://a"],
      2,
      /\/dev\/null\/x can't be used/,
    ],
    ["a worker's name without a worker", ["--worker-name", "w", "--no-worker"], 2, /exclude each other/],
    ["a worker's name that is none", ["--worker-name", "a b"], 2, /not a valid worker name/],
    ["a database that is not there", ["--database-url", "postgres://nobody@127.0.0.1:9/none"], 7, /./],
  ])("refuses %s", async (_what, args, code, stderr) => {
    const ended = await newWorld().run(["server", "--port", "0", ...args]);
    expect(ended).toMatchObject({ code, stderr: expect.stringMatching(stderr) as string });
  });

  it("takes the database's URL from the surroundings, where ps does not show it", async () => {
    const env = { WILCO_DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" };
    const { run } = newWorld();
    expect(await run(["server", "--port", "0"], { env })).toMatchObject({ code: 7 });
    expect(await run(["tokens", "bootstrap", "root"], { env })).toMatchObject({ code: 7 });
    expect(await run(["tokens", "bootstrap", "root"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("WILCO_DATABASE_URL") as string,
    });
    // The flag wins.
    const flag = ["--database-url", "mysql://no"];
    const ended = await run(["server", "--port", "0", ...flag], { env });
    expect(ended.stderr).not.toContain("127.0.0.1:9");
  });

  it("refuses a data directory that it may not use", async () => {
    const { run } = newWorld();
    const file = world!.file("file", "not a directory");
    expect(await run(["server", "--port", "0", "--data-dir", file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("can't be used") as string,
    });
  });
});

describe("wilco worker", () => {
  it("takes work from another process over HTTP, with a worker token and nothing else", async () => {
    const { start, run } = newWorld();
    const server = start(["server", "--port", "0", "--no-worker"]);
    const [url] = await server.line(/^http:.*/);
    const token = (await run(["tokens", "create", "w1", "--role", "worker"])).stdout.trim();
    const away = { WILCO_DATA_DIR: join(world!.dir, "elsewhere"), WILCO_SERVER: url, WILCO_TOKEN: token };
    const worker = start(["worker", "--name", "w1"], { env: away });
    await worker.line(/Worker w1 is ready/);
    const workers = JSON.parse((await run(["workers", "list", "--json"])).stdout) as object[];
    expect(workers).toMatchObject([{ name: "w1", state: "ready", roles: ["automate"] }]);

    await run(["apply", "-"], { input: "resources: { there: { type: host } }" });
    expect(await run(["exec", "there", "run", "--", "echo", "from w1"])).toMatchObject({
      code: 0,
      stdout: "from w1\n",
    });
    // A worker's token can't even read the inventory.
    expect(await run(["resources", "list"], { env: away })).toMatchObject({ code: 3 });

    worker.kill("SIGTERM");
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(await run(["exec", "there", "check", "--require-worker", "0ms"])).toMatchObject({ code: 8 });
  });

  it("brings resource types written in TypeScript, which import this wilco wherever they are", async () => {
    const { start, run, dir } = newWorld();
    writeFileSync(
      join(dir, "greeter.ts"),
      `import { defineResourceType, OperationError, type OperationContext } from "wilco";
       const exec = async ({ exec }: OperationContext) => {
         try { await exec(["false"]); } catch (error) { return { known: error instanceof OperationError }; }
       };
       export default defineResourceType({ name: "greeter", operations: {
         greet: { handler: () => ({ greeting: "hello" }) },
         refuse: { handler: () => { throw new OperationError({ code: "not_today", message: "Not today.", hint: "Tomorrow." }); } },
         exec: { handler: exec },
       } });`,
    );
    await start(["server", "--port", "0", "--types", dir]).line(/^http:/);
    await run(["apply", "-"], { input: "resources: { g: { type: greeter } }" });
    const ended = await run(["exec", "g", "greet"]);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"greeting": "hello"') as string });
    await run(["exec", "g", "refuse"]);
    expect(JSON.parse((await run(["entry", "show", "2", "--json"])).stdout)).toMatchObject({
      error: { code: "not_today", hint: "Tomorrow." },
    });
    expect((await run(["exec", "g", "exec"])).stdout).toContain('"known": true');

    // New processes for its handlers, which find a file that does not load.
    expect(await run(["workers", "reload", "local"])).toMatchObject({ code: 0 });
    writeFileSync(join(dir, "greeter.ts"), "export default (");
    expect(await run(["exec", "g", "greet"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/greeter\.ts does not load any more: [^]*\(line 1\)/) as string,
    });
    expect(JSON.parse((await run(["entry", "show", "4", "--json"])).stdout)).toMatchObject({
      error: { code: "handler_not_loaded", source: "system" },
    });
  });

  it.each(["server", "worker"])("of %s outlives a rejection that a handler let go of, and logs it", async (command) => {
    const { start, run, dir } = newWorld();
    writeFileSync(
      join(dir, "loose.ts"),
      `import { defineResourceType } from "wilco";
       const loose = () => { void Promise.reject(new Error("let go of")); return {}; };
       export default defineResourceType({ name: "loose", operations: { drop: { handler: loose } } });`,
    );
    const types = ["--types", dir];
    const server = start(["server", "--port", "0", ...(command === "server" ? types : ["--no-worker"])]);
    await server.line(/^http:/);
    const worker = command === "server" ? server : start(["worker", "--name", "w", ...types]);
    if (worker !== server) await worker.line(/is ready/);
    await run(["apply", "-"], { input: "resources: { l: { type: loose } }" });
    expect(await run(["exec", "l", "drop"])).toMatchObject({ code: 0 });
    await worker.line(/an await is missing[^]*let go of|let go of[^]*an await is missing/);
    expect(await run(["exec", "l", "drop"])).toMatchObject({ code: 0 });
  });
});
