/** Steps that are run again, with the environment that GitHub Actions sets. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./world.ts";

describe("A step that is run again", () => {
  let world: CliWorld;
  let counts: string;
  let runId = 100;
  beforeAll(async () => {
    world = await cliWorld("resources: {}");
    counts = join(world.dir, "counts");
    const count = `echo "$1" >> "${counts}"; test ! -e "${world.dir}/broken-$1"`;
    const inventory = world.file(
      "inventory.json",
      JSON.stringify({
        types: {
          counter: {
            operations: {
              count: {
                run: ["sh", "-c", count, "sh", "{{resource.name}}"],
                parameters: { type: "object", properties: { n: { type: "integer" } }, additionalProperties: false },
              },
            },
          },
        },
        resources: { a: { type: "counter" }, b: { type: "counter" }, c: { type: "counter" } },
      }),
    );
    await world.run(["apply", inventory]);
  });
  afterAll(() => world.stop());
  beforeEach(() => {
    runId += 1;
    rmSync(counts, { force: true });
    for (const name of ["a", "b", "c"]) rmSync(join(world.dir, `broken-${name}`), { force: true });
  });

  const counted = () => (existsSync(counts) ? readFileSync(counts, "utf8").split("\n").filter(Boolean).toSorted() : []);
  const github = (attempt: number, more: Record<string, string> = {}) => ({
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "acme/site",
    GITHUB_RUN_ID: String(runId),
    GITHUB_RUN_ATTEMPT: String(attempt),
    GITHUB_JOB: "deploy",
    GITHUB_ACTION: "__run",
    WILCO_CI_LEG: "0",
    ...more,
  });
  const exec = (selector: string, attempt: number, args: string[] = [], more: Record<string, string> = {}) =>
    world.run(["exec", selector, "count", "--idempotency-key", "auto", ...args], { env: github(attempt, more) });

  it("does nothing again that succeeded, and says which entry answers", async () => {
    for (const name of ["a", "b"]) expect((await exec(name, 1)).code).toBe(0);
    for (const name of ["a", "b"]) {
      const again = await exec(name, 2);
      expect(again.code).toBe(0);
      expect(again.stderr).toMatch(/entry \d+ of an earlier run succeeded; nothing is done again/);
    }
    expect(counted()).toEqual(["a", "b"]);
  });

  it("makes two identical calls of one step twice, and neither again", async () => {
    await exec("a", 1);
    await exec("a", 1);
    expect(counted()).toEqual(["a", "a"]);
    await exec("a", 2);
    await exec("a", 2);
    expect(counted()).toEqual(["a", "a"]);
    expect((await exec("a", 2)).code).toBe(0);
    expect(counted()).toEqual(["a", "a", "a"]);
  });

  it("does again what failed, and of many targets those that did", async () => {
    world.file("broken-b", "");
    expect((await exec("a,b,c", 1)).code).toBe(5);
    rmSync(join(world.dir, "broken-b"));
    const again = await exec("a,b,c", 2);
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/failed, so it is done again/);
    expect(counted()).toEqual(["a", "b", "b", "c"]);
    expect((await exec("a,b,c", 3)).code).toBe(0);
    expect(counted()).toEqual(["a", "b", "b", "c"]);
  });

  it("keeps legs of a matrix, steps and parameters apart", async () => {
    await exec("a", 1);
    await exec("a", 1, [], { WILCO_CI_LEG: "1" });
    await exec("a", 1, [], { GITHUB_ACTION: "__run_2" });
    await exec("a", 1, ["--param", "n=2"]);
    expect(counted()).toEqual(["a", "a", "a", "a"]);
  });

  it("waits for what still runs", async () => {
    const scheduled = await exec("a", 1, ["--no-wait", "--note", "x"]);
    expect(scheduled.code).toBe(0);
    const again = await exec("a", 2, ["--note", "x"]);
    expect(again.code).toBe(0);
    expect(counted()).toEqual(["a"]);
  });

  it("of a script is answered call by call", async () => {
    world.file("broken-b", "");
    const script = world.file(
      "all.ts",
      `import { resources } from "wilco";
for (const one of resources("a,b,c")) await one.count();`,
    );
    const run = (attempt: number) => world.run(["run", "--idempotency-key", "auto", script], { env: github(attempt) });
    expect((await run(1)).code).toBe(1);
    expect(counted()).toEqual(["a", "b"]);
    rmSync(join(world.dir, "broken-b"));
    expect((await run(2)).code).toBe(0);
    expect(counted()).toEqual(["a", "b", "b", "c"]);
  });

  it("with a key of one's own is one call, whoever makes it", async () => {
    const own = (args: string[] = []) =>
      world.run(["exec", "a", "count", "--idempotency-key", `deploy-${runId}`, ...args]);
    await own();
    await own();
    expect(counted()).toEqual(["a"]);
    const other = await own(["--timeout", "7m"]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("used before for another call");
  });

  it("is refused where its runs can't be told apart, before anything is submitted", async () => {
    const noLeg = await world.run(["exec", "a", "count", "--idempotency-key", "auto"], {
      env: { ...github(1), WILCO_CI_LEG: undefined },
    });
    expect(noLeg.code).toBe(2);
    expect(noLeg.stderr).toContain("strategy.job-index");
    const nowhere = await world.run(["exec", "a", "count", "--idempotency-key", "auto"]);
    expect(nowhere.code).toBe(2);
    const again = await world.run(["exec", "a", "count", "--again"]);
    expect(again.code).toBe(2);
    expect(counted()).toEqual([]);
  });
});
