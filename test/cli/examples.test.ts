import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, freePorts, type CliWorld } from "./world.ts";

const examples = fileURLToPath(new URL("../../scripts-examples", import.meta.url));
/** It needs a server of its own: roll-out.test.ts. */
const ELSEWHERE = "roll-out.ts";
const scripts = readdirSync(examples).filter((name) => name.endsWith(".ts"));

let world: CliWorld;
beforeAll(async () => {
  const ports = await freePorts(3);
  const text = readFileSync(join(examples, "wilco.yaml"), "utf8");
  const inventory = ["8081", "8082", "8083"].reduce((yaml, port, at) => yaml.replaceAll(port, String(ports[at])), text);
  world = await cliWorld(inventory, [], (dir) => symlinkSync(examples, join(dir, "scripts-examples")));
  await world.run(["exec", "group=web", "start"]);
});
afterAll(async () => {
  await world.run(["exec", "type=process", "stop"]);
  await world.stop();
});

/** The script, its arguments, and what it must say. */
const RUNS: Record<string, Array<[args: string[], code: number, stdout: RegExp]>> = {
  "rolling-restart.ts": [
    [[], 0, /web-1: up again[^]*web-2: up again[^]*web-3: up again[^]*All servers are restarted/],
    [["--batch=100%"], 0, /3 servers, 100% at a time[^]*All servers are restarted/],
    [["--selector=tier=nothing"], 1, /^$/],
    [["--bach=2"], 2, /^$/],
  ],
  "start-ten-at-once.ts": [[[], 0, /Submitted 10 starts[^]*(consumer-\d\d +\d+ +succeeded +\d+\s+){10}/]],
  "conditional-second-step.ts": [
    [["--first=web-2"], 0, /web-2 is verified: process \d+ answers[^]*Restarted web-1, web-3 too/],
    [["--first=web-9"], 1, /^$/],
  ],
  "verified-configuration.ts": [
    [
      [],
      0,
      /web-1: version 1, verified, .*env\n.*web-2: version 1, verified[^]*web-3: version 1[^]*web-3 by local-admin, web-2 by local-admin/,
    ],
    [["--greeting=hello"], 0, /web-1: version 2, verified, env\.GREETING\n/],
  ],
  "long-operation-live-output.ts": [
    [["--files=5"], 0, /saved file 1 of 5[^]*saved file 5 of 5[^]*backup is complete[^]*6 lines were read/],
  ],
  "scheduled-for-later.ts": [
    [["--in=300ms", "--wait"], 0, /is scheduled, due [^]*succeeded: started/],
    [["--in=1h"], 0, /is scheduled, due .*\n.*wilco entry cancel \d+/],
  ],
  "poll-policies.ts": [
    [[], 0, /until it ends +\d+ +succeeded[^]*two looks.* +running[^]*All five operations succeeded/],
  ],
};

describe("scripts-examples", () => {
  it("are all run here, and each says how to run it", () => {
    expect([...Object.keys(RUNS), ELSEWHERE].toSorted()).toEqual(scripts.toSorted());
    for (const name of scripts)
      expect(readFileSync(join(examples, name), "utf8")).toMatch(
        new RegExp(`wilco run (--allow-read \\S+ )?scripts-examples/${name}`),
      );
  });

  it.each(
    Object.entries(RUNS).flatMap(([name, runs]) => runs.map(([args, code, stdout]) => ({ name, args, code, stdout }))),
  )("$name $args ends with $code", async ({ name, args, code, stdout }) => {
    const ended = await world.run(["run", join(examples, name), ...args]);
    expect(ended).toMatchObject({ code, stdout: expect.stringMatching(stdout) as string });
  });

  it("stops at the first failure, with the rest untouched", async () => {
    const broken = `resources: { web-1: { type: process, labels: { tier: web }, connection: { command: ["false"], settle: 2s } } }`;
    await world.run(["apply", "-"], { input: broken });
    const pid = async (name: string) =>
      (JSON.parse((await world.run(["exec", name, "status", "-q"])).stdout) as { pid: number }).pid;
    const before = await pid("web-2");
    const ended = await world.run(["run", join(examples, "rolling-restart.ts")]);
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/web-1 restart failed[^]*rolling-restart\.ts:\d+/) as string,
    });
    expect(await pid("web-2")).toBe(before);
  });
});
