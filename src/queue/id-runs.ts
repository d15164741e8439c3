/**
 * Ids as a short text. What a transaction changed mostly has neighbouring ids, so 1,000 entries that were filed together
 * are seven characters, and fit into a notification with much else: `5*3.a` is 5, 6, 7 and 17 (numbers have base 36; each
 * run begins so many above the end of the one before).
 */

export function writeIds(ids: Iterable<number>): string {
  const runs: Array<{ gap: number; count: number }> = [];
  let last = 0;
  for (const id of [...new Set(ids)].toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && id === last + 1) run.count++;
    else runs.push({ gap: id - last, count: 1 });
    last = id;
  }
  return runs.map(({ gap, count }) => gap.toString(36) + (count > 1 ? `*${count.toString(36)}` : "")).join(".");
}

/** More ids than this are taken for damage. */
const MOST = 1_000_000;

/** @returns undefined when the text is none of `writeIds`. */
export function readIds(text: string): number[] | undefined {
  if (text === "") return [];
  const ids: number[] = [];
  for (const part of text.split(".")) {
    const [, gap, count = "1"] = /^([\da-z]+)(?:\*([\da-z]+))?$/.exec(part) ?? [];
    if (gap === undefined) return undefined;
    const first = (ids.at(-1) ?? 0) + Number.parseInt(gap, 36);
    const length = Number.parseInt(count, 36);
    if (!Number.isSafeInteger(first) || ids.length + length > MOST) return undefined;
    for (let n = 0; n < length; n++) ids.push(first + n);
  }
  return ids;
}
