/** Which hostile scripts run where not all of them do: of each theme every way of ending, and half of each. */
import type { HostileCase } from "./case.ts";

/** What its table says of it, apart from the script. */
export function wayOf({ ends, line, interrupt, spoils, files }: HostileCase): string {
  return JSON.stringify([ends, line, interrupt, spoils, files !== undefined]);
}

/** The first of those that end in one way, and every second after it. */
export function halfOf(cases: readonly HostileCase[]): HostileCase[] {
  const seen = new Map<string, number>();
  return cases.filter((one) => {
    const way = wayOf(one);
    const before = seen.get(way) ?? 0;
    seen.set(way, before + 1);
    return before % 2 === 0;
  });
}
