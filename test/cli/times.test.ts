import { describe, expect, it } from "vitest";
import { formatClock, formatTime, parsePast, parseWhen } from "../../src/cli/output/times.ts";

const NOW = new Date(2026, 10, 21, 18, 0, 0);

describe("times on the command line", () => {
  it("takes a delay from now", () => {
    expect(parseWhen("+5m", NOW)).toEqual({ delay: 300_000 });
  });

  it("reads a time without an offset as local", () => {
    expect(parseWhen("2026-11-22 06:30", NOW)).toEqual({ at: new Date(2026, 10, 22, 6, 30).toISOString() });
    expect(parseWhen("2026-11-22", NOW)).toEqual({ at: new Date(2026, 10, 22).toISOString() });
  });

  it("takes the next such time of day", () => {
    expect(parseWhen("18:30", NOW)).toEqual({ at: new Date(2026, 10, 21, 18, 30).toISOString() });
    expect(parseWhen("17:30", NOW)).toEqual({ at: new Date(2026, 10, 22, 17, 30).toISOString() });
  });

  it("keeps an offset as it stands", () => {
    expect(parseWhen("2026-11-22T06:30:00+02:00", NOW)).toEqual({ at: "2026-11-22T04:30:00.000Z" });
    expect(parseWhen("2026-11-22 06:30Z", NOW)).toEqual({ at: "2026-11-22T06:30:00.000Z" });
  });

  it("looks back for the history", () => {
    expect(parsePast("-2h", "--since", NOW)).toBe(new Date(2026, 10, 21, 16).toISOString());
    expect(parsePast("30m ago", "--since", NOW)).toBe(new Date(2026, 10, 21, 17, 30).toISOString());
    expect(parsePast("1h 30m", "--since", NOW)).toBe(new Date(2026, 10, 21, 16, 30).toISOString());
    expect(parsePast("17:30", "--since", NOW)).toBe(new Date(2026, 10, 21, 17, 30).toISOString());
  });

  it.each(["tomorrow", "2026-02-31 10:00", "25:00", "2026-11-22 24:30", "+5", ""])("refuses %j", (text) => {
    expect(() => parseWhen(text, NOW)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("shows times in UTC on request, and a dash for none", () => {
    expect(formatTime("2026-11-21T18:37:05.123Z", true)).toBe("2026-11-21 18:37:05Z");
    expect(formatClock("2026-11-21T18:37:05.123Z", true)).toBe("18:37:05.123Z");
    expect(formatTime(null, true)).toBe("–");
  });
});
