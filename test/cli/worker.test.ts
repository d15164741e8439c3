/** `wilco worker` against real servers: certificates, tokens, names, restarts, and one entry by hand. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { CLI_FILE } from "../support/cli.ts";
import { spawnProcess } from "../support/processes.ts";
import { TEST_CERT, TEST_KEY } from "../server/tls-pair.ts";
import { cliWorld, emptyWorld, freePorts, type CliWorld } from "./world.ts";

const INVENTORY = `
types:
  job:
    operations:
      say: { run: [sh, -c, "echo hello; echo aside >&2"] }
      fail: { run: ["false"] }
      wait: { run: [sh, -c, "touch began; while [ ! -e go ]; do sleep 0.05; done"], timeout: 2m }
resources:
  job: { type: job, zone: edge, worker: w1 }
  loose: { type: job, zone: debug, worker: by-hand }
`;

describe("a worker", () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld(INVENTORY, ["--no-worker"]);
  });
  afterAll(() => world.stop());

  /** Made for each test: its file, to be given to workers. */
  async function tokenFile(name: string): Promise<string> {
    const { stdout } = await world.run(["tokens", "create", name, "--role", "worker", "--quiet"]);
    return world.file(`${name}.token`, stdout);
  }

  const start = async (token: string, ...args: string[]) => {
    const worker = world.start(["worker", "--server", world.url, "--token-file", token, ...args]);
    await worker.line(/is ready/);
    return worker;
  };

  it("ends with exit code 3 when its token is not known, or not a worker's", async () => {
    const wrong = world.file("wrong.token", "wilco_nonsense");
    const refused = await world.run(["worker", "--server", world.url, "--token-file", wrong, "--name", "x"]);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("The token is not known")]);
    const { stdout } = await world.run(["tokens", "create", "looker", "--role", "viewer", "--quiet"]);
    const viewer = world.file("viewer.token", stdout);
    const forbidden = await world.run(["worker", "--server", world.url, "--token-file", viewer, "--name", "x"]);
    expect([forbidden.code, forbidden.stderr]).toEqual([3, expect.stringContaining("a viewer's")]);
  });

  it("ends with exit code 3 when its token is revoked while it runs something, which it aborts", async () => {
    const worker = await start(await tokenFile("revoked"), "--name", "w1", "--zone", "edge");
    const { stdout } = await world.run(["exec", "job", "wait", "--no-wait", "--quiet"]);
    await world.run(["tokens", "revoke", "revoked", "--quiet"]);
    const ended = await worker.ended;
    expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining("was revoked")]);
    const cancel = await world.run(["entry", "cancel", stdout.trim(), "--force", "--quiet"]);
    expect(cancel.code).toBe(0);
  });

  it("is refused the name of a live one, with who has it", async () => {
    const token = await tokenFile("twice");
    const first = await start(token, "--name", "twin", "--state-dir", join(world.dir, "one"));
    const { code, stderr } = await world.run([
      "worker",
      "--server",
      world.url,
      "--token-file",
      token,
      "--name",
      "twin",
      "--state-dir",
      join(world.dir, "two"),
    ]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/name twin is taken by process \d+ .*\n.*--name/)]);
    first.kill();
    expect((await first.ended).code).toBe(0);
  });

  it("runs one entry by hand, with its output here and the exit code of the operation", async () => {
    const token = await tokenFile("hand");
    const once = async (operation: string) => {
      const filed = await world.run(["exec", "loose", operation, "--no-wait", "--no-require-worker", "--quiet"]);
      const entry = filed.stdout.trim();
      const args = ["--once", "--entry", entry, "--name", "by-hand", "--zone", "debug"];
      return { entry, args, ...(await world.run(["worker", "--server", world.url, "--token-file", token, ...args])) };
    };
    const said = await once("say");
    expect([said.code, said.stdout]).toEqual([0, "hello\n"]);
    expect(said.stderr).toContain("aside");
    expect((await once("fail")).code).toBe(1);
    const again = await world.run(["worker", "--server", world.url, "--token-file", token, ...said.args]);
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringContaining(`Entry ${said.entry} has ended as succeeded.\n  File it again with: wilco entry retry`),
    ]);
    const elsewhere = await world.run(["exec", "job", "say", "--no-wait", "--no-require-worker", "--quiet"]);
    const other = ["worker", "--once", "--entry", elsewhere.stdout.trim(), "--server", world.url];
    const refused = await world.run([...other, "--token-file", token]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("Start it with --name w1.")]);
    await world.run(["entry", "cancel", elsewhere.stdout.trim(), "--quiet"]);
  });

  it.for([
    [["--priority-band", "low-high"], /wrong way round/],
    [["--ca-file", "none.pem"], /--ca-file can't be read/],
    [["--ca-file", "wrong.token"], /has no certificate in it/],
    [["--log", "wrong.token/log"], /The log .* can't be written/],
    [["--once"], /Which entry is to be run is not said/],
    [["--entry", "3"], /--entry is for --once/],
    [["--zone", "a b"], /is not a valid zone/],
  ] as const)("refuses %s before it asks a server", async ([args, message]) => {
    world.file("wrong.token", "x");
    const { code, stderr } = await world.run(["worker", "--server", world.url, "--token-file", "wrong.token", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe("a worker whose server has a certificate of its own and is killed", () => {
  it("trusts the authority that it is given, keeps what it runs, and reports to the next server; its log names the entry", async () => {
    const world = emptyWorld();
    onTestFinished(() => world.stop());
    const [port] = await freePorts(1);
    const cert = world.file("cert.pem", TEST_CERT);
    const args = ["server", "--port", String(port), "--no-worker", "--tls-cert", cert];
    args.push("--tls-key", world.file("key.pem", TEST_KEY));
    const env = { ...world.env, WILCO_CA_FILE: cert };
    const startServer = async () => {
      const server = spawnProcess(process.execPath, [CLI_FILE, ...args], { cwd: world.dir, env: world.env });
      onTestFinished(() => server.stop());
      const [url] = await server.line(/^https:\/\/127\.0\.0\.1:\d+$/);
      return { server, url };
    };
    const { server, url } = await startServer();
    const created = await world.run(["tokens", "create", "edge", "--role", "worker", "--quiet"], { env });
    const token = world.file("edge.token", created.stdout);
    const common = ["worker", "--server", url, "--token-file", token, "--name", "w1", "--zone", "edge"];

    const distrustful = world.start([...common, "--verbose"]);
    await distrustful.line(/certificate is not trusted .*--ca-file FILE/);
    distrustful.kill();
    await distrustful.ended;

    const log = join(world.dir, "w1.log");
    const worker = world.start([...common, "--ca-file", cert, "--log", log]);
    await worker.line(/is ready/);
    expect((await world.run(["apply", "-", "--quiet"], { env, input: INVENTORY })).code).toBe(0);
    const entry = (await world.run(["exec", "job", "wait", "--no-wait", "--quiet"], { env })).stdout.trim();
    await until(() => existsSync(join(world.dir, "began")));
    server.kill("SIGKILL");
    await server.ended;
    writeFileSync(join(world.dir, "go"), "");
    await startServer();
    const waited = await world.run(["entry", "wait", entry, "--json"], { env });
    expect(waited.code).toBe(0);
    expect(JSON.parse(waited.stdout)).toMatchObject([{ status: "succeeded", attempt: 1 }]);
    worker.kill();
    expect((await worker.ended).code).toBe(0);
    const lines = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: "delivering", entry: Number(entry), root: Number(entry) }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: "delivered", entry: Number(entry), status: "succeeded" }),
    );
  });
});

/** Looks again until it is so; the test's own time limit is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
