import stringWidth from "fast-string-width";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import type { ValueDescription } from "../../src/sandbox/guest/value-description.ts";
import { withLastOutput } from "../../src/shell/inspector/last-output.ts";
import { createWriter } from "../../src/shell/inspector/writer.ts";
import { entryOf, resourceOf } from "../client/world/fixtures.ts";
import { createWorld } from "../client/world/memory-world.ts";
import { lines, NOW, shown } from "./inspector-world.ts";

const ago = (ms: number): string => new Date(NOW - ms).toISOString();

describe("a resource", () => {
  const resource = resourceOf({
    name: "web-1",
    availability: "up",
    zone: "eu",
    worker: "w-1",
    parent: "rack-7",
    labels: { tier: "web", env: "prod" },
  });

  it("is a card with its data and operations", () => {
    const card = shown(createWorld({ resources: [resource] }).resource("web-1"));
    expect(card.split("\n").map((line) => line.trimEnd())).toEqual([
      "web-1  web-server  ● up",
      `  id          ${resource.id}`,
      "  zone        eu",
      "  worker      w-1",
      "  parent      rack-7",
      "  labels      tier=web env=prod",
      expect.stringMatching(/^ {2}operations {2}check, .*restart, scale, status$/),
    ]);
  });

  it("has its availability in a colour", () => {
    const world = createWorld({ resources: [resource, resourceOf({ id: 9, name: "web-9", availability: "down" })] });
    expect(shown(world.resource("web-1"), { color: true })).toContain("\u001b[32m● up\u001b[39m");
    expect(shown(world.resource("web-9"), { color: true })).toContain("\u001b[31m● down\u001b[39m");
  });

  it("inside something else is one line", () => {
    const one = createWorld({ resources: [resource] }).resource("web-1");
    expect(shown({ one })).toBe("{ one: web-1 (web-server, up) }");
  });
});

describe("a list of resources", () => {
  const named = (names: string[]) =>
    createWorld({
      resources: names.map((name, at) => resourceOf({ id: at + 1, name, availability: "up", labels: { tier: "web" } })),
    }).resources();

  it("is a table with their number", () => {
    const text = shown(named(["web-1", "web-2"]));
    expect(text.split("\n")[0]).toMatch(/^NAME {3,}AVAILABILITY {2}TYPE {2,}ZONE {2,}.*LABELS$/);
    expect(text.split("\n")[1]).toMatch(/^web-1 +● up +web-server +/);
    expect(text.split("\n").at(-1)).toBe("2 resources");
  });

  it.for([120, 80, 40, 20])("fits %i columns, wide characters too", (width) => {
    const text = shown(named(["web-1", "データベース-東京-1", "👩‍👩‍👧-familie-mit-langem-namen", "é́tage"]), { width });
    for (const line of text.split("\n")) expect([line, stringWidth(line) <= width]).toEqual([line, true]);
    const columns = text
      .split("\n")
      .slice(1, 5)
      .map((line) => stringWidth(line.slice(0, line.indexOf("●"))));
    if (width >= 40) expect(new Set(columns).size).toBe(1);
  });

  it("says what found no room", () => {
    expect(shown(named(["web-1"]), { width: 40 })).toMatch(/no room for: .*labels/);
  });

  it("of many shows a hundred and says of how many", () => {
    const many = named(Array.from({ length: 250 }, (_, at) => `web-${at}`));
    const text = shown(many).split("\n");
    expect(text).toHaveLength(102);
    expect(text.at(-1)).toBe("100 of 250 resources; .json and .csv print all of them");
    expect(shown(many, { width: Infinity }).split("\n")).toHaveLength(252);
  });

  it("that is empty is an empty list", () => {
    expect(shown(named([]))).toBe("[]");
  });
});

describe("an entry", () => {
  const failed = entryOf({
    id: 14,
    status: "failed",
    operation: "restart",
    parameters: { graceful: true },
    requestedBy: "ops",
    worker: "w-1",
    error: { code: "exit_code", message: "It ended with 3", source: "operation", hint: "Look at its output." },
    createdAt: ago(245_000),
    startedAt: ago(244_000),
    finishedAt: ago(241_750),
  });

  it("is a card with status, times, error and what to do", () => {
    const text = shown(failed);
    expect(text).toMatch(/^entry 14 {2}\S+ restart {2}failed in 2\.2s\n/);
    expect(text).toContain("  created     2026-01-02 03:00:00Z (4m 5s ago) by ops");
    expect(text).toContain("  error       It ended with 3 (exit_code, operation)");
    expect(text).toContain("  what to do  Look at its output.");
    expect(text).toContain('  parameters  {"graceful":true}');
  });

  it("that runs tells since when, and its progress", () => {
    const running = { ...failed, status: "running" as const, error: null, finishedAt: null };
    const text = shown({ ...running, progress: { done: 3, total: 10, text: "copying" } } satisfies Entry);
    expect(text).toMatch(/running for 4m 4s/);
    expect(text).toContain("3 of 10: copying");
  });

  it("in a list is a row, its status in a colour", () => {
    const list = [failed, { ...failed, id: 15, status: "succeeded" as const, error: null }];
    const text = shown(list, { color: true });
    expect(text).toContain("\u001b[31mfailed");
    expect(text).toContain("\u001b[32msucceeded");
    expect(shown(list, { width: 100 })).toMatch(/14 {2}failed .* 4m 5s ago +2\.2s {2}It ended with 3 +ops {2}w-1/);
    expect(shown(list)).toMatch(/\n2 entries$/);
  });
});

describe("an execution", () => {
  it("says what it is and whether it is filed", async () => {
    const world = createWorld({ resources: [resourceOf({ name: "web-1" })] });
    const execution = world.resource("web-1").restart();
    expect(shown(execution)).toMatch(/^web-1 restart \(being filed\)/);
    await execution.submitted;
    expect(shown(execution)).toMatch(/^web-1 restart \(entry 1042, queued\) {2}\S+inspector\.test\.ts:\d+:\d+$/);
    expect(shown([execution, execution])).toMatch(/^EXECUTION +ENTRY +STATUS +LINE\nweb-1 restart +1042 +queued/);
  });
});

describe("an error", () => {
  const described = (fields: object, lastOutput = ""): ValueDescription => ({
    kind: "error",
    error: { name: "TypeError", code: "script_failed", message: "x is not a function", stack: "", ...fields },
    lastOutput,
  });
  const write = (value: ValueDescription, width = 80): string =>
    createWriter({
      columns: () => width,
      color: false,
      sourceOf: (file) => (file === "shell:3" ? "const a = 1;\n  await web.restart(a, { wait });" : undefined),
    })(value);

  it("has the user's line with a mark under the column", () => {
    const stack = "TypeError: x is not a function\n    at <eval> (shell:3:2:13)\n    at each (lib/a.ts:4:5)";
    expect(write(described({ stack }))).toBe(
      lines(
        "TypeError: x is not a function",
        "  at shell:3:2:13",
        "    2 │   await web.restart(a, { wait });",
        "      │             ^",
        "  at each (lib/a.ts:4:5)",
      ),
    );
  });

  it("keeps the mark in a narrow window", () => {
    const stack = "TypeError: x\n    at <eval> (shell:3:2:26)";
    const [, , source = "", mark = ""] = write(described({ message: "x", stack }), 30).split("\n");
    expect(source[mark.indexOf("^")]).toBe("w");
    expect(stringWidth(source)).toBeLessThanOrEqual(30);
  });

  it("goes on in the next line between words", () => {
    const text = write(
      described({ message: "web-1 restart failed because it was too late", hint: "a ".repeat(40) }),
      30,
    );
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
    expect(text.split("\n").slice(0, 2)).toEqual(["TypeError: web-1 restart", "  failed because it was too"]);
  });

  it("has its hint, its cause and the operation's last output", () => {
    const stack = "OperationFailed: no\n    at shell:1:1:1\n  caused by Error: inner\n    at g (lib/b.ts:1:2)";
    const text = write(
      described({ name: "OperationFailed", message: "no", hint: "Look.", stack, entry: 14 }, "one\ntwo\n"),
    );
    expect(text).toContain("  caused by Error: inner\n    at g (lib/b.ts:1:2)\n");
    expect(text).toContain("  Look.\n  last output:\n  │ one\n  │ two\n");
    expect(text).toContain("await history.get(14)");
  });

  it("of an operation comes with the script's own line", async () => {
    const world = createWorld({ resources: [resourceOf({ name: "web-1" })] });
    const text = shown(await catchOf(() => world.resource("web-1").restrat()));
    expect(text).toMatch(
      /^error: web-server has no operation "restrat"\. Did you mean "restart"\? {2}\(unknown_operation\)\n/,
    );
  });

  it("inside something else is one line", () => {
    expect(shown({ error: new RangeError("too far") })).toBe("{ error: [RangeError: too far] }");
  });
});

async function catchOf(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("It did not throw");
}

describe("any other value", () => {
  const circle: Record<string, unknown> = { name: "round" };
  circle["self"] = circle;
  const values: Array<[what: string, value: unknown, expected: string]> = [
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["numbers", [1, -0, Number.NaN, 1e21], "[1, -0, NaN, 1e+21]"],
    ["a bigint", 42n, "42n"],
    ["a text", "it's", '"it\'s"'],
    ["a text with every quote", "\"'`", '"\\"\'`"'],
    ["a text that would move the cursor", "a\u001b[2Jb\u0007\u009b1m", '"a\\u001b[2Jb\\u0007\\u009b1m"'],
    ["a text that would turn the line around", "a\u202eb", '"a\\u202eb"'],
    ["a text of lines", "one\ntwo", "│ one\n│ two"],
    ["a text of lines in an object", { out: "one\ntwo\n", code: 0 }, "{\n  out:\n    │ one\n    │ two\n  code: 0\n}"],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a wrong date", new Date(Number.NaN), "Invalid Date"],
    ["a regular expression", /a+/g, "/a+/g"],
    ["a function", Math.max, "[Function: max]"],
    ["a class", class Thing extends Map {}, "[class Thing]"],
    ["a symbol", Symbol("x"), "Symbol(x)"],
    ["a promise", Promise.resolve(1), "Promise {}"],
    [
      "a map",
      new Map<unknown, unknown>([
        ["k", 1],
        [{ a: 1 }, []],
      ]),
      'Map(2) { "k" => 1, { a: 1 } => [] }',
    ],
    ["a set", new Set([1, "a"]), 'Set(2) { 1, "a" }'],
    ["bytes", new Uint8Array([1, 2, 255]), "Uint8Array(3) [1, 2, 255]"],
    ["holes", Object.assign([], { 0: 1, 3: 4 }), "[1, 2 × empty, 4]"],
    [
      "an object of a class",
      new (class Point {
        x = 1;
      })(),
      "Point { x: 1 }",
    ],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), "[null prototype] { a: 1 }"],
    ["an object in a circle", circle, '{ name: "round", self: [Circular] }'],
    [
      "a getter",
      {
        get now() {
          throw new Error("called");
        },
      },
      "{ now: [Getter] }",
    ],
    ["awkward keys", { "a-b": 1, "": 2, $c: 3 }, '{ "a-b": 1, "": 2, $c: 3 }'],
    ["what is deep", { a: { b: { c: { d: { e: 1 } } } } }, "{ a: { b: { c: { d: [Object] } } } }"],
    ["a list that is deep", { a: { b: { c: { d: [1, 2] } } } }, "{ a: { b: { c: { d: [Array(2)] } } } }"],
    [
      "a long text in a list of lists",
      [["x".repeat(300)]],
      `[\n  [\n    "${"x".repeat(200)}" … 100 more characters\n  ]\n]`,
    ],
  ];
  it.for(values)("%s", ([, value, expected]) => {
    expect(shown(value)).toBe(expected);
  });

  it("that is long goes to several lines, numbers several to a line", () => {
    const text = shown({ list: Array.from({ length: 40 }, (_, at) => at), name: "a".repeat(60) }, { width: 40 });
    for (const line of text.split("\n").filter((line) => !line.includes("aaa")))
      expect(line.length).toBeLessThanOrEqual(40);
    expect(text.split("\n").length).toBeGreaterThan(5);
  });

  it("of very many parts is cut with a count", () => {
    expect(shown(Array.from({ length: 5_000 }, (_, at) => at))).toMatch(/… 4900 more\n\]$/);
    expect(shown(Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at])))).toMatch(
      /… 200 more\n\}$/,
    );
    expect(shown("x".repeat(20_000))).toMatch(/… 10,000 more characters$/);
  });

  it("that looks like rows is a table", () => {
    const rows = [
      { name: "a", count: 1, tags: ["x"] },
      { name: "bb", count: 22 },
    ];
    expect(shown(rows)).toBe(lines("NAME  COUNT  TAGS", 'a         1  ["x"]', "bb       22", "2 rows"));
    expect(shown([{ a: 1 }])).toBe("[{ a: 1 }]");
    expect(shown([{ a: 1 }, { b: { c: 2 } }, { d: 3 }])).toBe("[{ a: 1 }, { b: { c: 2 } }, { d: 3 }]");
  });

  it("that throws when it is read says so, and what is beside it is shown", () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    expect(shown([1, hostile])).toBe("[1, [A value that can't be read]]");
  });

  it("that has no more than the main fields of an entry is shown as it is", () => {
    const some = { id: 1, kind: "operation", status: "failed", lastEvent: 2 };
    expect(shown(some)).toBe('{ id: 1, kind: "operation", status: "failed", lastEvent: 2 }');
  });

  it("that is no description of one does not end the shell", () => {
    const write = createWriter({ columns: () => 80, color: true });
    for (const forged of [null, 1, {}, { kind: "array" }, { kind: "resource" }]) {
      expect(write(forged as unknown as ValueDescription)).toBe("(a value that can't be shown)");
    }
  });
});

describe("the last output of an entry", () => {
  const failed: ValueDescription = { kind: "entry", entry: entryOf({ status: "failed", attempt: 1, lastEvent: 3 }) };
  const write = createWriter({ columns: () => 80, color: false, utc: true, now: () => NOW });

  it("is read for its card, and for nothing else", async () => {
    const world = createWorld();
    world.log(
      1042,
      { data: { stream: "stdout", text: "working\nbro" } },
      { data: { stream: "stdout", text: "ken\n" } },
    );
    const shownEntry = await withLastOutput(failed, world.port);
    expect(write(shownEntry)).toContain("  last output  │ working\n               │ broken");
    const waiting: ValueDescription = { kind: "entry", entry: entryOf() };
    expect(await withLastOutput(waiting, world.port)).toBe(waiting);
    expect(await withLastOutput({ kind: "null" }, world.port)).toEqual({ kind: "null" });
  });

  it("is left out when the server does not say", async () => {
    const silent = { events: () => new Promise<never>(() => {}) };
    const broken = { events: () => Promise.reject(new Error("gone")) };
    for (const port of [silent, broken])
      expect(write(await withLastOutput(failed, port, 1))).not.toContain("last output");
  });
});
