/** How often a resource is looked at: a duration or "off" as people write it, whole ms in the database (0 = off). */
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";

export const OFF = "off";
/** ms. More often than that is a loop, not a look. */
export const SHORTEST_INTERVAL = 1_000;

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/** @param text "1m" or "off". @returns ms, 0 = off. @throws WilcoError `invalid_request`. */
export function parseInterval(text: unknown, what: string): number {
  if (text === OFF) return 0;
  // YAML 1.1 readers take a bare off for false.
  if (text === false) return 0;
  const ms = parseDuration(text, what);
  if (ms >= SHORTEST_INTERVAL) return ms;
  throw new WilcoError({
    code: "invalid_request",
    message: `${what} is ${JSON.stringify(text)}, and the shortest is 1s`,
    hint: 'Write "off" for never.',
  });
}

/** Exactly what `parseInterval` reads, unlike durations that are shown: "1h 30m", "off". */
export function formatInterval(ms: number): string {
  if (ms === 0) return OFF;
  const parts: string[] = [];
  let left = ms;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join(" ");
}
