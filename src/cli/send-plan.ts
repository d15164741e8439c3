/** A change of the inventory on its way: its plan is printed when the answer is there, or an interrupt says what may be. */
import type { ApplyAnswer } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import { EXIT, SIGNAL_EXIT } from "./exit-codes.ts";
import { withInterrupt } from "./interrupt.ts";
import { printPlan } from "./output/plan.ts";

/** @param shown the plan that the person has agreed to. */
export async function sendPlan(
  context: Context,
  url: string,
  send: () => Promise<ApplyAnswer>,
  shown?: ApplyAnswer,
): Promise<number> {
  return withInterrupt(async ({ signal, cause }) => {
    const interrupted = new Promise<undefined>((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const answer = await Promise.race([send(), interrupted]);
    if (answer === undefined) {
      // The request is at the server: giving up the connection takes nothing back.
      context.output.warn(
        `Interrupted: ${url} may apply it all the same, all of it or nothing.\n  See what is left to do: the same command with --dry-run.`,
      );
      return SIGNAL_EXIT[cause() ?? "SIGINT"];
    }
    await printPlan(context.output, answer, url, shown);
    return EXIT.succeeded;
  });
}
