/**
 * What is set once for a database, whatever number of servers works on it: how long things are kept. As flags of servers,
 * the shortest of them would delete what the others were told to keep.
 */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Name → ms unless it is set, and what it says. */
export const SETTINGS = {
  "keep-automatic": {
    default: HOUR,
    description: "how long the entries of automatic checks and metrics stay after their end",
  },
  "keep-metrics": { default: DAY, description: "how long samples of metrics stay" },
  "keep-availability": {
    default: 90 * DAY,
    description:
      "how long changes of availability stay, but for the newest of each resource, and findings that are gone",
  },
  "keep-content": { default: 30 * DAY, description: "how long files that nothing needs stay in the content store" },
} as const;

export type SettingName = keyof typeof SETTINGS;

/** ms. Sooner, what was kept would be gone before anybody reads it. */
export const SHORTEST_KEPT = 60_000;

export interface Setting {
  name: SettingName;
  /** ms. */
  value: number;
  /** ms. */
  default: number;
  /** It was set by somebody. */
  set: boolean;
  description: string;
}
