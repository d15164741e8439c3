/** Times and durations beside values. */
import { formatDuration } from "../../core/durations.ts";

/** "just now", "4.2s ago", "in 5m"; "" for what is no time. */
export function relativeTime(iso: string, now: number): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return "";
  const ago = now - time;
  if (Math.abs(ago) < 1_000) return "just now";
  // Tenths of a second that have passed by the time they are read.
  const text = formatDuration(Math.floor(Math.abs(ago) / 1_000) * 1_000);
  return ago > 0 ? `${text} ago` : `in ${text}`;
}

/** "2026-11-21 18:37:05", local, or with a Z in UTC. */
export function absoluteTime(iso: string, utc: boolean): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  if (utc) return `${date.toISOString().slice(0, 19).replace("T", " ")}Z`;
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** From the start to the end, or to now; "" before the start. */
export function elapsed(entry: { startedAt: string | null; finishedAt: string | null }, now: number): string {
  if (entry.startedAt === null) return "";
  const end = entry.finishedAt === null ? now : Date.parse(entry.finishedAt);
  const ms = end - Date.parse(entry.startedAt);
  return Number.isNaN(ms) ? "" : formatDuration(ms);
}
