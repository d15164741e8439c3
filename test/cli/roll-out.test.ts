/** The example that goes from the inventory to a release that is taken back, on real processes, as one tree. */
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EntryTree } from "../../src/domain/entry-tree.ts";
import { cliWorld, freePorts, type CliWorld } from "./world.ts";

const examples = fileURLToPath(new URL("../../scripts-examples", import.meta.url));
const releases = join(examples, "releases");
const script = join(examples, "roll-out.ts");

let world: CliWorld;
let ports: number[];
beforeAll(async () => {
  ports = await freePorts(3);
  const inventory = readFileSync(join(examples, "roll-out.yaml"), "utf8").replace("8091,8092,8093", ports.join(","));
  world = await cliWorld(inventory, ["--scripts-allow-read", examples], (dir) =>
    symlinkSync(examples, join(dir, "scripts-examples")),
  );
});
afterAll(async () => {
  await world.run(["exec", "type=process", "stop", "--yes"]);
  await world.stop();
});

const says =
  /3 servers were discovered\n3 were restarted[^]*front-3: configuration 2 is verified[^]*front-3: release 2 runs\nfront-1: release 3 was taken back, release 2 runs\n/;
/** What each line of the tree is: its operation (or kind), its status, and how many tasks it has. */
const outline = ({ children }: EntryTree) =>
  children.map((one) => `${one.operation ?? one.kind} ${one.status}${"+".repeat(one.children.length)}`);

it("does all of it on the server, as one tree of the history", async () => {
  const run = await world.run(["run", "--on-server", "--allow-read", releases, script, `--releases=${releases}`]);
  expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(says) as string });
  const found = await world.run(["history", "--kind", "script", "--json"]);
  const [{ id }] = JSON.parse(found.stdout) as [{ id: number }];
  const tree = JSON.parse((await world.run(["history", "tree", String(id), "--json"])).stdout) as EntryTree;
  expect(tree).toMatchObject({ kind: "script", status: "succeeded" });
  const updates = Array<string>(6).fill("updateConfiguration succeeded");
  expect(outline(tree)).toEqual([
    "discover succeeded",
    "start succeeded+++",
    "restart succeeded+++",
    ...updates,
    ...Array<string>(3).fill("deploy succeeded"),
    "deploy failed",
    "check succeeded",
  ]);
  expect(new Set(tree.children.map(({ kind }) => kind))).toEqual(
    new Set(["discovery", "request", "configuration", "deployment", "operation"]),
  );
  expect(tree.children.at(-2)!.error).toMatchObject({
    code: "deploy_failed",
    details: { rolled_back: true, running: { version: "2" } },
  });
  // What the processes themselves say.
  const said = await Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/`)).text()));
  expect(said).toEqual([1, 2, 3].map((n) => `good evening from front-${n}, release 2`));
  const deployments = await world.run(["deployments", "list", "front-1", "--json"]);
  expect(JSON.parse(deployments.stdout)).toMatchObject([
    { label: "3", status: "rolled_back" },
    { label: "2", status: "current" },
  ]);
});

it("does the same from here, for whoever runs it again", async () => {
  const run = await world.run(["run", "--allow-read", releases, script, `--releases=${releases}`]);
  expect(run).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /configuration 4 is verified[^]*taken back, release 2 runs\ndeployment \d+: \n$/,
    ) as string,
  });
});

it("has its versions, and the way back to one of them, in scripts too", async () => {
  const file = world.file(
    "back.ts",
    `import { resource } from "wilco";
const front = resource("front-1");
const told = async () => (await front.deployments({ limit: 2 })).map(({ label, status, restores }) => [label, status, restores]);
console.log(JSON.stringify(await told()));
console.log((await front.rollback({ to: 1, note: "as it was", poll: { delay: "200ms" } })).version);
console.log(JSON.stringify(await told()));
`,
  );
  expect(await world.run(["run", "--allow-operation", "deploy", file])).toMatchObject({
    code: 0,
    stdout: '[["3","rolled_back",null],["2","current",null]]\n2\n[["2","current",1],["3","rolled_back",null]]\n',
  });
  const refused = await world.run(["run", "--allow-operation", "restart", file]);
  expect([refused.code, refused.stderr]).toEqual([
    3,
    expect.stringContaining("To submit deploy of front-1 is not permitted"),
  ]);
});

it("goes back once under an idempotency key, whoever runs the step again", async () => {
  const back = (...more: string[]) =>
    world.run([
      "deployments",
      "rollback",
      "front-1",
      "1",
      "--idempotency-key",
      "back-to-1",
      "--note",
      "as told",
      ...more,
    ]);
  const first = await back("--json", "--report", "junit=back.xml");
  const second = await back("--json");
  expect([first.code, second.code]).toEqual([0, 0]);
  const [entry] = JSON.parse(first.stdout) as [{ id: number }];
  expect(JSON.parse(second.stdout)).toMatchObject([{ id: entry.id, status: "succeeded", note: "as told" }]);
  expect(second.stderr).toContain(`entry ${entry.id} of an earlier run succeeded; nothing is done again`);
  expect(readFileSync(join(world.dir, "back.xml"), "utf8")).toContain("deployments rollback front-1");
  const other = await back("--timeout", "7m");
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("used before for another call")]);
});
