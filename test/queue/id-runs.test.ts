import { describe, expect, it } from "vitest";
import { readIds, writeIds } from "../../src/queue/id-runs.ts";

describe("ids as a short text", () => {
  it.each([[[]], [[1]], [[7, 5, 6, 17, 5]], [[1, Number.MAX_SAFE_INTEGER - 1]], [[35, 36, 37, 1_000]]])("%j", (ids) => {
    expect(readIds(writeIds(ids))).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  });

  it("are seven characters for 1,000 that follow each other", () => {
    const ids = Array.from({ length: 1_000 }, (_, n) => 1_000_000 + n);
    expect(writeIds(ids)).toBe("lfls*rs");
    expect(readIds("lfls*rs")).toEqual(ids);
  });

  it.each(["-5", "1..2", "1*", "1*2*3", "A", "zzzzzzzzzzzzz", "1*zzzzz", " "])("%j is damage", (text) => {
    expect(readIds(text)).toBeUndefined();
  });
});
