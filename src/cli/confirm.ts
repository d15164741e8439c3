/** Yes-or-no questions; only asked where `output.interactive` says that a person is there. */
import { WilcoError } from "../core/errors.ts";
import type { Context } from "./context.ts";
import { isPersonThere } from "./output/output.ts";

export interface RemoveFlags {
  /** Don't ask. */
  yes?: boolean;
}

export async function confirm(context: Context, question: string): Promise<boolean> {
  const { confirm: ask, isCancel } = await import("@clack/prompts");
  context.output.live.clear();
  const answer = await ask({ message: question, initialValue: false, output: process.stderr });
  if (!isCancel(answer) && answer) return true;
  context.output.warn("Nothing was done.");
  return false;
}

/**
 * @param what will be gone: "web-1, web-2", "the group web". @param yes `--yes`.
 * @throws WilcoError `invalid_request` when nobody is there to say yes.
 */
export async function agreeToRemove(
  context: Context,
  what: string,
  yes: boolean | undefined,
  note: string,
): Promise<boolean> {
  if (yes === true) return true;
  if (!context.output.interactive || !isPersonThere(process.stdin, context.env)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${what} would be removed, and nobody is there to say yes`,
      hint: "Repeat it with --yes.",
    });
  }
  return confirm(context, `Remove ${what}? ${note}`);
}
