/** Numbers as typed on a command line. */
import { WilcoError } from "../core/errors.ts";

/** An entry's id. @throws WilcoError `invalid_request`. */
export function parseEntryId(text: string): number {
  if (/^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(text)} is not an entry's id`,
    hint: 'Ids are whole numbers; "wilco history" lists them.',
  });
}

const MOST_IDS = 10_000;

/** Ids and ranges of ids ("14", "20-25"). @throws WilcoError `invalid_request`. */
export function parseEntryIds(texts: readonly string[]): number[] {
  const ids = new Set<number>();
  for (const text of texts) {
    const range = /^(\d+)-(\d+)$/.exec(text);
    const first = parseEntryId(range?.[1] ?? text);
    const last = parseEntryId(range?.[2] ?? text);
    if (last - first >= MOST_IDS || ids.size > MOST_IDS) {
      throw new WilcoError({
        code: "invalid_request",
        message: `${text} is more than ${MOST_IDS} entries`,
        hint: "Name fewer.",
      });
    }
    for (let id = first; id <= last; id++) ids.add(id);
  }
  return [...ids];
}

/** The shortest text that `parseEntryIds` reads back: "14 20-25". */
export function formatEntryIds(ids: readonly number[]): string {
  const sorted = [...ids].toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!;
    while (i + 1 < sorted.length && sorted[i + 1] === sorted[i]! + 1) i++;
    const last = sorted[i]!;
    parts.push(first === last ? String(first) : `${first}-${last}`);
  }
  return parts.join(" ");
}

/** A whole number from 1. @param example what the hint shows. @throws WilcoError `invalid_request`. */
export function parseCount(text: string, what: string, most = 1_000_000, example = "10"): number {
  if (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= most) return Number(text);
  throw new WilcoError({
    code: "invalid_request",
    message: `${what} is not a whole number from 1 to ${most}: ${JSON.stringify(text)}`,
    hint: what.startsWith("-") ? `Write ${what} ${example}.` : `Write a number such as ${example}.`,
  });
}
