import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./world.ts";

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
    expect(JSON.parse(listed.stdout)).toEqual([{ name: "here", url: world.url, current: true, token: true }]);
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
