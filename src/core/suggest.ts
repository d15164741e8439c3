/** The nearest right spelling, for every "unknown …" message. */

/** Damerau-Levenshtein distance (adjacent swaps count once), with an early end above `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, before[j - 2]! + 1);
      row.push(value);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** The candidate closest to `word`, or undefined when none is close enough to be a typing error. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  // Of one letter every other would be a typing error away.
  const limit = wanted.length < 2 ? 0 : Math.floor(wanted.length / 3) + 1;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const found = distance(wanted, candidate.toLowerCase(), limit);
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** `Did you mean "restart"?`, or else a list of what there is, or nothing. */
export function suggestion(word: string, candidates: Iterable<string>, noun = "known"): string | undefined {
  const all = [...candidates];
  const best = nearest(word, all);
  if (best !== undefined) return `Did you mean "${best}"?`;
  if (all.length === 0) return undefined;
  const shown = all.slice(0, 12).join(", ");
  return `${noun.charAt(0).toUpperCase()}${noun.slice(1)}: ${shown}${all.length > 12 ? `, … (${all.length} in all)` : ""}`;
}
