import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LoadError } from "../../src/sandbox/load-error.ts";
import { createTranspiler } from "../../src/sandbox/transpile.ts";
import { runScript } from "./world.ts";

describe("TypeScript", () => {
  it("with the line ends of Windows runs, and its errors name the right line", async () => {
    const ran = await runScript(
      'import { args } from "wilco";\r\nconst text: string = `a\r\nb`;\r\nconsole.log(text.length, args.length);\r\nthrow new Error("here");\r\n',
    );
    // A line break in a template is one character, whatever the file has.
    expect(ran.stdout).toBe("3 0\n");
    expect(ran.error?.stack).toMatch(/:5:\d+/);
  });

  it("runs with its types removed", async () => {
    const ran = await runScript(`#!/usr/bin/env -S wilco run
      import type { Entry } from "./types.ts";
      interface Box<T> { value: T }
      type Name = "a" | "b";
      abstract class Base<T> { abstract get(): T; protected readonly tag: string = "t"; declare extra?: number }
      class Impl extends Base<number> { #x = 1; override get(): number { return this.#x; } static made?: boolean; static { Impl.made = true; } }
      function first<T,>(list: readonly T[], otherwise?: T): T | undefined { return list[0] ?? otherwise; }
      const box = { value: 1 } satisfies Box<number>;
      const name = "a" as Name;
      const sure = first([1, 2])!;
      export type { Entry };
      function overload(a: string): string; function overload(a: number): number; function overload(a: any): any { return a; }
      console.log(new Impl().get(), Impl.made, box.value, name, sure, overload(5), 1_000 ** 2, [1, 2].at(-1), null ?? "x");
      label: for (const [key, { length }] of Object.entries({ ab: "cd" })) { console.log(key, length); break label; }
    `);
    expect(ran.stdout).toBe("1 true 1 a 1 5 1000000 2 x\nab 2\n");
  });

  it("refuses what has a meaning at run time, and runs nothing", async () => {
    const ran = await runScript(`console.log("ran");\nenum Color { Red }`);
    expect(ran).toMatchObject({
      kind: "invalid",
      stdout: "",
      error: { name: "ScriptInvalid", code: "script_invalid" },
    });
    expect(ran.error!.message).toBe("script.ts:2:1: TypeScript's enum can't be run by removing types");
    expect(ran.error!.hint).toContain("as const");
  });

  it("refuses decorators, which only the engine stumbles over", async () => {
    const ran = await runScript(`class A {\n  @logged m() {}\n}`);
    expect(ran).toMatchObject({ kind: "invalid", error: { code: "script_invalid" } });
    expect(ran.error!.message).toBe("script.ts:2:3: decorators can't be run");
    expect(ran.error!.hint).toContain("Call the function");
  });

  it.each([
    ["  namespace N { export const x = 1 }", "a.ts:1:3: TypeScript's namespace", "module"],
    ["class A { constructor(private x: number) {} }", "a.ts:1:31: a parameter property", "assign"],
    ["const x = <string>y;", "a.ts:1:11: a type assertion in angle brackets", "value as Type"],
    ['import x = require("y");', "a.ts:1:1: `import x = require()`", "import x from"],
    ["export = 3", "a.ts:1:1: `export =`", "export default"],
    ["let a = ;", "a.ts:1:9: Expression expected", ""],
    ["const a = (1;", "a.ts:1:13:", ""],
  ])("refuses %j with the place and what to write instead", (source, message, hint) => {
    const strip = (): string => createTranspiler({ cacheDirectory: undefined }).strip(source, "a.ts");
    expect(strip).toThrow(LoadError);
    try {
      strip();
    } catch (error) {
      expect((error as LoadError).message).toContain(message);
      expect((error as LoadError).problem.hint ?? "").toContain(hint);
    }
  });

  it("reports syntax errors of JavaScript files with their place", async () => {
    const ran = await runScript(`const a = 1;\n  let b = ;`, { name: "script.js" });
    expect(ran).toMatchObject({ kind: "invalid", error: { name: "SyntaxError", code: "script_invalid" } });
    expect(ran.error!.message).toMatch(/^script\.js:2:11: /);
  });
});

describe("the stripper's cache", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "wilco-cache-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("keeps stripped text by content, and is used instead of stripping", async () => {
    const source = `const x: number = 1;`;
    expect(createTranspiler({ cacheDirectory: directory }).strip(source, "a.ts")).toBe(`const x         = 1;`);
    const [file] = await filesIn(directory);
    await writeFile(file!, "from the cache");
    expect(createTranspiler({ cacheDirectory: directory }).strip(source, "b.ts")).toBe("from the cache");
    expect(createTranspiler({ cacheDirectory: directory }).strip(`${source} `, "a.ts")).toBe(`const x         = 1; `);
  });

  it("does without when its directory can't be written", async () => {
    const path = join(directory, "file");
    await writeFile(path, "not a directory");
    expect(createTranspiler({ cacheDirectory: path }).strip(`let a: string;`, "a.ts")).toBe(`let a        ;`);
    expect(await readFile(path, "utf8")).toBe("not a directory");
  });

  it("keeps nothing of what can't be stripped", async () => {
    const transpiler = createTranspiler({ cacheDirectory: directory });
    expect(() => transpiler.strip(`enum A {}`, "a.ts")).toThrow(LoadError);
    expect(await filesIn(directory)).toEqual([]);
  });
});

async function filesIn(directory: string): Promise<string[]> {
  const all = await readdir(directory, { recursive: true, withFileTypes: true });
  return all.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}
