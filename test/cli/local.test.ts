import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyWorld, freePorts } from "./world.ts";

const world = emptyWorld();
const temporary = () => readdirSync(world.dir).filter((name) => name.startsWith("wilco-local-"));
beforeAll(() => {
  world.file("wilco.yaml", "resources: { here: { type: host } }");
});
afterAll(() => world.stop());

describe("--local: a server in the process", () => {
  it("runs a script on the inventory of the directory, and leaves nothing behind", async () => {
    const file = world.file(
      "hello.ts",
      'import { resource } from "wilco";\nconsole.log((await resource("here").run({ command: ["echo", "hi"] })).stdout.trim());',
    );
    expect(await world.run(["run", "--local", file])).toMatchObject({ code: 0, stdout: "hi\n" });
    expect(temporary()).toEqual([]);
  });

  it("runs one operation, with the exit code of it", async () => {
    expect(await world.run(["exec", "--local", "here", "run", "--", "sh", "-c", "echo x; exit 4"])).toMatchObject({
      code: 1,
      stdout: "x\n",
    });
  });

  it("lets what was started and not waited for end first", async () => {
    const marker = `${world.dir}/drained`;
    const ended = await world.run([
      "exec",
      "--local",
      "--no-wait",
      "here",
      "run",
      "--",
      "sh",
      "-c",
      `sleep 0.5; touch ${marker}`,
    ]);
    expect(ended).toMatchObject({ code: 0, stdout: "1\n" });
    expect(readdirSync(world.dir)).toContain("drained");
  });

  it("keeps its data in --data-dir", async () => {
    const dir = `${world.dir}/kept`;
    await world.run(["exec", "--local", "--data-dir", dir, "here", "check"]);
    expect(await world.run(["exec", "--local", "--data-dir", dir, "here", "check"])).toMatchObject({
      stderr: expect.stringContaining("entry 2") as string,
    });
  });

  it("stops the processes that it started, because nobody could after it", async () => {
    const [port] = await freePorts(1);
    const server = `require("http").createServer((q, r) => r.end(String(process.pid))).listen(${port}, "127.0.0.1")`;
    world.file(
      "web.yaml",
      `resources: { web: { type: process, connection: { command: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(server)}], ready: { port: ${port} } } } }`,
    );
    const ended = await world.run(["exec", "--local", "--inventory", "web.yaml", "web", "start"]);
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining("Stopped web") as string });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it.each<[string, string, RegExp]>([
    [
      "a name that is there twice",
      "resources:\n  a: { type: host }\n  a: { type: host }\n",
      /bad\.yaml:3:3: the name "a" is there twice/,
    ],
    ["no YAML", "resources: [", /bad\.yaml:1:\d+ is not YAML/],
    ["an unknown type", "resources: { a: { type: hots } }", /hots[^]*Did you mean "host"\?/],
  ])("refuses an inventory with %s", async (_what, text, stderr) => {
    world.file("bad.yaml", text);
    expect(await world.run(["exec", "--local", "--inventory", "bad.yaml", "a", "check"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(stderr) as string,
    });
    expect(temporary()).toEqual([]);
  });

  it("stops what runs when it is interrupted, and says so", async () => {
    const waiting = world.start(["exec", "--local", "here", "run", "--", "sh", "-c", "echo begun; sleep 60"]);
    await waiting.line(/^begun$/);
    waiting.kill("SIGINT");
    const ended = await waiting.ended;
    expect(ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining("the server in this process stops now") as string,
    });
    expect(temporary()).toEqual([]);
  });
});
