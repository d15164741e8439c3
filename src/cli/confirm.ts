/** A yes-or-no question; only asked where `output.interactive` says that a person is there. */
import type { Context } from "./context.ts";

export async function confirm(context: Context, question: string): Promise<boolean> {
  const { confirm: ask, isCancel } = await import("@clack/prompts");
  context.output.live.clear();
  const answer = await ask({ message: question, initialValue: false, output: process.stderr });
  if (!isCancel(answer) && answer) return true;
  context.output.warn("Nothing was done.");
  return false;
}
