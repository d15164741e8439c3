import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLI_FILE } from "../support/cli.ts";
import { openTerminal } from "../support/terminal.ts";
import { cliWorld, type CliWorld } from "./world.ts";

let world: CliWorld;
let server: Server;
let host: string;
beforeAll(async () => {
  server = createServer((_request, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  world = await cliWorld(
    "resources: { one: { type: host, labels: { tier: a } }, two: { type: host, labels: { tier: b } } }",
  );
  mkdirSync(join(world.dir, "files"));
  world.file("files/a.txt", "from a file");
});
afterAll(async () => {
  await world.stop();
  await new Promise((resolve) => server.close(resolve));
});

const ASKING = (head: string) => `${head}
import { env, readFile, resource } from "wilco";
console.log(env.STAGE, await readFile("files/a.txt"), await (await fetch("http://${host}/")).text());
`;

describe("permissions of wilco run", () => {
  it("are given by flags, relative directories from where the command is typed", async () => {
    const file = world.file("flags.ts", ASKING(""));
    const flags = ["--allow-env", "STAGE", "--allow-read", "files", "--allow-net", host];
    const env = { STAGE: "test" };
    expect(await world.run(["run", ...flags, file], { env })).toMatchObject({
      code: 0,
      stdout: "test from a file hello\n",
    });
    // Each is needed: the error names the flag.
    for (const [at, wanted] of ["--allow-env STAGE", "--allow-read DIR", `--allow-net ${host}`].entries()) {
      const ended = await world.run(["run", ...flags.toSpliced(at * 2, 2), file], { env });
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain(`Run it with ${wanted} if it is to do that`);
      expect(ended.stderr).toContain("flags.ts:3:");
    }
  });

  it("limit operations and resources, and what they refuse is not filed", async () => {
    const file = world.file(
      "limits.ts",
      `import { history, resource } from "wilco";
       const outcome = async (name, operation) => resource(name)[operation]().then(() => "done", (error) => error.details.flag);
       console.log(await outcome("one", "facts"), await outcome("two", "facts"), await outcome("one", "check"));
       console.log((await history.find({ limit: 100 })).filter((entry) => entry.note === null).length);`,
    );
    const flags = ["--allow-operation", "host.fac*", "--allow-resource", "tier=a"];
    const ended = await world.run(["run", ...flags, file]);
    expect(ended).toMatchObject({ code: 0, stdout: "done --allow-resource --allow-operation\n1\n" });
  });

  it("are refused where they can't be", async () => {
    const file = world.file("nothing.ts", "");
    const cases: Array<[flags: string[], said: string]> = [
      [["--allow-read", "nowhere"], "is not a directory"],
      [["--allow-net", "https://example.com"], "is no host to allow"],
      [["--allow-env", "A B"], "is no name of an environment variable"],
      [["--allow-operation", "re start"], "is no pattern of operations"],
      [["--allow-resource", "a,,b"], "The selector"],
    ];
    for (const [flags, said] of cases) {
      const ended = await world.run(["run", ...flags, file]);
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain(said);
    }
  });
});

describe("permissions of wilco shell", () => {
  it("are given by the same flags, and what is beyond them names its flag", async () => {
    const flags = ["--allow-env", "STAGE", "--allow-read", "files", "--allow-operation", "host.facts"];
    const lines = 'env.STAGE\nawait readFile("files/a.txt")\n(await resource("one").facts()) !== null\n';
    const shell = (input: string) => world.run(["shell", ...flags], { env: { STAGE: "test" }, input });
    const ended = await shell(lines);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toMatch(/test[^]*from a file[^]*true/);
    for (const [line, flag] of [
      ["env.HOME", "--allow-env HOME"],
      [`await fetch("http://${host}/")`, `--allow-net ${host}`],
      ['await resource("one").check()', "--allow-operation host.check"],
    ]) {
      const refused = await shell(`${line}\n`);
      expect(refused.code).toBe(3);
      expect(refused.stderr).toContain(`Run it with ${flag} if it is to do that`);
    }
  });
});

describe("a script with a manifest", () => {
  const manifest = (): string => `// wilco: allow-env=STAGE allow-read=files allow-net=${host}`;

  it("runs without a terminal only when the flags cover it", async () => {
    const file = world.file("manifest.ts", ASKING(manifest()));
    const env = { STAGE: "ci" };
    const refused = await world.run(["run", "--allow-env", "STAGE", file], { env });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(
      `Run it with --allow-read ${join(world.dir, "files")} --allow-net ${host} if it is to have that`,
    );
    // What is wider covers it too.
    const flags = ["--allow-env", "STAGE", "--allow-read", ".", "--allow-net", "127.0.0.1"];
    expect(await world.run(["run", ...flags, file], { env })).toMatchObject({
      code: 0,
      stdout: "ci from a file hello\n",
    });
  });

  it("may ask for less than its token allows without a question, and not for more than the flags do", async () => {
    const file = world.file(
      "less.ts",
      '// wilco: allow-operation=host.facts\nimport { resource } from "wilco";\nawait resource("one").facts();\nawait resource("one").check();\n',
    );
    const ended = await world.run(["run", file]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain("To submit check of one is not permitted");
    const refused = await world.run(["run", "--allow-operation", "check", file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--allow-operation host.facts");
    expect(await world.run(["run", "--allow-operation", "host.*", file])).toMatchObject({ code: 3 });
  });

  it("is shown to the person at the terminal, who says yes or no", async () => {
    const file = world.file("asked.ts", ASKING(manifest()));
    const yes = await atTerminal(file, "y");
    expect(yes).toContain("asks for");
    expect(yes).toContain("the environment variable STAGE");
    expect(yes).toMatch(/files below \S*files/);
    expect(yes).toContain(`HTTP requests to ${host}`);
    expect(yes).toContain("undefined from a file hello");
    expect(yes).toContain("exit 0");
    const no = await atTerminal(file, "n");
    expect(no).not.toContain("from a file");
    expect(no).toContain("Nothing was done.");
    expect(no).toContain("exit 2");
  });

  /** The screen when the command has ended, with its exit code; the answer is typed when the question stands there. */
  async function atTerminal(file: string, answer: string): Promise<string> {
    const env: Record<string, string> = { PATH: process.env["PATH"] ?? "" };
    for (const [name, value] of Object.entries(world.env)) if (value !== undefined) env[name] = value;
    const command = [process.execPath, CLI_FILE, "run", file];
    const terminal = openTerminal({ command, env, cwd: world.dir, columns: 120, rows: 40 });
    try {
      while (!terminal.text().includes("Allow this?")) await new Promise((resolve) => setTimeout(resolve, 50));
      terminal.press(answer);
      const code = await terminal.ended;
      return `${terminal.text()}\nexit ${code}`;
    } finally {
      terminal.close();
    }
  }
});
