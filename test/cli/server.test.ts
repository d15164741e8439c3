import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
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
      workers: [{ name: "local", state: "ready" }],
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

  it("gives one server to two that start it at the same moment", async () => {
    const { run } = newWorld();
    const [one, two] = await Promise.all([run(["up"]), run(["up"])]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(one.stdout).toBe(two.stdout);
  });

  it("keeps everything over a restart, also after the server was killed", async () => {
    const { run, env } = newWorld();
    await run(["up"]);
    await run(["apply", "-"], { input: "resources: { here: { type: host } }" });
    expect(await run(["exec", "here", "check"])).toMatchObject({ code: 0 });
    const { pid } = JSON.parse(readFileSync(join(env["WILCO_DATA_DIR"]!, "owner.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    expect(await run(["up"])).toMatchObject({ code: 0 });
    const history = JSON.parse((await run(["history", "--json"])).stdout) as object[];
    expect(history).toMatchObject([{ id: 1, status: "succeeded" }]);
  });

  it("says why the server does not start", async () => {
    const { run, dir } = newWorld();
    const file = world!.file("occupied", "");
    expect(await run(["up"], { env: { WILCO_DATA_DIR: join(file, "data") } })).not.toMatchObject({ code: 0 });
    expect(await run(["up", "--types", join(dir, "nothing")])).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(/ended with exit code 2[^]*--types[^]*server\.log/) as string,
    });
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
    ["a database that is not there", ["--database-url", "postgres://nobody@127.0.0.1:9/none"], 7, /./],
  ])("refuses %s", async (_what, args, code, stderr) => {
    const ended = await newWorld().run(["server", "--port", "0", ...args]);
    expect(ended).toMatchObject({ code, stderr: expect.stringMatching(stderr) as string });
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

  it("brings resource types written in TypeScript", async () => {
    const { start, run, dir } = newWorld();
    const sdk = CLI_FILE.replace(/cli\/bin\.(ts|js)$/, "resource-types/sdk.$1");
    writeFileSync(
      join(dir, "greeter.mjs"),
      `import { defineResourceType } from ${JSON.stringify(sdk)};
       export default defineResourceType({ name: "greeter", operations: { greet: { handler: () => ({ greeting: "hello" }) } } });`,
    );
    await start(["server", "--port", "0", "--types", dir]).line(/^http:/);
    await run(["apply", "-"], { input: "resources: { g: { type: greeter } }" });
    const ended = await run(["exec", "g", "greet"]);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"greeting": "hello"') as string });
  });
});
