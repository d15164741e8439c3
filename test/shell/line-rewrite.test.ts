import { describe, expect, it } from "vitest";
import { rewriteLine } from "../../src/sandbox/line-rewrite.ts";

describe("rewriting a line so that what it declares persists", () => {
  it.each([
    ["const a = 1", "var   a = 1", ["a"], ["a"]],
    ["let b = 2, c", "var b = 2, c", ["b", "c"], []],
    ["const { x, y: z = {}, ...rest } = f(), [q, [r]] = g", undefined, ["x", "z", "rest", "q", "r"], undefined],
    ["const { [key]: value, deep: { inner } } = o", undefined, ["value", "inner"], undefined],
    ["class A extends B { m() { return {} } }\n(1)", "var A=class A extends B { m() { return {} } };\n(1)", ["A"], []],
    ["x = class A {}", "x = class A {}", [], []],
    ["async function f() { const inner = 1 }", "async function f() { const inner = 1 }", ["f"], []],
    ["for (const s of web) { let t = 1 }", "for (const s of web) { let t = 1 }", [], []],
    ["({ const: 1 }).const", "({ const: 1 }).const", [], []],
    ["`const a = ${1}`; /const b/; 'let c' // let d", "`const a = ${1}`; /const b/; 'let c' // let d", [], []],
    ["a / 2; const b = 1 / 3", "a / 2; var   b = 1 / 3", ["b"], ["b"]],
    ["const a = 1\nfoo, bar", undefined, ["a"], ["a"]],
    ["export const a = 1", "       var   a = 1", ["a"], ["a"]],
    ["export default class A {}", "               var A=class A {};", ["A"], []],
    ['import "./a.ts"', 'void await import("./a.ts")', [], []],
    ['import * as all from "./a.ts";', 'var all = await import("./a.ts");', ["all"], []],
    ['import type { A } from "./a.ts"', "", [], []],
    ['import("./a.ts")', 'import("./a.ts")', [], []],
  ])("%s", (source, code, names, constants) => {
    const line = rewriteLine(source);
    if (code !== undefined) expect(line.code).toBe(code);
    expect(line.names).toEqual(names);
    if (constants !== undefined) expect(line.constants).toEqual(constants);
  });

  it("awaits imports, with their other names, and keeps their lines", () => {
    const line = rewriteLine('import main, {\n  a,\n  b as c,\n  type T,\n} from "wilco"; c');
    expect(line.names).toEqual(["main", "a", "c"]);
    expect(line.code).toMatch(/^var \{default: main = .*,a: a = .*,b: c = .*\} = await import\("wilco"\)\n{4}; c$/);
  });

  it.each(["f(", "{ a: [1,", "`a", "`a ${b", "/* a", "function f() {"])("%s is unfinished", (source) => {
    expect(rewriteLine(source).open).toBe(true);
  });

  it.each(["f()", "a)", "(]", "'abc", '"a', "`a ${b} c`", "// (", "/[(]/"])("%s is not unfinished", (source) => {
    expect(rewriteLine(source).open).toBe(false);
  });
});
