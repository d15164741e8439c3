import { describe, expect, it } from "vitest";
import { anchorsOf, blocksOf, linksOf, rowsOf, sectionOf } from "./markdown.ts";
import { isAsExpected, stepsOf } from "./transcript.ts";

describe("what a page shows of a command", () => {
  it("has to be there, line by line", () => {
    expect(isAsExpected("one\ntwo\n", "one\ntwo\n")).toBe(true);
    expect(isAsExpected("one\n", "one\ntwo\n")).toBe(false);
    expect(isAsExpected("one\ntwo\nthree\n", "one\ntwo\n")).toBe(false);
    expect(isAsExpected("anything\n", "")).toBe(false);
    expect(isAsExpected("", "")).toBe(true);
  });

  it("may leave out text with …, and lines with … alone", () => {
    expect(isAsExpected("in /tmp/a (log b)\n", "in … (log …)\n")).toBe(true);
    expect(isAsExpected("a\nb\nc\nd\n", "a\n…\nd\n")).toBe(true);
    expect(isAsExpected("a\nd\n", "a\n…\nd\n")).toBe(true);
    expect(isAsExpected("a\nb\nc\n", "a\n…\nd\n")).toBe(false);
    expect(isAsExpected("a\nb\n", "a …\n")).toBe(false);
  });

  it("may have other times, durations, addresses and process numbers, and no other words", () => {
    const shown = "20:01:07.350  web restart succeeded in 1.2s on 127.0.0.1:80, process 7\n";
    expect(isAsExpected(shown, "00:00:00.000  web restart succeeded in 17ms on 127.0.0.1:7070, process 17047\n")).toBe(
      true,
    );
    expect(isAsExpected(shown, "00:00:00.000  web restart failed in 17ms on 127.0.0.1:7070, process 17047\n")).toBe(
      false,
    );
    expect(isAsExpected("entry 12 (3 of 4)\n", "entry 13 (3 of 4)\n")).toBe(false);
  });

  it("takes characters that mean something in patterns as they are", () => {
    expect(isAsExpected("[a] (b) $1 x.y? {\\}\n", "[a] (b) $1 x.y? {\\}\n")).toBe(true);
    expect(isAsExpected("xay\n", "x.y\n")).toBe(false);
  });

  it("is read as commands with what they show", () => {
    expect(stepsOf("$ one\na\nb\n$ two\n$ three\nc\n")).toEqual([
      { command: "one", expected: "a\nb\n" },
      { command: "two", expected: "" },
      { command: "three", expected: "c\n" },
    ]);
    expect(() => stepsOf("no command\n")).toThrow('"no command"');
  });
});

describe("a page", () => {
  const page =
    "# Title, of it\n\n[a](b.md#c)\n\n```ts run file=x.ts\n# no heading [x](y)\n```\n\n## Next\n\n| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 |\n";

  it("has blocks with the marks of their info strings, and the line they begin in", () => {
    expect(blocksOf(page)).toEqual([
      { language: "ts", marks: { run: "", file: "x.ts" }, text: "# no heading [x](y)\n", line: 5 },
    ]);
    expect(() => blocksOf("```ts\nopen\n")).toThrow("line 1 has no end");
  });

  it("has links, anchors, sections and tables outside of its blocks only", () => {
    expect(linksOf(page)).toEqual(["b.md#c"]);
    expect(anchorsOf(page)).toEqual(["title-of-it", "next"]);
    expect(rowsOf(sectionOf(page, "Next"))).toEqual([["1 | 2", "3"]]);
    expect(() => sectionOf(page, "Nowhere")).toThrow('"Nowhere"');
  });
});
