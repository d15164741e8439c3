/** `--watch`: the same again and again on a terminal, in place, until Ctrl-C. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import type { Context } from "./context.ts";
import { SIGNAL_EXIT } from "./exit-codes.ts";
import { withInterrupt } from "./interrupt.ts";

export interface WatchFlags {
  watch?: boolean;
  every: string;
}

const HOME_AND_CLEAR = "\u001b[H\u001b[J";
/** ms. */
const SHORTEST = 200;

/** @throws WilcoError `invalid_request`: --watch without a terminal, or with JSON. */
export async function watchOutput(context: Context, flags: WatchFlags, show: () => Promise<number>): Promise<number> {
  if (flags.watch !== true) return show();
  const { output } = context;
  const every = Math.max(SHORTEST, parseDuration(flags.every, "--every"));
  if (output.format !== "table" || output.width === Infinity) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--watch needs a terminal, and a table",
      hint: "Leave it out, and ask as often as you like.",
    });
  }
  return withInterrupt(async (interrupt) => {
    const { signal } = interrupt;
    while (!signal.aborted) {
      output.write(HOME_AND_CLEAR);
      await show();
      await sleep(every, undefined, { signal }).catch(() => {}); // Ctrl-C ends the pause too
    }
    return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
  });
}
