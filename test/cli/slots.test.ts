import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { parseSlots } from "../../src/cli/slots.ts";

describe("--slots", () => {
  it.each([
    ["16", { min: 0, max: 16 }],
    ["4-16", { min: 4, max: 16 }],
    ["0-1", { min: 0, max: 1 }],
    ["8-8", { min: 8, max: 8 }],
    ["auto", { min: 0, max: availableParallelism() }],
  ])("%s", (text, slots) => {
    expect(parseSlots(text)).toEqual(slots);
  });

  it.each(["", "0", "-1", "4-", "-4", "16-4", "0-0", "1-2-3", "a-b", "1.5", "10001", "1-10001", "many"])(
    "%j is refused with what to write",
    (text) => {
      expect(() => parseSlots(text)).toThrow(/^--slots is n/);
    },
  );
});
