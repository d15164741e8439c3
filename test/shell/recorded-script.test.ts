import { describe, expect, it } from "vitest";
import { recordedScript } from "../../src/shell/recorded-script.ts";

const line = (source: string, awaited = false, hasValue = awaited) => ({ source, awaited, hasValue });

describe("a session as a script", () => {
  it("imports what it uses, and awaits what the session waited for", () => {
    const script = recordedScript([
      line('const web = resource("web-1")'),
      line("web.restart()", true),
      line("1; web.name ? web.stop() : sleep('1s')", true),
      line("await history.find({ limit: 1 })", false, true),
      line("[1, 2].map((x) => x)", false, true),
      line("({ table: 1 }).table"),
    ]);
    expect(script).toBe(
      [
        'import { history, resource, sleep } from "wilco";',
        "",
        'const web = resource("web-1");',
        "await web.restart();",
        "1; await (web.name ? web.stop() : sleep('1s'));",
        "await history.find({ limit: 1 });",
        "[1, 2].map((x) => x);",
        "({ table: 1 }).table;",
        "",
      ].join("\n"),
    );
  });

  it("lets a name be declared again", () => {
    const script = recordedScript([line("const a = 1"), line("const a = 2"), line("class B {}"), line("const c = a")]);
    expect(script).toBe("var   a = 1;\nvar   a = 2;\nclass B {}\nconst c = a;\n");
  });

  it("lets a function be declared again, as the one that the lines after it call", () => {
    const script = recordedScript([
      line("function f() { return 1; } f()"),
      line("async function f(): Promise<{ n: number }> {\n  return { n: 2 };\n}"),
      line("function* g() {} const f2 = () => 1"),
      line("const g = 1"),
      line("function once() {}"),
    ]);
    expect(script).toBe(
      [
        "var f = function f() { return 1; }; f();",
        "var f = async function f(): Promise<{ n: number }> {\n  return { n: 2 };\n};",
        "var g = function* g() {}; var   f2 = () => 1;",
        "var   g = 1;",
        "function once() {}",
        "",
      ].join("\n"),
    );
  });

  it("keeps the last value where a later line uses it", () => {
    const script = recordedScript([
      line("1 + 1", false, true),
      line("web.status()", true),
      line("const s = _"),
      line("console.log(s)"),
    ]);
    expect(script).toContain("let _;\n");
    expect(script).toContain("\n1 + 1;\n_ = await web.status();\nconst s = _;\n");
  });

  it("leaves a declaration of its own alone", () => {
    expect(recordedScript([line('import { resource } from "wilco"'), line("resource(1)")])).toBe(
      'import { resource } from "wilco";\nresource(1);\n',
    );
  });
});
