import { inspect as nodeInspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createConsole, createLog, format } from "../../src/sandbox/guest/console.ts";
import { inspect } from "../../src/sandbox/guest/inspect.ts";
import { formatTable } from "../../src/sandbox/guest/table.ts";
import { createConsoleWriter } from "../../src/sandbox/console-writer.ts";

class Point {
  x = 1;
  #hidden = 2;
  get sum(): number {
    return this.x + this.#hidden;
  }
}

describe("inspect", () => {
  it.each([
    ["a text", "it's"],
    ["a text with both quotes", `'"`],
    ["numbers", [1, -0, Number.NaN, 10n]],
    ["nothing", [null, undefined]],
    ["an object", { a: 1, "b-c": { d: [1, 2, {}] }, [Symbol("s")]: 1 }],
    ["a class's object", new Point()],
    ["maps and sets", { map: new Map([["a", { b: 1 }]]), set: new Set([1, "x"]) }],
    ["functions and classes", [function named() {}, () => {}, Point]],
    ["a date and a pattern", [new Date(0), /x/g]],
    ["bytes", new Uint8Array([1, 2])],
    ["no prototype", Object.assign(Object.create(null) as object, { a: 1 })],
    [
      "a getter",
      {
        get a() {
          return 1;
        },
      },
    ],
    ["boxes", [Object(1), Object("x")]],
  ])("shows %s as Node does", (_what, value) => {
    expect(inspect(value)).toBe(nodeInspect(value, { depth: 4, breakLength: 80, compact: 3 }));
  });

  it("stops at its depth, at cycles and at long lists", () => {
    const cyclic: { list: unknown[]; self?: unknown } = { list: [] };
    cyclic.self = cyclic;
    expect(inspect(cyclic)).toBe("{ list: [], self: [Circular] }");
    expect(inspect({ a: { b: { c: {} } } }, { depth: 1 })).toBe("{ a: { b: [Object] } }");
    expect(inspect(Array.from({ length: 150 }, (_, index) => index))).toContain("… 50 more");
    expect(inspect("x".repeat(20_000))).toContain("… 10000 more characters");
  });

  it("breaks what is wide into lines", () => {
    expect(inspect({ first: "x".repeat(40), second: "y".repeat(40) })).toBe(
      `{\n  first: '${"x".repeat(40)}',\n  second: '${"y".repeat(40)}'\n}`,
    );
  });

  it("uses a value's own text, and shows errors with their hint and cause", () => {
    expect(inspect([{ [Symbol.for("nodejs.util.inspect.custom")]: () => "mine" }])).toBe("[ mine ]");
    const error = Object.assign(new Error("outer", { cause: new TypeError("inner") }), { hint: "do this" });
    error.stack = "Error: outer\n    at f (a.ts:1:2)\n    at g (wilco:x.ts:1:1)";
    expect(inspect(error)).toBe("Error: outer\n    at f (a.ts:1:2)\n  hint: do this\n  cause: [TypeError: inner]");
  });
});

describe("format", () => {
  it.each([
    [["a %s b %d c %i", "x", 1.5, 2.9, "rest"], "a x b 1.5 c 2 rest"],
    [["%j %o %%", { a: 1 }, [1]], '{"a":1} [ 1 ] %'],
    [["%s", "a", { b: 1 }], "a { b: 1 }"],
    [["100%"], "100%"],
    [["%s and %s", "one"], "one and %s"],
    [[1, "a", null], "1 a null"],
    [[], ""],
  ])("writes %j", (args, text) => {
    expect(format(args)).toBe(text);
  });
});

describe("console and log", () => {
  it("write to the right stream, indented in groups", () => {
    const printed: string[] = [];
    let clock = 0;
    const console = createConsole({
      print: (stream, text) => printed.push(`${stream}: ${text}`),
      now: () => (clock += 5),
    });
    console.log("a", { b: 1 });
    console.group("group");
    console.info("in\nside");
    console.groupEnd();
    console.warn("careful");
    console.error("bad");
    console.count();
    console.count();
    console.time("t");
    console.timeEnd("t");
    console.assert(true, "no");
    console.assert(false, "yes");
    console.dir({ a: { b: {} } }, { depth: 0 });
    createLog((stream, text) => printed.push(`${stream}: ${text}`)).error("worse");
    expect(printed).toEqual([
      "stdout: a { b: 1 }\n",
      "stdout: group\n",
      "stdout:   in\n  side\n",
      "stderr: careful\n",
      "stderr: bad\n",
      "stdout: default: 1\n",
      "stdout: default: 2\n",
      "stdout: t: 5.0ms\n",
      "stderr: Assertion failed: yes\n",
      "stdout: { a: [Object] }\n",
      "stderr: error: worse\n",
    ]);
  });
});

describe("table", () => {
  it("aligns columns, numbers to the right", () => {
    expect(
      formatTable([
        { name: "é", n: 1 },
        { name: "longer", n: 22, more: { a: 1 } },
      ]),
    ).toBe(["name     n  more", "------  --  --------", "é        1", "longer  22  { a: 1 }"].join("\n"));
  });

  it("takes chosen columns, values, objects of rows, and nothing", () => {
    expect(formatTable([{ a: 1, b: 2 }], ["b"])).toBe("b\n-\n2");
    expect(formatTable(["x"])).toBe("value\n-----\nx");
    expect(formatTable({ one: { a: "x" } })).toBe("a\n-\nx");
    expect(formatTable([])).toBe("(no rows)");
    expect(formatTable(5)).toBe("5");
  });
});

describe("the console writer", () => {
  it("writes in order, one after the other, and tells what is out", async () => {
    const seen: string[] = [];
    let out = 0;
    const writer = createConsoleWriter({
      sink: async (_stream, text) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(text);
      },
      written: (characters) => {
        out += characters;
      },
    });
    const texts = ["a", "b", "c"].map((text) => JSON.stringify({ stream: "stdout", text }));
    for (const text of texts) writer.take(text);
    await writer.flushed();
    expect(seen).toEqual(["a", "b", "c"]);
    expect(out).toBe(texts.join("").length);
  });

  it("goes on counting after the destination is gone, and says so at the end", async () => {
    let out = 0;
    const writer = createConsoleWriter({
      sink: () => {
        throw new Error("closed");
      },
      written: () => {
        out++;
      },
    });
    writer.take('{"stream":"stdout","text":"a"}');
    writer.take('{"stream":"stdout","text":"b"}');
    await expect(writer.flushed()).rejects.toThrow("closed");
    expect(out).toBe(2);
  });
});
