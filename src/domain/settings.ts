/**
 * What is set once for a database, whatever number of servers works on it: how long things are kept. As flags of servers,
 * the shortest of them would delete what the others were told to keep.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Name → ms unless it is set (null = for ever), the least that it can be set to, and what it says. */
export const SETTINGS = {
  "keep-history": {
    default: null,
    // Whoever files something and waits for it, or asks for it once more by its key, must still find it.
    least: HOUR,
    description: "how long entries stay after the end of the whole that they are part of",
  },
  "keep-automatic": {
    default: HOUR,
    least: MINUTE,
    description: "how long the entries of automatic checks and metrics stay after their end",
  },
  "keep-metrics": { default: DAY, least: MINUTE, description: "how long samples of metrics stay" },
  "keep-availability": {
    default: 90 * DAY,
    least: MINUTE,
    description:
      "how long changes of availability stay, but for the newest of each resource, and findings that are gone",
  },
  "keep-content": {
    default: 30 * DAY,
    least: MINUTE,
    description: "how long files that nothing needs stay in the content store",
  },
} as const satisfies Record<string, { default: number | null; least: number; description: string }>;

export type SettingName = keyof typeof SETTINGS;

export interface Setting {
  name: SettingName;
  /** ms; null = for ever. */
  value: number | null;
  /** ms; null = for ever. */
  default: number | null;
  /** It was set by somebody. */
  set: boolean;
  description: string;
}
