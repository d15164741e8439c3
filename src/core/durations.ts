/** Durations as people write them ("500ms", "30s", "1m 4s") and as the code has them: whole milliseconds. */
import { WilcoError } from "./errors.ts";

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/y;

/** Longest duration accepted: 10 years. Anything longer is a typing error. */
const MAX_MS = 10 * 365 * UNIT_MS["d"]!;

/**
 * Parses a duration into whole milliseconds.
 * @param text one or more numbers with units, largest first by custom: "500ms", "30s", "1h 30m".
 * @param what names the value in the error.
 * @throws WilcoError `invalid_request` when a unit is missing or unknown, or it is negative or over 10 years.
 */
export function parseDuration(text: unknown, what = "the duration"): number {
  if (typeof text === "number") {
    throw invalid(what, String(text), `Write the unit: "${text}s" or "${text}ms"`);
  }
  if (typeof text !== "string") throw invalid(what, String(text), 'write a text such as "30s"');
  const source = text.trim();
  let at = 0;
  let total = 0;
  while (at < source.length) {
    PART.lastIndex = at;
    const match = PART.exec(source);
    if (!match) {
      const bare = /^\d+(\.\d+)?$/.test(source);
      throw invalid(what, text, bare ? `Write the unit: "${source}s" or "${source}ms"` : "Units are ms, s, m, h, d");
    }
    total += Number(match[1]) * UNIT_MS[match[2]!]!;
    at = PART.lastIndex;
    while (source[at] === " ") at++;
  }
  if (source === "") throw invalid(what, text, 'write a text such as "30s"');
  if (total > MAX_MS) throw invalid(what, text, "The longest is 3650d");
  return Math.round(total);
}

/** Milliseconds as people write them: "250ms", "4.2s", "1m 4s", "2h 3m", "3d 4h". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "for ever";
  const value = Math.max(0, Math.round(ms));
  if (value < 1_000) return `${value}ms`;
  if (value < 10_000) return `${(Math.floor(value / 100) / 10).toString()}s`;
  const seconds = Math.floor(value / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, "m", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, "h", minutes % 60, "m");
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit} ${small}${smallUnit}`;
}

function invalid(what: string, text: string, hint: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${what} is not a duration: ${JSON.stringify(text)}`,
    hint,
  });
}
