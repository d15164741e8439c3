import { describe, expect, it } from "vitest";
import { chartOfEntries, chartOfNumbers } from "../../src/client/chart.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { toCsv, toJson } from "../../src/shell/inspector/raw.ts";
import { entryOf, resourceOf } from "../client/world/fixtures.ts";
import { createWorld } from "../client/world/memory-world.ts";
import { lines, shown } from "./inspector-world.ts";

const at = (time: string, fields: Partial<Entry> = {}): Entry =>
  entryOf({ createdAt: `2026-01-01T${time}.000Z`, ...fields });

describe("a chart of entries", () => {
  const entries = [
    at("10:00:00", { status: "succeeded", operation: "restart" }),
    at("10:20:00", { status: "succeeded", operation: "status" }),
    at("12:00:00", { status: "failed", operation: "restart" }),
  ];

  it("counts statuses by default, each in its colour", () => {
    expect(shown(chartOfEntries(entries), { width: 40 })).toBe(
      lines(`succeeded  2  ${"█".repeat(26)}`, `failed     1  ${"█".repeat(13)}`),
    );
    const coloured = shown(chartOfEntries(entries), { color: true });
    expect(coloured).toMatch(/succeeded {2}2 {2}\u001b\[32m█+/);
    expect(coloured).toMatch(/failed {5}1 {2}\u001b\[31m█+/);
  });

  it("counts operations and resources, the most first", () => {
    expect(chartOfEntries(entries, "operation").points).toEqual([
      { label: "restart", value: 2 },
      { label: "status", value: 1 },
    ]);
    expect(chartOfEntries(entries, "resource").points).toEqual([{ label: "web-1", value: 3 }]);
  });

  it("counts over time in buckets that begin at round times, empty ones included", () => {
    expect(chartOfEntries(entries, "time").points).toEqual([
      { label: "10:00Z", value: 1 },
      { label: "10:15Z", value: 1 },
      ...["10:30Z", "10:45Z", "11:00Z", "11:15Z", "11:30Z", "11:45Z"].map((label) => ({ label, value: 0 })),
      { label: "12:00Z", value: 1 },
    ]);
    const days = [at("10:00:00"), entryOf({ createdAt: "2026-03-01T00:00:00.000Z" })];
    expect(chartOfEntries(days, "time").points.length).toBeLessThanOrEqual(13);
    expect(chartOfEntries(days, "time").points[0]!.label).toMatch(/^2025-12-\d\d|2026-01-01$/);
  });

  it("draws how long each took, oldest first", () => {
    const took = [3, 1, 2].map((seconds, index) =>
      entryOf({
        id: 9 - index,
        startedAt: "2026-01-01T00:00:00.000Z",
        finishedAt: `2026-01-01T00:00:0${seconds}.000Z`,
      }),
    );
    expect(shown(chartOfEntries(took, "took"))).toBe("▅▁█\nmin 1  mean 2  max 3  (3 values)");
  });

  it("of nothing says so", () => {
    for (const subject of ["status", "time", "took"] as const) {
      expect(shown(chartOfEntries([], subject))).toBe("(nothing to draw)");
    }
  });

  it("of an unknown subject is refused with the nearest one", () => {
    expect(() => chartOfEntries([], "tokk" as "took")).toThrow('no chart of "tokk"');
  });

  it("is what find() and a resource's history() give, which stay arrays", async () => {
    const world = createWorld({ resources: [resourceOf()] });
    await world.resource("web-1").restart().submitted;
    for (const found of [await world.history.find(), await world.resource("web-1").history()]) {
      expect(Array.isArray(found)).toBe(true);
      expect(Object.keys(found)).toEqual(found.map((_, index) => String(index)));
      expect(String(found.chart())).toBe(`queued  1  ${"█".repeat(69)}`);
    }
  });
});

describe("a chart of numbers", () => {
  it("is a line from the least to the greatest", () => {
    expect(String(chartOfNumbers([1, 2, 3, 4, 5, 6, 7, 8]))).toBe("▁▂▃▄▅▆▇█\nmin 1  mean 4.5  max 8  (8 values)");
    expect(String(chartOfNumbers([5, 5]))).toMatch(/^▁▁\n/);
  });

  it("has a column for the mean of several when there are more than columns", () => {
    const text = shown(chartOfNumbers(Array.from({ length: 1_000 }, (_, index) => index)), { width: 20 });
    expect([...text.split("\n")[0]!]).toHaveLength(20);
    expect(text).toContain("max 999");
  });

  it("refuses what is no number", () => {
    expect(() => chartOfNumbers([1, "2"])).toThrow("item 1 is none");
    expect(() => chartOfNumbers("12")).toThrow("item 0 is none");
  });
});

describe(".json", () => {
  it("is JSON that a terminal does not obey", () => {
    expect(toJson({ a: ["\u009b31m"] })).toBe('{\n  "a": [\n    "\\u009b31m"\n  ]\n}');
    expect(JSON.parse(toJson({ a: "\u202e\u001b" }))).toEqual({ a: "\u202e\u001b" });
  });
});

describe(".csv", () => {
  it("has a line for each row and a column for each key", () => {
    const rows = [
      { name: 'a "b"', n: 1, tags: ["x"] },
      { name: "c,d", more: null, n: true },
    ];
    expect(toCsv(rows)).toBe(lines("name,n,tags,more", '"a ""b""",1,"[""x""]",', '"c,d",true,,'));
  });

  it("of one object is one row, of anything else a column of values", () => {
    expect(toCsv({ a: 1 })).toBe("a\n1");
    expect(toCsv([1, "two\nlines"])).toBe('value\n1\n"two\nlines"');
  });
});
