/** The few numbers the benchmarks need. */

/** The value below which the share `p` (0–1) of the values lies. */
export function percentile(values, p) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
}

export function median(values) {
  return percentile(values, 0.5);
}

/** "4.21" for small numbers, "812" for large ones. */
export function short(value) {
  return value >= 100 ? Math.round(value).toString() : value.toPrecision(3);
}
