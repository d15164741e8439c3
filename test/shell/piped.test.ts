import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, emptyWorld, type CliWorld } from "../cli/world.ts";

const inventory = readFileSync(fileURLToPath(new URL("inventory.yaml", import.meta.url)), "utf8");
let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(inventory);
}, 30_000);
afterAll(() => world.stop());

const piped = (input: string) => world.run(["shell"], { input });

describe("the shell without a terminal", { timeout: 30_000 }, () => {
  it("reads lines, prints plain results, and ends with 0", async () => {
    const ran = await piped(
      'const box = resource("box-1")\nbox.echo({ text: "hi" })\n[1, 2].map((x) =>\n  x * 2)\nconsole.log("said")\n_\n.json\n',
    );
    expect(ran).toMatchObject({
      code: 0,
      stdout: '{ exitCode: 0, stdout: "hi\\n" }\n[2, 4]\nsaid\n[2, 4]\n[\n  2,\n  4\n]\n',
      stderr: "",
    });
  });

  it.each([
    ["an operation that fails", 'resource("box-1").fail()\nconsole.log("on")', 1, /OperationFailed: box-1 fail failed/],
    ["an error of its own", 'throw new TypeError("mine")\nconsole.log("on")', 1, /TypeError: mine/],
    ["a line that does not compile", "let = 5 5\nconsole.log('on')", 2, /SyntaxError/],
    ["an unfinished line at its end", "[1,\n2", 2, /ends in the middle of something/],
    ["an unknown command", ".jsno\nconsole.log('on')", 2, /no \.jsno/],
    ["exit", "exit(12)\nconsole.log('on')", 12, /^$/],
    ["a poll limit", 'resource("far-1").work({}, { poll: { delay: "1ms", limit: 1 } })', 124, /PollLimitReached/],
    [".cancel, which would have to ask", ".cancel", 2, /nobody is there/],
  ])("ends at the first error: %s", async (_what, input, code, stderr) => {
    const ran = await piped(input);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toMatch(stderr);
  });

  it("asks nothing when no server is named", async () => {
    const empty = emptyWorld();
    try {
      expect(await empty.run(["shell"], { input: "1" })).toMatchObject({ code: 7, stdout: "" });
    } finally {
      await empty.stop();
    }
  });
});
