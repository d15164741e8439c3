import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explained, formatDiagnostic, readDiagnostics } from "../../src/cli/type-check/diagnostics.ts";
import { withRefusals } from "../../src/cli/type-check/refusals.ts";
import { findTypeScript } from "../../src/cli/type-check/find-typescript.ts";
import { NO_COLOURS } from "../../src/cli/output/colours.ts";

describe("what the compiler says", () => {
  const output = [
    "a/b.ts(3,7): error TS2345: Argument of type '\"wbe-1\"' is not assignable to parameter of type 'keyof ResourceNames'.",
    "../other (1).ts(10,1): error TS2769: No overload matches this call.",
    "  The last overload gave the following error.",
    "    Type 'x' is not assignable.",
    "Found 2 errors.",
  ].join("\r\n");

  it("is read with files, positions and its longer sentences", () => {
    expect(readDiagnostics(output, "/scripts/ops")).toEqual([
      expect.objectContaining({ file: "/scripts/ops/a/b.ts", line: 3, column: 7, code: "TS2345" }),
      {
        file: "/scripts/other (1).ts",
        line: 10,
        column: 1,
        code: "TS2769",
        message:
          "No overload matches this call.\n  The last overload gave the following error.\n    Type 'x' is not assignable.",
      },
    ]);
  });

  it("is said in wilco's words where it is about resources, Node or what the sandbox refuses", () => {
    const said = (message: string, code = "TS1"): string => {
      const place = { file: "a.ts", line: 1, column: 1 };
      const { message: text, hint } = explained({ ...place, code, message }, () => ["web-1", "db-1"]);
      return `${text} | ${hint}`;
    };
    expect(said(readDiagnostics(output, "/")[0]!.message)).toBe(
      'The types file lists no resource "wbe-1" | Did you mean "web-1"?',
    );
    expect(said("Cannot find name 'process'. Do you need to install type definitions for node?")).toMatch(
      /^Cannot find name 'process' \| Import \{ args, env, exit \} from "wilco"/,
    );
    expect(said("Cannot find module 'node:fs' or its corresponding type declarations.")).toMatch(
      /^Cannot find module 'node:fs' \| Scripts have the language/,
    );
    expect(said("Cannot find module './lib.ts' or its corresponding type declarations.")).toMatch(/\| undefined$/);
    expect(said("Cannot find name 'foo'.")).toBe("Cannot find name 'foo'. | undefined");
    expect(said("This syntax is not allowed when 'erasableSyntaxOnly' is enabled.", "TS1294")).toMatch(/without enum/);
  });

  it("is shown with its line and a mark under its place", () => {
    const diagnostic = { file: "/a.ts", line: 2, column: 3, code: "TS1", message: "It is wrong.", hint: "Right it." };
    expect(formatDiagnostic(diagnostic, "a.ts", "one\n\tx two\n", { paint: NO_COLOURS, width: Infinity })).toBe(
      "a.ts:2:3: It is wrong. (TS1)\n    2 |   x two\n      |    ^\n  Right it.",
    );
  });

  it("is shown with the part of a long line that is about it", () => {
    const diagnostic = { file: "/a.ts", line: 1, column: 51, code: "TS1", message: "No." };
    const source = `${"a".repeat(50)}B${"c".repeat(50)}`;
    const text = formatDiagnostic(diagnostic, "a.ts", source, { paint: NO_COLOURS, width: 40 });
    const [, line = "", mark = ""] = text.split("\n");
    expect(line.length).toBeLessThan(40);
    expect(line[mark.indexOf("^")]).toBe("B");
    expect(line).toMatch(/^ {4}1 \| …a+Bc+…$/);
  });
});

describe("the TypeScript to check with", () => {
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "wilco-typescript-")));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is that of the script's folder, then the one beside wilco", () => {
    expect(findTypeScript(folder).version).toMatch(/^\d+\.\d+/);
    const scripts = install("mine", "6.1.0");
    expect(findTypeScript(join(scripts, "deep"))).toEqual({
      version: "6.1.0",
      tsc: join(scripts, "node_modules", "typescript", "bin", "tsc"),
    });
  });

  it("is asked for when there is none, or it is too old", () => {
    expect(() => findTypeScript(folder, join(folder, "wilco.js"))).toThrow("There is no TypeScript to check with");
    expect(() => findTypeScript(install("old", "5.7.9"))).toThrow(/^TypeScript 5\.7\.9 in .* is too old/);
  });

  function install(name: string, version: string): string {
    const home = join(folder, name, "node_modules", "typescript");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ version, bin: { tsc: "./bin/tsc" } }));
    return join(folder, name);
  }
});

describe("what the sandbox would refuse", () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "wilco-refused-")));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(home, name), text);
    return join(home, name);
  };

  it("is found also where the compiler finds a package beside the script, and in the modules that it imports", () => {
    const lib = file("lib.ts", 'export { readFile } from "node:fs";\nimport "https://x.test/a.js";\n');
    const script = file(
      "script.ts",
      'import type { Gone } from "types-only";\nimport { a } from "./lib";\nimport "wilco";\nimport { b } from "lodash";\n',
    );
    const place = { line: 4, column: 19, file: script };
    const theirs = { ...place, code: "TS7016", message: "Could not find a declaration file for module 'lodash'." };
    const found = withRefusals([theirs], [script]);
    expect(found.map(({ file: at, line, column, code, message }) => [at, line, column, code, message])).toEqual([
      [script, 4, 19, "import_refused", "lodash is a package, and scripts have no packages"],
      [lib, 1, 26, "import_refused", "node:fs is a module of Node's, and scripts do not run in Node"],
      [lib, 2, 8, "import_refused", "https: can't be imported from"],
    ]);
  });

  it("leaves files that are not there, and those of another root, to the compiler", () => {
    const script = file("other.ts", 'import "./gone.ts";\nimport "../outside.ts";\nawait import("./later.ts");\n');
    expect(withRefusals([], [script])).toEqual([]);
  });
});
