import type { Command } from "commander";
import { afterAll, expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { emptyWorld } from "./world.ts";

const world = emptyWorld();
afterAll(() => world.stop());

test.each([
  ["a command without its argument", ["entry", "show"], "missing required argument 'id'", "wilco entry show --help"],
  ["one after flags", ["--json", "queue", "pause"], "missing required argument 'route'", "wilco queue pause --help"],
  [
    "an argument that is a command's name",
    ["deploy", "run"],
    "missing required argument 'file'",
    "wilco deploy --help",
  ],
  ["no such command", ["wat"], "unknown command 'wat'", "wilco --help"],
])("wrong use is answered with the help to look at: %s", async (_what, args, problem, help) => {
  expect(await world.run(args)).toMatchObject({
    code: 2,
    stdout: "",
    stderr: `error: ${problem}.\n  See what there is with "${help}".\n`,
  });
});

test("a word that is like nothing is answered with all there is, as a sentence", async () => {
  expect(await world.run(["exec", "x", "check", "--report", "pdf=x"])).toMatchObject({
    code: 2,
    stderr: 'error: --report has no format "pdf".\n  Formats: junit.\n',
  });
});

test.each([
  [["entry", "12"], "error: unknown command '12'.\n  Write: wilco entry show 12\n"],
  [
    ["exec", "web-1"],
    'error: The operation is missing.\n  "wilco resources show NAME" lists what a resource can do: wilco exec web-1 restart\n',
  ],
])("%j has a hint of its own", async (args, stderr) => {
  expect(await world.run(args)).toMatchObject({ code: 2, stdout: "", stderr });
});

test("an empty selector is refused, because a variable that nobody has set must not mean everything", async () => {
  expect(await world.run(["exec", "", "restart", "--yes"])).toMatchObject({
    code: 2,
    stdout: "",
    stderr: "error: The selector is empty.\n  Name the resources, or write '*' for all of them.\n",
  });
});

test("a command line is given the command that it names, with all its flags, whatever else is left out", () => {
  const runner = { run: async () => {} };
  const described = (command: Command): unknown => ({
    usage: `${command.name()} ${command.usage()}`,
    flags: command.options.map((option) => option.flags),
    commands: command.commands.map(described),
  });
  const all = buildProgram(runner).commands;
  expect(all.length).toBeGreaterThan(30);
  for (const command of all) {
    const given = buildProgram(runner, ["--output", "json", command.name(), "history"]).commands;
    expect(described(given.find((one) => one.name() === command.name())!)).toEqual(described(command));
  }
  expect(buildProgram(runner, ["exec", "history"]).commands.map((one) => one.name())).toEqual(["run", "exec"]);
  for (const argv of [["wat"], ["exec", "--help"], ["complete", "--", "his"]]) {
    expect(buildProgram(runner, argv).commands.length).toBe(all.length);
  }
});
