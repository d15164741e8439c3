/** `wilco resources` and `wilco groups`, through the command line against a real server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(`
resources:
  box: { type: host }
  site: { type: http, parent: box, labels: { tier: web }, connection: { url: "http://127.0.0.1:1/", headers: { a: s3cret } } }
  lone: { type: http, connection: { url: "http://127.0.0.1:1/" } }
groups:
  web: { select: "tier=web" }
`);
});
afterAll(() => world.stop());

async function json(...args: string[]) {
  const { stdout, code, stderr } = await world.run([...args, "--json"]);
  expect([code, stderr.includes("error")]).toEqual([0, false]);
  return JSON.parse(stdout) as Record<string, never>;
}

describe("wilco resources", () => {
  it("edits what the flags name and leaves all else, secrets too", async () => {
    const flags = ["--label", "env=test", "--label", "tier-", "--check-every", "10s", "--connection", "timeout=5s"];
    const edited = await json("resources", "edit", "site", ...flags);
    expect(edited).toMatchObject({
      labels: { env: "test" },
      parent: "box",
      checkEvery: "10s",
      connection: { timeout: "5s", headers: "********" },
    });
    const literal = await world.run(["resources", "edit", "site", "--connection", "headers=x"]);
    expect(literal.code).toBe(2);
    expect(literal.stderr).toContain("can't be given as a literal");
    expect(await json("resources", "edit", "site", "--label", "tier=web", "--check-every", "default")).toMatchObject({
      labels: { env: "test", tier: "web" },
      checkEvery: null,
    });
    const nothing = await world.run(["resources", "edit", "site"]);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining("not said what to change")]);
  });

  it("adds, disables, enables and removes; refusals say what is in the way", async () => {
    await json(
      "resources",
      "add",
      "new",
      "--type",
      "http",
      "--connection",
      "url=http://127.0.0.1:1/",
      "--parent",
      "box",
    );
    const again = await world.run(["resources", "add", "new", "--type", "http", "--connection", "url=http://a"]);
    expect(again.stderr).toContain("There is a resource new already");
    expect((await world.run(["resources", "disable", "new"])).stderr).toContain("is disabled");
    const refused = await world.run(["exec", "new", "request"]);
    expect(refused.stderr).toContain("new is disabled, so its request was not filed");
    expect(await json("resources", "enable", "new")).toMatchObject({ availability: "unknown" });
    const parent = await world.run(["resources", "remove", "box", "--yes"]);
    expect(parent.stderr).toContain('"box" has children: site, new');
    expect((await world.run(["resources", "remove", "new"])).stderr).toContain("nobody is there to say yes");
    expect((await world.run(["resources", "remove", "new", "--yes"])).code).toBe(0);
  });

  it("shows the tree, pages of the list, and groups with their members", async () => {
    const tree = await world.run(["resources", "tree"]);
    expect(tree.stdout.split("\n")).toEqual([
      "box host, default unknown",
      "└─ site http, default unknown",
      "lone http, default unknown",
      "",
    ]);
    const first = await world.run(["resources", "list", "--limit", "2", "--json"]);
    const cursor = /--cursor (\S+)/.exec(first.stderr)![1]!;
    expect(JSON.parse(first.stdout)).toMatchObject([{ name: "box" }, { name: "site" }]);
    expect(await json("resources", "list", "--cursor", cursor)).toMatchObject([{ name: "lone" }]);
    expect(await json("groups", "list")).toMatchObject([{ name: "web", size: 1 }]);
    expect(await json("groups", "show", "web")).toMatchObject({ size: 1, resources: [{ name: "site" }] });
    expect((await world.run(["groups", "show", "wep"])).stderr).toContain('Did you mean "web"?');
  });

  it("removes groups and types that nothing needs, the outer group first", async () => {
    const document = `
types: { odd: { operations: { look: { run: ["true"] } } } }
resources: { odd-1: { type: odd } }
groups: { outer: { groups: [web] } }
`;
    await world.run(["apply", "-"], { input: document });
    const misspelt = await world.run(["groups", "remove", "web", "outr", "--yes"]);
    expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringContaining('Did you mean "outer"?')]);
    expect((await world.run(["groups", "remove", "web"])).stderr).toContain("nobody is there to say yes");
    const gone = await world.run(["groups", "remove", "web", "outer", "--yes"]);
    expect([gone.code, gone.stderr]).toEqual([0, "Group outer is removed.\nGroup web is removed.\n"]);
    const used = await world.run(["types", "remove", "odd", "--yes"]);
    expect([used.code, used.stderr]).toEqual([2, expect.stringContaining("The type odd is the type of odd-1.")]);
    await world.run(["resources", "remove", "odd-1", "--yes"]);
    expect(await world.run(["types", "remove", "odd", "--yes"])).toMatchObject({
      code: 0,
      stderr: "Type odd is removed.\n",
    });
  });
});
