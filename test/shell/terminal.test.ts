import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { cliWorld, type CliWorld } from "../cli/world.ts";
import { openScreen, shellEnvironment, type Screen, type ScreenOptions } from "./screen.ts";

const inventory = readFileSync(fileURLToPath(new URL("inventory.yaml", import.meta.url)), "utf8");
let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(inventory);
}, 30_000);
afterAll(() => {
  // What the tests left running ends.
  writeFileSync(join(world.dir, "go"), "");
  return world.stop();
});

async function open(options: Partial<ScreenOptions> = {}): Promise<Screen & { state: string }> {
  const { env, state } = shellEnvironment(world);
  const screen = openScreen({ env, cwd: state, ...options });
  await screen.prompt();
  return { ...screen, state };
}

/** Lets what `work` runs come to its end. */
function letGo(): void {
  const file = join(world.dir, "go");
  writeFileSync(file, "");
  onTestFinished(() => rmSync(file, { force: true }));
}

/** Enters a line, and waits until its answer and the next prompt are there. */
async function expectAnswer(screen: Screen, line: string, pattern: RegExp): Promise<string> {
  screen.enter(line);
  const seen = await screen.shows(pattern);
  await screen.prompt();
  return seen;
}

describe("the shell at a terminal", { timeout: 60_000 }, () => {
  it("evaluates lines whose names persist, over many lines if need be", async () => {
    const screen = await open();
    screen.enter('const box = resource("box-1")');
    await expectAnswer(screen, "box", /operations {2}echo, fail, work/);
    await expectAnswer(screen, 'box.echo({ text: "hi there" })', /stdout: "hi there\\n"/);
    screen.enter("function twice(x) {");
    await screen.shows(/^\|\s*$/m);
    screen.enter("  return x * 2;");
    screen.enter("}");
    await screen.prompt();
    await expectAnswer(screen, "twice(_.exitCode + 21)", /^42$/m);
    await expectAnswer(screen, "const box = 1; box", /^1$/m);
    await expectAnswer(screen, "undefinedName", /'undefinedName' is not defined\n.*line#\d+:1:1/);
    await expectAnswer(screen, "_error.name", /^"ReferenceError"$/m);
    await expectAnswer(screen, ".jsno", /The shell has no \.jsno\n {2}Did you mean "?\.json"?\?/);
  });

  it("says why what it waits for does not run, in the words of the server", async () => {
    const screen = await open();
    screen.enter('await resource("far-1").echo({}, { requireWorker: false })');
    const why = /No live worker serves the route far\/automate\. The nearest: nobody is in zone far/;
    expect(await screen.shows(why)).toMatch(/far-1 echo #\d+ · queued/);
    screen.press("C-c");
    await screen.prompt();
    screen.enter(".cancel");
    await screen.shows(/\[y\/N\]/);
    screen.enter("y");
    await screen.prompt();
  });

  it("shows what it waits for; Ctrl-C ends the line and not the operation, and a second one says so again", async () => {
    const screen = await open();
    screen.enter('await resource("box-1").work(); console.log("not reached")');
    const live = await screen.shows(/box-1 work #(\d+) · running · .* begun/);
    const id = /#(\d+)/.exec(live)![1]!;
    screen.press("C-c");
    await screen.shows(new RegExp(`Interrupted. box-1 work \\(entry ${id}, running\\) goes on`));
    await screen.prompt();
    screen.press("C-c");
    await screen.shows(new RegExp(`(await history.wait\\(${id}\\)[^]*){2}`));
    await screen.prompt();
    letGo();
    const seen = await expectAnswer(screen, `await history.wait(${id})`, /succeeded/);
    expect(seen).not.toContain("\nnot reached");
  });

  it("lists several executions, and cancels them after a yes", async () => {
    const screen = await open();
    screen.enter('await Promise.all(resources("tier=web").map((box) => box.work()))');
    await screen.shows(/0 of 2 ended · 2 running · .*\nbox-1 work #\d+ · running.*\nbox-2 work #\d+ · running/);
    screen.press("C-c");
    await screen.prompt();
    screen.enter(".cancel");
    await screen.shows(/Cancel these 2 operations\? \[y\/N\]/);
    screen.press("C-c");
    await screen.shows(/Nothing was canceled/);
    await screen.prompt();
    screen.enter(".cancel");
    await screen.shows(/\[y\/N\][^]*\[y\/N\]/);
    screen.enter("y");
    await screen.shows(/box-1 work \(entry \d+, cancel\w+\)[^]*box-2 work \(entry \d+, cancel\w+\)/);
    await expectAnswer(
      screen,
      "(await history.wait(history.find ? (await history.find({ limit: 1 }))[0].id : 0)).status",
      /"canceled"/,
    );
  });

  it("says why an operation stays in the queue", async () => {
    const screen = await open();
    screen.enter('resource("far-1").work()');
    await screen.shows(/far-1 work #\d+ · queued · .*\n {2}No live worker serves the route far\/automate\./);
    screen.press("C-c");
    await screen.prompt();
    screen.enter(".cancel");
    await screen.shows(/Cancel far-1 work/);
    screen.enter("yes");
    expect(await screen.shows(/far-1 work \(entry \d+, canceled\)/)).toContain("[y/N] yes");
  });

  it("comes back from an endless loop with its variables, and from a native one without", async () => {
    const screen = await open();
    await expectAnswer(screen, "const kept = 7; kept", /^7$/m);
    screen.enter("while (true) {}");
    // Both may come in one piece: what stands before Ctrl-C is the line that it ends.
    screen.press("C-c");
    await screen.shows(/Interrupted\. Nothing that it started goes on/);
    await expectAnswer(screen, "kept * 6", /^42$/m);
    screen.enter("new Array(2 ** 32 - 1).indexOf(1)");
    screen.press("C-c");
    await screen.shows(/started anew: your variables are lost/);
    await expectAnswer(screen, "kept", /'kept' is not defined/);
  });

  it("evaluates pasted lines one after the other", async () => {
    const screen = await open();
    screen.paste(
      'const a = await resource("box-1").echo({ text: "one" })\nfunction f() {\n\treturn a.stdout\n}\nf()\n`${f().trim()} two`\n',
    );
    const seen = await screen.shows(/"one two"/);
    expect(seen).toMatch(/f\(\)\n"one\\n"\n.*`\$\{f\(\)\.trim\(\)\} two`\n"one two"/);
  });

  it("keeps entries of many lines whole, over sessions; Ctrl-R finds and runs them", async () => {
    const { env, state } = shellEnvironment(world);
    const first = openScreen({ env, cwd: state });
    await first.prompt();
    first.enter("const list = [");
    first.enter("  'found',");
    first.enter("].join()");
    await first.prompt();
    await expectAnswer(first, "1 + 1", /^2$/m);
    await expectAnswer(first, " 'a space before: not kept'", /not kept/);
    first.press("C-d");
    await first.shows(/ended with 0/);
    const second = openScreen({ env, cwd: state });
    await second.prompt();
    second.press("Up", "Up");
    await second.shows(/const list = \[\n\| {3}'found',\n\| \]\.join\(\)/);
    second.press("C-c");
    await second.prompt();
    second.press("C-r");
    second.type("fou");
    await second.shows(/\(search\) fou: const list = \[ ⏎ {3}'found', ⏎ \]\.join\(\)/);
    second.press("Enter");
    await second.prompt();
    await expectAnswer(second, "list", /^"found"$/m);
  });

  it("fits 40 columns, and a window that changes its size", async () => {
    const screen = await open({ columns: 40, rows: 30 });
    await expectAnswer(screen, 'resources("tier=web")', /2 resources/);
    screen.enter('resource("box-1").work()');
    const live = await screen.shows(/box-1 work #\d+ · running/);
    expect(live.split("\n").filter((line) => line.includes("· running"))).toHaveLength(1);
    screen.resize(90, 20);
    await screen.shows(/running · AGO · begun/);
    screen.press("C-c");
    await screen.prompt();
    screen.enter("resources()");
    expect(await screen.shows(/3 resources/)).toMatch(/LABELS\n.*tier=web/);
  });

  it("records what succeeded as a script that wilco run runs", async () => {
    const screen = await open();
    await expectAnswer(screen, "nonsense", /not defined/);
    screen.enter('const box = resource("box-1")');
    await expectAnswer(screen, 'box.echo({ text: "first" })', /first/);
    await expectAnswer(screen, ".record session.ts", /Recording into/);
    screen.enter('const box = resource("box-2")');
    await expectAnswer(screen, 'box.echo({ text: "second" })', /second/);
    screen.enter('console.log("told", _.stdout)');
    await expectAnswer(screen, ".record off", /Run it with: wilco run/);
    const file = join(screen.state, "session.ts");
    expect(readFileSync(file, "utf8")).not.toContain("nonsense");
    const ran = await world.run(["run", file]);
    expect(ran).toMatchObject({ code: 0, stdout: "told second\n\n" });
  });

  it("asks for a server when none is named; Enter alone starts none", async () => {
    const { env, state } = shellEnvironment(world);
    const { WILCO_SERVER: url, WILCO_TOKEN: token, ...bare } = env;
    const screen = openScreen({ env: bare, cwd: state });
    await screen.shows(/Which server\?[^]*● One that runs/);
    screen.press("Enter");
    await screen.shows(/Its URL/);
    screen.enter(url!);
    await screen.shows(/Your token/);
    screen.enter(token!);
    const seen = await screen.prompt();
    expect(seen).not.toContain(token);
    expect(existsSync(join(state, "data", "owner.json"))).toBe(false);
    await expectAnswer(screen, ".server", /http:\/\/SERVER as local-admin \(admin\)/);
  });

  it("completes names and operations, and shows a signature on the second Tab", async () => {
    const screen = await open();
    screen.type('const b = resource("f');
    await screen.tab(/"far-1"\)$/);
    screen.press("Enter");
    await screen.prompt();
    screen.type("b.ec");
    await screen.tab(/> b\.echo/);
    screen.type("");
    expect(await screen.tab(/Says what it is told/)).toContain("text");
  });
});
