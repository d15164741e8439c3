import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld("resources: { web-1: { type: host, labels: { by: hand }, connection: { address: old } } }");
});
afterAll(() => world.stop());

const document = async () => JSON.parse((await world.run(["export", "--json"])).stdout) as { resources: object };

describe("wilco import", () => {
  it("takes nothing of a table with 1,000 errors, and lists each with its line", async () => {
    const rows = Array.from({ length: 1_000 }, (_, n) =>
      n % 2 === 0 ? `bad-${n},10.0.0.1,none` : `bad-${n},10.0.0.1`,
    );
    const table = ["name,connection.address,connection.port", "good,10.0.0.1,22", ...rows].join("\n");
    const { code, stderr } = await world.run(["import", "-", "--from", "csv"], { input: table });
    expect(code).toBe(2);
    const lines = stderr.split("\n");
    expect(lines[0]).toBe("error: The import is refused, 1000 things are wrong:");
    expect(lines.slice(1, 1_001).map((line) => /^ {2}stdin:(\d+): /.exec(line)?.[1])).toEqual(
      Array.from({ length: 1_000 }, (_, n) => String(n + 3)),
    );
    expect(lines[1]).toBe('  stdin:3: resources.bad-0.connection.port: "port" must be a whole number, but is a text');
    expect(Object.keys((await document()).resources)).toEqual(["web-1"]);
  });

  it("changes only what changed when it is repeated, from what a command prints too", async () => {
    const list = JSON.stringify({ web: { hosts: ["web-1", "web-2"] }, _meta: { hostvars: {} } });
    const command = [process.execPath, "-e", `console.log(${JSON.stringify(list)})`];
    const first = await world.run(["import", "--label", "team=ops", "--zone", "eu", "--", ...command]);
    expect(first).toMatchObject({
      code: 0,
      stdout:
        "~ resource web-1\n    zone: default → eu\n    labels.team: (none) → ops\n    connection.address: old → web-1\n+ resource web-2\n+ group web\n",
    });
    expect((await document()).resources).toMatchObject({ "web-1": { labels: { by: "hand", team: "ops" } } });
    const again = await world.run(["import", "-", "--prefix", "", "--dry-run"], { input: list });
    expect(again).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("3 the same") as string });
    const prefixed = await world.run(["import", "-", "--prefix", "lab-", "--dry-run"], { input: list });
    expect(prefixed.stdout).toBe("+ resource lab-web-1\n+ resource lab-web-2\n+ group lab-web\n");
  });

  it("does not believe a command that failed, and says how it is used", async () => {
    expect(
      await world.run(["import", "--", process.execPath, "-e", "console.log('[]'); process.exit(3)"]),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("ended with exit code 3, so nothing is imported") as string,
    });
    for (const [args, words] of [
      [["import"], "There is nothing to import"],
      [["import", "a.csv", "--", "ls"], "a file and a command"],
      [["import", "a.csv", "b.csv"], "unexpected argument 'b.csv'"],
      [["import", "a.csv", "--from", "xml"], "--from xml is not a format"],
      [["import", "none.csv"], "none.csv can't be read"],
    ] as const) {
      expect(await world.run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) as string });
    }
  });
});
