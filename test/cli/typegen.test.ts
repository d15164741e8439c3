import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliWorld, emptyWorld, type CliWorld } from "./world.ts";

const EXAMPLES = fileURLToPath(new URL("../../scripts-examples/", import.meta.url));

let world: CliWorld;
beforeAll(async () => {
  const inventory = readFileSync(join(EXAMPLES, "wilco.yaml"), "utf8");
  world = await cliWorld(`${inventory}
types:
  web-app:
    description: Of our own
    operations:
      roll-out:
        description: Brings a version out
        parameters:
          properties: { version: { type: string, description: which }, percent: { type: integer, default: 100 } }
          required: [version]
        run: [echo, "{{parameters.version}}"]
        result: text
`);
});
afterAll(() => world.stop());

/** A folder of its own in the world. */
function folder(name: string): string {
  const path = join(world.dir, name);
  mkdirSync(path);
  return path;
}

describe("wilco typegen", () => {
  it("writes the types of the server, those of one's own types included, where it is told to", async () => {
    const cwd = folder("typegen");
    expect(await world.run(["typegen"], { cwd })).toMatchObject({ code: 0, stdout: "" });
    const text = readFileSync(join(cwd, "wilco.d.ts"), "utf8");
    expect(text).toContain('    "consumer-01": Process;');
    expect(text).toMatch(/"roll-out"\(\s*parameters: \{/);
    expect(text).toContain("Execution<{ exitCode: number; stdout: string }>");

    const printed = await world.run(["typegen", "-o", "-", "--any-name"], { cwd });
    expect(printed.stdout).toContain("anyName: true;");
    // It is the same file again, and so it may be replaced.
    expect(await world.run(["typegen", "-q"], { cwd })).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(join(cwd, "wilco.d.ts"), "utf8")).toBe(text);
  });

  it("leaves a file alone that it did not make", async () => {
    const cwd = folder("own");
    world.file("own/mine.d.ts", "// mine\n");
    const ended = await world.run(["typegen", "-o", "mine.d.ts"], { cwd });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("was not made by wilco typegen, so it is left alone");
    expect(readFileSync(join(cwd, "mine.d.ts"), "utf8")).toBe("// mine\n");
    expect(await world.run(["typegen", "-o", "nowhere/x.d.ts"], { cwd })).toMatchObject({ code: 2 });
  });
});

describe("wilco check", () => {
  it("says where each error is, with its line, and exits with 2", async () => {
    const cwd = folder("check");
    await world.run(["typegen"], { cwd });
    world.file(
      "check/wrong.ts",
      `import { resource } from "wilco";\nconst web = resource("web-1");\nawait web.restrat();\nawait web.restart({ gracful: true });\nenum Colour { Red }\nresource("wbe-1");\nprocess.exit();\n`,
    );
    const ended = await world.run(["check", "wrong.ts"], { cwd });
    expect(ended.code).toBe(2);
    expect(ended.stdout).toContain(
      "wrong.ts:3:11: Property 'restrat' does not exist on type 'Process'. Did you mean 'restart'? (TS2551)\n" +
        "    3 | await web.restrat();\n      |           ^\n",
    );
    expect(ended.stdout).toMatch(/wrong\.ts:4:21: .*'gracful' does not exist/);
    expect(ended.stdout).toContain("wrong.ts:5:1: TypeScript's enum can't be run by removing types\n");
    expect(ended.stdout).toMatch(/wrong\.ts:6:10: The types file lists no resource "wbe-1"[^]*Did you mean "web-1"\?/);
    expect(ended.stdout).toMatch(/wrong\.ts:7:1: Cannot find name 'process'[^]*scripts do not run in Node/);
    expect(ended.stderr).toMatch(/^5 errors in 1 script \(TypeScript /);
    const json = await world.run(["check", "--json", "wrong.ts"], { cwd });
    expect(JSON.parse(json.stdout)).toHaveLength(5);
  });

  it("finds errors in the modules that a script imports, and takes .js and .json", async () => {
    const cwd = folder("modules");
    world.file(
      "modules/main.ts",
      'import { twice } from "./lib.js";\nimport data from "./data.json";\ntwice(data.text);\n',
    );
    world.file("modules/lib.js", "/** @param {number} x */\nexport const twice = (x) => x * 2 + y;\n");
    world.file("modules/data.json", '{ "text": "a" }');
    const ended = await world.run(["check", "main.ts"], { cwd });
    expect(ended).toMatchObject({ code: 2 });
    expect(ended.stdout).toMatch(/lib\.js:2:37: Cannot find name 'y'[^]*main\.ts:3:7: Argument of type 'string'/);
    expect(ended.stderr).toContain("There is no wilco.d.ts beside the script or above it");
  });

  it("lets the examples pass against the types of the server as they are now", async () => {
    const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith(".ts"));
    const ended = await world.run(["check", "--live", ...examples.map((name) => join(EXAMPLES, name))]);
    expect(ended).toMatchObject({ code: 0, stdout: "" });
    expect(examples.length).toBeGreaterThan(3);
  });

  it("takes its strictness from the tsconfig.json beside the types, and nothing that the sandbox has not", async () => {
    const cwd = folder("lax");
    await world.run(["typegen"], { cwd });
    world.file(
      "lax/tsconfig.json",
      '{ "compilerOptions": { "strict": false, "lib": ["dom"], "erasableSyntaxOnly": false } }',
    );
    world.file("lax/a.ts", "export function f(x) { return x.y; }\ndocument.title;\nenum E { A }\n");
    const ended = await world.run(["check", "a.ts"], { cwd });
    expect([...ended.stdout.matchAll(/^a\.ts:(\d)/gm)].map(([, line]) => line)).toEqual(["2", "3"]);
  });

  it("before a run keeps a wrong script from being run", async () => {
    const cwd = folder("before");
    world.file("before/a.ts", 'console.log("ran");\nconst x: number = "1";\n');
    const refused = await world.run(["run", "--check", "a.ts"], { cwd });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/a\.ts:2:7: Type 'string' is not assignable[^]*Nothing was run\./);
    expect(await world.run(["run", "a.ts"], { cwd })).toMatchObject({ code: 0, stdout: "ran\n" });
  });

  it("says what is wrong with the names it was given", async () => {
    expect(await world.run(["check", "nothing.ts"])).toMatchObject({ code: 2 });
    expect((await world.run(["check", "--any-name", join(EXAMPLES, "rolling-restart.ts")])).stderr).toContain(
      "--any-name is for --live",
    );
  });
});

describe("wilco init", () => {
  it("makes a folder whose example passes the check and runs", async () => {
    const made = await world.run(["init", "ops"]);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toBe(
      ["tsconfig.json", "example.ts", "wilco.d.ts", "package.json", ".gitignore"]
        .map((name) => `+ ops/${name}\n`)
        .join(""),
    );
    expect(made.stderr).toMatch(/^Next:\n {2}cd ops\n[^]*wilco run example\.ts/);
    const cwd = join(world.dir, "ops");
    expect(await world.run(["check", "example.ts"], { cwd })).toMatchObject({ code: 0 });
    const ran = await world.run(["run", "example.ts", "consumer-*"], { cwd });
    expect(ran.stdout).toMatch(/^type +availability +resources\n-+ .*\nprocess +unknown +10\n$/);
  });

  it("overwrites nothing", async () => {
    const cwd = folder("full");
    world.file("full/tsconfig.json", "{}");
    for (const args of [
      ["init", "/proc/x/y"],
      ["types", "new", "x", "--dir", "/proc/x/y"],
    ]) {
      const stderr = expect.stringMatching(/^error: \/proc\/x\/y can't be written: there is no such directory\.$/m);
      expect(await world.run(args)).toMatchObject({ code: 2, stdout: "", stderr: stderr as string });
    }
    const refused = await world.run(["init"], { cwd });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("has tsconfig.json already");
    expect(readdirSync(cwd)).toEqual(["tsconfig.json"]);
  });

  it("keeps the package.json and .gitignore of a project", async () => {
    const cwd = folder("project");
    world.file("project/package.json", "{}");
    const made = await world.run(["init"], { cwd });
    expect(made.stdout).not.toContain("package.json");
    expect(readFileSync(join(cwd, "package.json"), "utf8")).toBe("{}");
  });

  it("works without a server, and says what is missing", async () => {
    const alone = emptyWorld();
    try {
      const made = await alone.run(["init", "x"]);
      expect(made).toMatchObject({ code: 0 });
      expect(made.stderr).toMatch(/The types are without your resources: No server is named[^]*wilco typegen/);
      expect(existsSync(join(alone.dir, "x", "wilco.d.ts"))).toBe(true);
      expect(await alone.run(["check", "x/example.ts"])).toMatchObject({ code: 0 });
    } finally {
      await alone.stop();
    }
  });
});
