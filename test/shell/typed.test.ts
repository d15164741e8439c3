/** What a person is asked, and what is typed or loaded as many lines, at a real terminal. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "../cli/world.ts";
import { openScreen, shellEnvironment } from "./screen.ts";

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld("resources: { one: { type: host } }");
}, 30_000);
afterAll(() => world.stop());

describe("a person at a terminal", { timeout: 60_000 }, () => {
  it("types many lines in .editor before any of them runs; Ctrl-D runs them, Ctrl-C drops them", async () => {
    const { env, state } = shellEnvironment(world);
    const screen = openScreen({ env, cwd: state });
    await screen.prompt();
    screen.enter(".editor");
    await screen.shows(/Entering editor mode/);
    screen.enter("const dropped = 1;");
    await screen.shows(/dropped = 1/);
    screen.press("C-c");
    await screen.prompt();
    screen.enter("typeof dropped");
    await screen.shows(/"undefined"/);
    await screen.prompt();
    screen.enter(".editor");
    await screen.shows(/Entering editor mode[^]*Entering editor mode/);
    screen.enter("const half: number = 20");
    screen.enter("function whole() {");
    screen.enter("  return half * 2 + 2;");
    screen.enter("}");
    screen.type("whole()");
    await screen.shows(/whole\(\)$/);
    screen.press("C-d");
    await screen.shows(/^42$/m);
    await screen.prompt();
    screen.enter("half + 1");
    expect(await screen.shows(/^21$/m)).not.toMatch(/error/i);
  });

  it("loads a file as if it were typed, and is told why one can't be", async () => {
    const { env, state } = shellEnvironment(world);
    writeFileSync(join(state, "setup.ts"), 'const one = resource("one");\nconst n: number = 40;\nn + 2\n');
    writeFileSync(join(state, "half.ts"), "function half() {\n");
    writeFileSync(join(state, "wrong.ts"), "const a = 1;\nnonsense();\n");
    const screen = openScreen({ env, cwd: state });
    await screen.prompt();
    screen.enter(".load setup.ts");
    await screen.shows(/^42$/m);
    await screen.prompt();
    screen.enter("one.name + n");
    expect(await screen.shows(/^"one40"$/m)).not.toMatch(/error/i);
    await screen.prompt();
    screen.enter(".load gone.ts");
    await screen.shows(/gone\.ts can't be read[^]*Check the path/);
    await screen.prompt();
    screen.enter(".load");
    await screen.shows(/\.load needs a file/);
    await screen.prompt();
    screen.enter(".load half.ts");
    await screen.shows(/half\.ts ends in the middle of something/);
    await screen.prompt();
    screen.enter(".load wrong.ts");
    await screen.shows(/'nonsense' is not defined\n.*:2:1/);
    await screen.prompt();
  });

  it("has a local server started when that is what they choose, and it stays behind the shell", async () => {
    const { env, state } = shellEnvironment(world);
    const { WILCO_SERVER: _url, WILCO_TOKEN: _token, ...bare } = env;
    const screen = openScreen({ env: bare, cwd: state });
    await screen.shows(/Which server\?[^]*● One that runs/);
    screen.press("Down");
    await screen.shows(/● A new local one/);
    screen.press("Enter");
    try {
      await screen.prompt();
      screen.enter(".server");
      await screen.shows(/http:\/\/SERVER as local-admin \(admin\)/);
      await screen.prompt();
      screen.press("C-d");
      await screen.shows(/ended with 0/);
      expect(await world.run(["status"], { env: bare })).toMatchObject({ code: 0 });
    } finally {
      await world.run(["down", "--now"], { env: bare });
    }
    expect(existsSync(join(state, "data", "wilco.db"))).toBe(true);
  });

  it("leaves at the question with Ctrl-C, and nothing was started", async () => {
    const { env, state } = shellEnvironment(world);
    const { WILCO_SERVER: _url, WILCO_TOKEN: _token, ...bare } = env;
    const screen = openScreen({ env: bare, cwd: state });
    await screen.shows(/Which server\?/);
    screen.press("C-c");
    expect(await screen.shows(/ended with \d+/)).toMatch(/No server, no shell/);
    expect(existsSync(join(state, "data", "owner.json"))).toBe(false);
  });

  it("types a token for wilco login that the screen never shows", async () => {
    const { env, state } = shellEnvironment(world);
    const { WILCO_SERVER: url, WILCO_TOKEN: token, ...bare } = env;
    const screen = openScreen({ env: bare, cwd: state, args: ["login", "--profile", "here"] });
    await screen.shows(/The server's URL/);
    screen.enter(url!);
    await screen.shows(/Your token for http:\/\/SERVER \(it is not shown\)/);
    screen.type(token!.slice(0, 12));
    expect(await screen.shows(/[▪*•]{12}/)).not.toContain(token!.slice(0, 12));
    screen.enter(token!.slice(12));
    const seen = await screen.shows(/ended with 0/);
    expect(seen).toMatch(/Logged in to http:\/\/SERVER as local-admin \(admin\), in profile here/);
    expect(seen).not.toContain(token!.slice(0, 12));
    expect(readFileSync(join(state, ".config", "wilco", "profiles.json"), "utf8")).toContain(token);
  });

  it("leaves wilco login with Ctrl-C, and nothing is kept", async () => {
    const { env, state } = shellEnvironment(world);
    const { WILCO_SERVER: url, WILCO_TOKEN: _token, ...bare } = env;
    const screen = openScreen({ env: bare, cwd: state, args: ["login", url!] });
    await screen.shows(/Your token/);
    screen.press("C-c");
    expect(await screen.shows(/ended with 130/)).toContain("Nothing was changed");
    expect(existsSync(join(state, ".config", "wilco", "profiles.json"))).toBe(false);
  });
});
