/** Flags of the server for what it does by itself: checks and metrics on their intervals, and how long their traces stay. */
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import type { QueueSettings } from "../operations/context.ts";

export interface AutomaticFlags {
  /** false with `--no-automatic`. */
  automatic: boolean;
  keepAutomatic?: string;
  keepMetrics?: string;
  keepAvailability?: string;
}

export const AUTOMATIC_VARIABLE = "WILCO_AUTOMATIC";

/** @throws WilcoError `invalid_request`. */
export function automaticSettings(
  env: Record<string, string | undefined>,
  flags: AutomaticFlags,
): Partial<QueueSettings> {
  const kept = (text: string | undefined, flag: string) => (text === undefined ? undefined : parseDuration(text, flag));
  const settings = {
    automaticKept: kept(flags.keepAutomatic, "--keep-automatic"),
    samplesKept: kept(flags.keepMetrics, "--keep-metrics"),
    availabilityKept: kept(flags.keepAvailability, "--keep-availability"),
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return { ...given, automatic: flags.automatic && !isOff(env[AUTOMATIC_VARIABLE]) };
}

function isOff(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "on") return false;
  if (text === "off") return true;
  throw new WilcoError({
    code: "invalid_request",
    message: `${AUTOMATIC_VARIABLE} is ${JSON.stringify(text)}, and can be on or off`,
    hint: "With off, the server files no checks and metrics by itself.",
  });
}
