import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parsePlainYaml } from "../../src/core/plain-yaml.ts";
import { parseYaml } from "../../src/core/yaml-file.ts";

/** Pseudo-random, the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * sides);
  };
}

const SCALARS = [
  "word",
  "two words",
  "http://10.0.0.1:8080/a?b=c#d",
  "8080",
  "-1",
  "1.10",
  "007",
  "1e3",
  ".5",
  "+3",
  "0x1F",
  "0o17",
  ".inf",
  "true",
  "False",
  "null",
  "~",
  "yes",
  "no",
  "nullable",
  "t",
  "10.0.0.1",
  "2026-01-02",
  "a,b",
  "a: b",
  "ends:",
  "- x",
  "-x",
  "@x",
  "`x",
  "%x",
  "x # comment",
  "x#y",
  '"in # quotes"',
  "'it''s'",
  "'plain'",
  '"esc\\n"',
  '"open',
  "&a x",
  "*a",
  "!t x",
  "|",
  ">",
  "{}",
  "[]",
  "{ a: b }",
  "{ a: [1, two, { b: 'c' }], d: }",
  "[a, b: c]",
  "{a:b}",
  "{ a: b, a: c }",
  "[1, 2,]",
  "[,]",
  '{ "a": 1 }',
  '{ "a":1 }',
  "{ url: http://x:1/ }",
  "[a b, c d]",
  "{ a: b } # c",
  "{ a: b }x",
  "[ 'a', \"b\" ]",
  "{ a }",
  "",
  "# only",
  "? x",
  "=",
  "é",
];
const KEYS = [
  "a",
  "web-1",
  "web.example.org",
  "10.0.0.1",
  "7",
  "1.5",
  "null",
  "true",
  '"quoted key"',
  "'k'",
  "with space",
  "a/b@c",
  "__proto__",
  "x",
];

/** Mappings in mappings, lists, comments, blank lines, and indentation that is sometimes wrong. */
function document(roll: (sides: number) => number, indent = 0, depth = 0): string {
  const lines: string[] = [];
  const pad = " ".repeat(indent);
  for (let left = 1 + roll(4); left > 0; left--) {
    const key = roll(3) > 0 ? `k${lines.length}` : KEYS[roll(KEYS.length)]!;
    const kind = roll(8);
    if (kind === 0 && depth < 3) lines.push(`${pad}${key}:`, document(roll, indent + 1 + roll(3), depth + 1));
    else if (kind === 1) {
      const at = " ".repeat(indent + roll(3));
      lines.push(
        `${pad}${key}:`,
        ...Array.from({ length: 1 + roll(3) }, () => `${at}- ${SCALARS[roll(SCALARS.length)]!}`),
      );
    } else if (kind === 2) lines.push(roll(2) === 0 ? "" : `${" ".repeat(roll(4))}# comment`);
    else if (kind === 3 && roll(4) === 0) lines.push(`${pad}${key}: begins`, `${pad}  goes on`);
    else lines.push(`${pad}${key}: ${SCALARS[roll(SCALARS.length)]!}`);
  }
  return lines.join("\n");
}

describe("plain YAML", () => {
  test("is read as the real parser reads it, or left to it", () => {
    let read = 0;
    for (let seed = 1; seed <= 4_000; seed++) {
      const text = document(dice(seed * 7_919));
      const plain = parsePlainYaml(text);
      if (plain === undefined) continue;
      read++;
      let whole: unknown;
      try {
        whole = parse(text, { uniqueKeys: true, logLevel: "silent" });
      } catch (error) {
        expect.fail(`read, although the parser refuses it (${String(error)}):\n${text}`);
      }
      expect({ text, value: plain }).toEqual({ text, value: whole });
    }
    // Most documents of that kind have something odd in them; these have not, and are not left to the slow way.
    expect(read).toBeGreaterThan(300);
    for (const scalar of SCALARS) {
      const plain = parsePlainYaml(`a: ${scalar}\nb: 1\n`);
      if (plain !== undefined)
        expect({ scalar, value: plain }).toEqual({ scalar, value: parse(`a: ${scalar}\nb: 1\n`) as unknown });
    }
  });

  test("has what inventories have, with comments and Windows line ends", () => {
    const text =
      '# fleet\r\nresources:\r\n  web-1: # first\r\n    type: http\r\n    labels: { tier: web, \'os\': "linux" }\r\n\r\n    connection:\r\n      url: http://10.0.0.1:80/\r\n      args:\r\n      - a\r\n      - "b"\r\n';
    expect(parsePlainYaml(text)).toEqual({
      resources: {
        "web-1": {
          type: "http",
          labels: { tier: "web", os: "linux" },
          connection: { url: "http://10.0.0.1:80/", args: ["a", "b"] },
        },
      },
    });
  });

  test("knows where its keys stand, and what is there twice is told by its line", async () => {
    const { placeOf } = await parseYaml(
      "resources:\n  web.1:\n    labels:\n      tier: web\n    list:\n      - a\n",
      "x",
    );
    expect(placeOf("resources.web.1.labels.tier")).toEqual({ line: 4, column: 7 });
    expect(placeOf("resources.web.1.labels.none")).toEqual({ line: 3, column: 5 });
    expect(placeOf("resources.web.1.list[0]")).toEqual({ line: 6, column: 9 });
    expect(placeOf("groups.x")).toBeNull();
    await expect(parseYaml("resources:\n  a: {}\n  b: {}\n  a: {}\n", "x.yaml")).rejects.toThrow(
      'x.yaml:4:3: the name "a" is there twice',
    );
    await expect(parseYaml("a: [1, 2\n", "x.yaml")).rejects.toThrow(/x.yaml:\d+:\d+ is not YAML/);
  });
});
