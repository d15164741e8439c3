/** Whether a server files checks and metrics by itself. */
import { WilcoError } from "../core/errors.ts";

export interface AutomaticFlags {
  /** false with `--no-automatic`. */
  automatic: boolean;
}

export const AUTOMATIC_VARIABLE = "WILCO_AUTOMATIC";

/** @throws WilcoError `invalid_request`. */
export function automaticSettings(
  env: Record<string, string | undefined>,
  flags: AutomaticFlags,
): { automatic: boolean } {
  return { automatic: flags.automatic && !isOff(env[AUTOMATIC_VARIABLE]) };
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
