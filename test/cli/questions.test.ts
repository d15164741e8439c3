/** What asks the person at a terminal: `$EDITOR` of `wilco resources edit`, and `wilco apply --prune`. */
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openScreen, shellEnvironment, type Screen } from "../shell/screen.ts";
import { cliWorld, type CliWorld } from "./world.ts";

/** Shows the file, takes one line from the keyboard and edits by it. */
const EDITOR = `#!/bin/sh
cat "$2"
printf "$1> "
read line
[ "$line" = crash ] && sed -i 's/zone: .*/zone: typed/' "$2" && exit 3
sed -i "$line" "$2"
`;

let world: CliWorld;
let editor: string;
beforeAll(async () => {
  world = await cliWorld(`
types: { thing: { operations: { look: { run: ["true"] } } } }
resources:
  web-1: { type: thing }
  old-1: { type: thing }
  old-2: { type: thing }
groups: { old: { select: "old-*" } }
`);
  editor = world.file("editor.sh", EDITOR);
  chmodSync(editor, 0o700);
}, 30_000);
afterAll(() => world.stop());

function at(args: string[], more: Record<string, string> = {}): Screen & { state: string } {
  const { env, state } = shellEnvironment(world);
  return {
    ...openScreen({ env: { ...env, TMPDIR: state, ...more }, cwd: state, args, columns: 120, rows: 70 }),
    state,
  };
}

const edit = (more: Record<string, string> = {}) =>
  at(["resources", "edit", "web-1"], { EDITOR: `${editor} ed`, ...more });
const zone = async () => {
  const { stdout } = await world.run(["resources", "show", "web-1", "--json"]);
  return (JSON.parse(stdout) as { zone: string }).zone;
};
const texts = (state: string) => readdirSync(state).filter((name) => name.startsWith("wilco-edit-"));

describe("wilco resources edit", { timeout: 60_000 }, () => {
  it("opens the editor with its arguments, and again with the reason above what the server refused", async () => {
    const screen = edit();
    await screen.shows(/unchanged file changes nothing[^]*\ntype: thing\nzone: default\n[^]*\ned>/);
    screen.enter("s/zone: default/zone: [eu/");
    await screen.shows(/Not changed: The text:6:1 is not YAML: [^]*Edit it again\?/);
    screen.press("y");
    await screen.shows(/#! The text:6:1 is not YAML: .*\n#! Correct that line\.\ntype: thing\nzone: \[eu\n[^]*ed>$/);
    screen.enter("s/zone: .*/zon: eu/");
    await screen.shows(/Not changed: .*"zon" is unknown\.\n {2}Did you mean "zone"\?\n[^]*Edit it again\?[^]*\n└/);
    screen.press("y");
    await screen.shows(/#! Did you mean "zone"\?\n[^]*ed>$/);
    screen.enter("s/zon: eu/zone: eu/");
    await screen.shows(/Resource web-1 is changed\.\nended with 0$/);
    expect([await zone(), texts(screen.state)]).toEqual(["eu", []]);
  });

  it("keeps what was typed when it is given up, when the editor dies, and when somebody else was quicker", async () => {
    const refused = edit();
    await refused.shows(/ed>$/);
    refused.enter("s/type: thing/type: thin/");
    await refused.shows(/Not changed: .*"thin"[^]*Did you mean "thing"\?[^]*Edit it again\?/);
    refused.press("Enter");
    const said = await refused.shows(/error: Resource web-1 is as it was\.\n {2}Your text is in \S+\nended with 2$/);
    const file = /Your text is in (\S+)\.\n/.exec(said)![1]!;
    expect(readFileSync(file, "utf8")).toContain("type: thin\n");

    const crashed = edit();
    await crashed.shows(/ed>$/);
    crashed.enter("crash");
    await crashed.shows(/The editor \(.* ed\) ended with code 3, so nothing was changed\.\n {2}Your text is in \S+\n/);
    expect(texts(crashed.state)).toHaveLength(1);

    const late = edit();
    await late.shows(/ed>$/);
    await world.run(["resources", "edit", "web-1", "--label", "by=another", "--quiet"]);
    late.enter("s/zone: eu/zone: us/");
    await late.shows(/error: [^]*Your text is in \S+\nended with 2$/);
    expect([await zone(), texts(late.state)]).toEqual(["eu", [expect.any(String)]]);
  });

  it("leaves Ctrl-C to the editor, and says when there is none", async () => {
    const stubborn = world.file(
      "stubborn.sh",
      `#!/bin/sh\ntrap "echo caught" INT\nprintf "ed> "\nread a\nread b\ntrue\n`,
    );
    chmodSync(stubborn, 0o700);
    const screen = edit({ EDITOR: stubborn });
    await screen.shows(/ed>$/);
    screen.press("C-c");
    await screen.shows(/caught/);
    screen.enter("");
    screen.enter("");
    await screen.shows(/Resource web-1 is as it was\.\nended with 0$/);
    const none = edit({ VISUAL: "no-such-editor" });
    await none.shows(
      /The editor \(no-such-editor\) is not there, so nothing[^]*Set EDITOR to one that is there[^]*ended with 2$/,
    );
    expect([texts(screen.state), texts(none.state)]).toEqual([[], []]);
  });
});

it("wilco apply --prune shows the plan, and removes after a yes only", { timeout: 60_000 }, async () => {
  const file = world.file("whole.yaml", "resources: { web-1: { type: thing, zone: moon }, web-2: { type: thing } }\n");
  const args = ["apply", file, "--prune", "old,old-*"];
  const plan =
    /~ resource web-1\n {4}zone: eu → moon\n {4}[^]*\+ resource web-2\n- group old \(.*\)\n- resource old-1 \(.*\)\n- resource old-2 \(.*\)\n[^]*Remove the 3 things marked with - from http:\/\/SERVER, and apply the rest\?\n/;
  const names = async () => {
    const { stdout } = await world.run(["resources", "list", "--json"]);
    return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  };
  const refused = at(args);
  expect(await refused.shows(plan)).not.toContain("--dry-run");
  refused.press("Enter");
  await refused.shows(/Nothing was done\.\nended with 2$/);
  expect(await names()).toEqual(["web-1", "old-1", "old-2"]);
  const screen = at(args);
  await screen.shows(plan);
  screen.press("y");
  const seen = await screen.shows(
    /Applied to http:\/\/SERVER: 1 added, 1 changed, 3 removed, 0 the same\.\nended with 0$/,
  );
  expect(seen.match(/- group old/g)).toHaveLength(1);
  expect(await names()).toEqual(["web-1", "web-2"]);
});
