/** Times for people: local, or UTC with `--utc`. JSON has ISO 8601 in UTC always. */
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";

/** "2026-11-21 18:37:05" of an ISO time; "–" for null. */
export function formatTime(iso: string | null, utc: boolean): string {
  if (iso === null) return "–";
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  if (utc) return `${iso.slice(0, 10)} ${iso.slice(11, 19)}Z`;
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "18:37:05.123", for the lines of a log. */
export function formatClock(iso: string, utc: boolean): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  if (utc) return `${iso.slice(11, 23)}Z`;
  const two = (n: number, width = 2) => String(n).padStart(width, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

/** When to start: a delay ("+5m", ms) or a moment (ISO). */
export type When = { delay: number } | { at: string };

/**
 * `--at`: "+5m" from now; "2026-11-21 18:30", "2026-11-21T18:30:00" and "18:30" (the next such) are local; an offset or Z
 * is taken as it stands. The caller echoes what was understood.
 * @throws WilcoError `invalid_request`.
 */
export function parseWhen(text: string, now: Date = new Date()): When {
  const source = text.trim();
  if (source.startsWith("+")) return { delay: parseDuration(source.slice(1), "--at") };
  return { at: parseMoment(source, now, "--at").toISOString() };
}

/** `--since` and `--until`: as `--at`, and "2h", "-2h" or "2h ago" for the past. @throws WilcoError `invalid_request`. */
export function parsePast(text: string, what: string, now: Date = new Date()): string {
  const past = /^-(.+)$|^(.+?)\s*ago$|^(\d+(?:\.\d+)?(?:ms|s|m|h|d).*)$/.exec(text.trim());
  if (past) return new Date(now.getTime() - parseDuration(past[1] ?? past[2] ?? past[3], what)).toISOString();
  return parseMoment(text.trim(), now, what).toISOString();
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d))?$/;

function parseMoment(text: string, now: Date, what: string): Date {
  const clock = CLOCK.exec(text);
  if (clock) {
    const [hours, minutes, seconds] = [clock[1], clock[2], clock[3] ?? "0"].map(Number) as [number, number, number];
    const date = new Date(now);
    date.setHours(hours, minutes, seconds, 0);
    if (hours < 24 && minutes < 60 && seconds < 60) {
      if (date <= now && what === "--at") date.setDate(date.getDate() + 1);
      return date;
    }
  }
  const moment = MOMENT.exec(text);
  if (moment) {
    const [, y, mo, d, h = "0", mi = "0", s = "0", offset] = moment;
    if (offset !== undefined) {
      const date = new Date(text.replace(" ", "T").replace(/\s+/g, ""));
      if (!Number.isNaN(date.getTime())) return date;
    } else {
      const date = new Date(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
      // The constructor rolls 31 February over into March; what was typed must come back.
      if (date.getMonth() === Number(mo) - 1 && date.getDate() === Number(d) && Number(h) < 24) return date;
    }
  }
  throw new WilcoError({
    code: "invalid_request",
    message: `${what} is not a time: ${JSON.stringify(text)}`,
    hint: `Write ${what === "--at" ? '"+5m"' : '"2h"'}, "18:30", "2026-11-21 18:30" (local time) or "2026-11-21T18:30:00Z".`,
  });
}
