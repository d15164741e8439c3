import { describe, expect, it } from "vitest";
import { formatPriorityBand, parsePriority, parsePriorityBand } from "../../src/domain/priority.ts";

describe("a priority", () => {
  it.for([
    ["max", 0],
    ["high", 20],
    ["medium", 50],
    ["normal", 100],
    ["low", 150],
    ["min", 200],
    ["7", 7],
    [200, 200],
  ] as const)("%s is %i", ([written, number]) => {
    expect(parsePriority(written)).toBe(number);
  });

  it.for(["hihg", "201", "-1", "1.5", "", 201, null])("%o is none", (written) => {
    expect(() => parsePriority(written)).toThrow(/is not a priority/);
  });
});

describe("a band of priorities", () => {
  it.for([
    ["max-high", { min: 0, max: 20 }, "max-high"],
    ["0-60", { min: 0, max: 60 }, "max-60"],
    ["low", { min: 150, max: 150 }, "low"],
  ] as const)("%s is understood", ([written, band, formatted]) => {
    expect(parsePriorityBand(written)).toEqual(band);
    expect(formatPriorityBand(band)).toBe(formatted);
  });

  it.for([
    ["low-high", /wrong way round/],
    ["a-b", /is not a priority/],
    ["0-50-100", /is not a band/],
    ["", /is not a priority/],
    ["50-", /is not a priority/],
  ] as const)("%o is refused", ([written, message]) => {
    expect(() => parsePriorityBand(written)).toThrow(message);
  });
});
