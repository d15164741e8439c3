import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runScript } from "./world.ts";

describe("modules of a script", () => {
  it("are relative .ts, .js and .json files, with and without extension, and index files, each loaded once", async () => {
    const ran = await runScript(
      `import { a } from "./lib/a.ts";
       import { a as again } from "./lib/a";
       import { a as third } from "./lib/a.js";
       import b from "./b";
       import index from "./pkg";
       import data from "./data.json" with { type: "json" };
       const { late } = await import("./late.ts");
       console.log(a === again && again === third, a.n, b, index, data, late, Object.getPrototypeOf(data) === Object.prototype);`,
      {
        files: {
          "lib/a.ts": `import { base } from "../base.ts"; export const a: { n: number } = { n: base + 1 };`,
          "base.ts": `export const base: number = 1;`,
          "b.js": `export default "b";`,
          "pkg/index.ts": `export default "index" as string;`,
          "data.json": `{ "x": [1, 2], "__proto__": 5 }`,
          "late.ts": `export const late = "late";`,
        },
      },
    );
    expect(ran.stdout).toBe("true 2 b index { x: [ 1, 2 ], __proto__: 5 } late true\n");
  });

  it("are refused outside the folder, as absolute paths, URLs, packages, and when they are not there", async () => {
    const refused: Array<[string, string]> = [
      ["../outside.ts", "../outside.ts is outside the script's folder"],
      ["./lib/../../x.ts", "./lib/../../x.ts is outside the script's folder"],
      ["/etc/passwd", "/etc/passwd is an absolute path"],
      ["C:\\x.ts", "C:\\x.ts is an absolute path"],
      ["file:///etc/passwd", "file: can't be imported from"],
      ["node:fs", "node:fs is a module of Node's, and scripts do not run in Node"],
      ["https://x.test/a.js", "https: can't be imported from"],
      ["data:text/javascript,1", "data: can't be imported from"],
      ["fs", "fs is a module of Node's, and scripts do not run in Node"],
      ["wilco:client/port.ts", "wilco: can't be imported from"],
      ["script:other.ts", "script: can't be imported from"],
      ["./missing.ts", "there is no file missing.ts"],
    ];
    const lines = refused.map(([specifier]) => `console.log(await import(${JSON.stringify(specifier)}).catch(told));`);
    const ran = await runScript(
      `const told = (error: Error) => error.name + " " + error.message;\n${lines.join("\n")}`,
    );
    expect(ran.stdout.trimEnd().split("\n")).toEqual(
      refused.map(([, sentence], index) => `ImportRefused script.ts:${index + 2}:26: ${sentence}`),
    );
  });

  it("that are refused keep the whole script from running", async () => {
    const ran = await runScript(`console.log("ran");\nimport "./a.ts";`, {
      files: { "a.ts": `\n\n  import "node:fs";` },
    });
    expect(ran).toMatchObject({
      kind: "invalid",
      stdout: "",
      error: {
        name: "ImportRefused",
        code: "import_refused",
        message: "a.ts:3:10: node:fs is a module of Node's, and scripts do not run in Node",
        details: { position: { file: "a.ts", line: 3, column: 10 } },
      },
    });
    expect(ran.error!.hint).toContain("resources");
  });

  it("refuses a link that leaves the folder, and follows one that does not", async () => {
    const outside = await mkdtemp(join(tmpdir(), "wilco-outside-"));
    try {
      await writeFile(join(outside, "secret.ts"), `export const secret = 1;`);
      const prepare = async (folder: string): Promise<void> => {
        await symlink(join(outside, "secret.ts"), join(folder, "linked.ts"));
        await symlink(outside, join(folder, "dir"));
        await symlink(join(folder, "inner.ts"), join(folder, "alias.ts"));
      };
      const files = { "inner.ts": `export const inner = 2;` };
      const file = await runScript(`import "./linked.ts";`, { prepare, files });
      expect(file).toMatchObject({ kind: "invalid", error: { code: "import_refused" } });
      expect(file.error!.message).toContain("linked.ts is a link that leaves the script's folder");
      const directory = await runScript(`import "./dir/secret.ts";`, { prepare, files });
      expect(directory.error!.message).toContain("is a link that leaves the script's folder");
      const inside = await runScript(`import { inner } from "./alias.ts"; console.log(inner);`, { prepare, files });
      expect(inside.stdout).toBe("2\n");
    } finally {
      await rm(outside, { recursive: true, force: true });
    }
  });

  it("names the export that a module does not have", async () => {
    const ran = await runScript(`import { resuorce } from "wilco"; console.log(resuorce);`);
    const message = 'script.ts:1:10: "wilco" exports no resuorce';
    expect(ran).toMatchObject({
      kind: "invalid",
      error: { code: "script_invalid", message, hint: 'Did you mean "resource"?' },
    });
    const files = { "lib.ts": "export const one = 1;" };
    const own = await runScript(`import { one } from "./lib.ts";\nimport { two } from "./lib.ts"; two;`, { files });
    expect(own.error).toMatchObject({ message: "script.ts:2:10: lib.ts exports no two" });
  });

  it("refuses broken JSON, NUL characters, and files that are no scripts", async () => {
    const json = await runScript(`import data from "./data.json";`, { files: { "data.json": "{" } });
    expect(json).toMatchObject({ kind: "invalid", error: { code: "script_invalid" } });
    expect(json.error!.message).toContain("data.json is not JSON");
    const nul = await runScript(`const a = 1;\nconst b = "\0";`);
    expect(nul.error!.message).toBe("script.ts:2:12: there is a NUL character in the file");
    const text = await runScript(`hello`, { name: "notes.txt" });
    expect(text).toMatchObject({ kind: "invalid", error: { message: "notes.txt is not a script" } });
    const missing = await runScript(``, { file: "nothing.ts" });
    expect(missing).toMatchObject({ kind: "invalid", error: { message: "there is no file nothing.ts" } });
  });

  it("loads modules that import each other", async () => {
    const ran = await runScript(`import { ping } from "./a.ts"; console.log(ping(3));`, {
      files: {
        "a.ts": `import { pong } from "./b.ts"; export function ping(n: number): string { return n === 0 ? "done" : pong(n - 1); }`,
        "b.ts": `import { ping } from "./a.ts"; export function pong(n: number): string { return n === 0 ? "done" : ping(n - 1); }`,
      },
    });
    expect(ran.stdout).toBe("done\n");
  });
});
