import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createApi } from "../../src/client/api.ts";
import { dispatchTrusting } from "../../src/client/trust.ts";
import { createTransport } from "../../src/client/transport.ts";
import { createUploads } from "../../src/client/uploads.ts";
import { connect } from "../../src/index.ts";
import { TEST_CERT, TEST_KEY } from "../server/tls-pair.ts";
import { CLI_FILE } from "../support/cli.ts";
import { spawnProcess } from "../support/processes.ts";
import { cliWorld, emptyWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
let bare: Record<string, string | undefined>;
beforeAll(async () => {
  world = await cliWorld("resources: {}");
  const token = readFileSync(join(world.dir, "data", "admin.token"), "utf8");
  writeFileSync(join(world.dir, "token"), token);
  // Another data directory: the local server's own token is not found.
  bare = { WILCO_DATA_DIR: join(world.dir, "elsewhere") };
}, 30_000);
afterAll(() => world.stop());

const run = (...args: string[]) => world.run(args, { env: bare });
const file = () => join(world.dir, ".config", "wilco", "profiles.json");

describe("login, logout and profiles", { timeout: 30_000 }, () => {
  it("keeps a verified token for its owner only, and forgets it", async () => {
    expect((await run("status")).code).not.toBe(0);
    const login = await run("login", world.url, "--profile", "here", "--token-file", join(world.dir, "token"));
    expect(login).toMatchObject({ code: 0, stdout: "" });
    expect(login.stderr).toContain(`Logged in to ${world.url} as local-admin (admin), in profile here`);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect((await run("resources", "list")).code).toBe(0);
    const listed = await run("profiles", "list", "--json");
    expect(JSON.parse(listed.stdout)).toEqual([
      { name: "here", url: world.url, current: true, token: true, caFile: null },
    ]);
    expect((await run("logout")).code).toBe(0);
    expect(readFileSync(file(), "utf8")).not.toContain("token");
    expect((await run("resources", "list", "--profile", "here")).code).toBe(3);
    expect((await run("logout")).stderr).toContain("Nobody is logged in");
    expect((await run("profiles", "remove", "here")).code).toBe(0);
    expect((await run("profiles", "use", "here")).code).toBe(2);
  });

  it("keeps nothing that the server refuses", async () => {
    writeFileSync(join(world.dir, "wrong"), "wrong-token");
    const refused = await run("login", world.url, "--profile", "wrong", "--token-file", join(world.dir, "wrong"));
    expect(refused.code).toBe(3);
    expect((await run("profiles", "list", "--json")).stdout).not.toContain("wrong");
  });

  it.each([
    [["login"], /needs the server's URL/],
    [["login", "nonsense"], /is not one/],
    [["login", "http://127.0.0.1:1", "--profile", "a b"], /can't be a profile's name/],
    [["login", "http://127.0.0.1:1"], /There is no token/],
  ])("asks nothing without a terminal: %j", async (args, message) => {
    const refused = await run(...args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(message);
  });
});

it("trusts the authority of a server's certificate by a flag, a variable and a profile, and else says how", async () => {
  const tls = emptyWorld();
  onTestFinished(() => tls.stop());
  const ca = tls.file("ca.pem", TEST_CERT);
  const pair = ["--tls-cert", ca, "--tls-key", tls.file("key.pem", TEST_KEY)];
  const server = spawnProcess(process.execPath, [CLI_FILE, "server", "--port", "0", "--no-worker", ...pair], {
    cwd: tls.dir,
    env: tls.env,
  });
  onTestFinished(() => server.stop());
  const [url] = await server.line(/^https:\/\/127\.0\.0\.1:\d+$/);
  const how =
    /its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\.?\n.*--ca-file FILE, WILCO_CA_FILE, or "caFile"/;
  // Of the local server, which is there all the same, and of one that is named.
  expect(await tls.run(["status"])).toMatchObject({ code: 7, stderr: expect.stringMatching(how) as string });
  const distrusted = await tls.run(["resources", "list", "--server", url]);
  expect(distrusted).toMatchObject({ code: 7, stderr: expect.stringMatching(how) as string });
  expect((await tls.run(["resources", "list", "--ca-file", "ca.pem"])).code).toBe(0);
  expect((await tls.run(["resources", "list"], { env: { WILCO_CA_FILE: ca } })).code).toBe(0);

  const elsewhere = { env: { WILCO_DATA_DIR: join(tls.dir, "elsewhere") } };
  const token = join(tls.dir, "data", "admin.token");
  const login = await tls.run(["login", url, "--token-file", token, "--ca-file", "ca.pem"], elsewhere);
  expect(login.code).toBe(0);
  const listed = await tls.run(["profiles", "list", "--json"]);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ url, caFile: ca }]);
  // Texts, and what streams.
  expect((await tls.run(["resources", "list"], elsewhere)).code).toBe(0);
  expect((await tls.run(["content", "put", "ca.pem"], elsewhere)).code).toBe(0);

  // A program of one's own: one client trusts the authority, and lends its connections to no other.
  const secret = readFileSync(token, "utf8").trim();
  const distrusting = connect({ url, token: secret });
  const trusting = connect({ url, token: secret, ca: TEST_CERT });
  expect(await trusting.resources()).toHaveLength(0);
  await expect(distrusting.resources()).rejects.toMatchObject({
    code: "unreachable",
    hint: expect.stringContaining("connect({ ca })") as string,
  });
  const api = createApi(createTransport({ url, token: secret, dispatch: dispatchTrusting(TEST_CERT) }));
  expect(await createUploads(api).path(ca)).toMatchObject({ size: TEST_CERT.length });
  for (const client of [trusting, distrusting]) client.close();

  // Logged in again, the profile keeps its authority; for another server it is not the one to believe.
  const profile = ["--profile", new URL(url).host, "--token-file", token];
  const file = join(tls.dir, ".config", "wilco", "profiles.json");
  expect((await tls.run(["login", `${url},http://127.0.0.1:1`, ...profile], elsewhere)).code).toBe(0);
  expect(readFileSync(file, "utf8")).toContain(JSON.stringify(ca));
  const other = `https://localhost:${new URL(url).port}`;
  const moved = await tls.run(["login", other, ...profile], elsewhere);
  expect(moved).toMatchObject({ code: 7, stderr: expect.stringMatching(how) as string });
  writeFileSync(join(tls.dir, "here"), readFileSync(join(world.dir, "token")));
  const plain = await tls.run(["login", world.url, ...profile.with(3, "here")], elsewhere);
  expect(plain).toMatchObject({ code: 0, stderr: expect.stringContaining(`${ca} was for ${url}`) as string });
  expect(readFileSync(file, "utf8")).not.toContain("caFile");
  expect((await tls.run(["login", url, "--token-file", token, "--ca-file", "ca.pem"], elsewhere)).code).toBe(0);

  writeFileSync(file, readFileSync(file, "utf8").replace(ca, "gone.pem"));
  const gone = await tls.run(["resources", "list"], elsewhere);
  expect(gone).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/the "caFile" of profile \S+ can't be read/i) as string,
  });
}, 60_000);
