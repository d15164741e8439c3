/** Tab and values as a person at a terminal has them: the real command, server and sandbox. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "../cli/world.ts";
import { openScreen, shellEnvironment, type Screen } from "./screen.ts";

const INVENTORY = `
types:
  greeter:
    operations:
      greet:
        description: Says hello to someone.
        parameters:
          type: object
          properties:
            name: { type: string, default: you, description: Whom to greet. }
            loud: { type: boolean }
        run: [sh, -c, 'echo "hello $0"', "{{parameters.name}}"]
        result: text
      fail: { run: [sh, -c, "echo working; exit 3"] }
resources:
  hall: { type: greeter, labels: { floor: 一階 } }
  hallway: { type: greeter, labels: { floor: ground } }
`;

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(INVENTORY);
});
afterAll(() => world.stop());

async function open(columns: number): Promise<Screen> {
  const { env, state } = shellEnvironment(world);
  const screen = openScreen({ env, cwd: state, columns });
  await screen.prompt();
  return screen;
}

describe("Tab at a terminal", () => {
  it("completes a name, then an operation, then its parameters, and shows the signature", async () => {
    const screen = await open(90);
    screen.type('resource("ha');
    await screen.tab(/> resource\("hall$/);
    screen.type("w");
    await screen.tab(/> resource\("hallway"\)$/);
    screen.type(".gr");
    await screen.tab(/\.greet$/);
    screen.type("({ ");
    await screen.tab(/name: {3}loud:[^]*> resource\("hallway"\)\.greet\(\{$/);
    const seen = await screen.tab(/Whom to greet\.[^]*> resource\("hallway"\)\.greet\(\{$/);
    expect(seen).toContain("  Says hello to someone.\n");
    expect(seen).toContain('  name?: string = "you"  Whom to greet.\n');
    screen.type("na");
    await screen.tab(/name:$/);
    screen.enter('"Ann" })');
    await screen.shows(/stdout: "hello Ann\\n"/);
  });

  it("closes no quote that stands there already", async () => {
    const screen = await open(90);
    screen.type('resource("")');
    screen.press("Left", "Left");
    screen.type("hallw");
    expect(await screen.tab(/hallway/)).toMatch(/> resource\("hallway"\)$/);
  });

  it("knows what an earlier line of the entry declared", async () => {
    const screen = await open(90);
    screen.enter('for (const one of resources("hall*")) {');
    screen.type("one.fa");
    expect(await screen.tab(/one\.fail$/)).toContain("for (const one of");
  });
});

describe("values at a terminal", () => {
  it.for([90, 40])("fit %i columns", async (columns) => {
    const screen = await open(columns);
    screen.enter("resources()");
    const table = await screen.shows(/2 resources/);
    expect(table).toMatch(/^NAME +AVAILABILITY/m);
    expect(table).toMatch(columns === 90 ? /^hall {5}● unknown .* floor=一階$/m : /^no room for: .*labels$/m);
    screen.enter('resource("hall").fail()');
    const failed = await screen.shows(/shows the entry/);
    expect(failed).toContain('1 │ resource("hall").fail()');
    expect(failed).toContain("  │ working");
    screen.enter("(await history.find({ status: 'failed' })).chart()");
    expect(await screen.shows(/^failed {2}\d+ {2}█+$/m)).toContain(".chart()");
  });
});
