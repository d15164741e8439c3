/** `wilco completion SHELL`, and `wilco complete`, which the shells ask. */
import type { Command } from "commander";
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import { candidatesOf, kindAt, wordOf } from "../completion/candidates.ts";
import { knownOf, refreshKnown, refreshLater } from "../completion/known.ts";
import { versionsAsked } from "../completion/versions.ts";
import { COMPLETION_SCRIPTS, SHELLS } from "../completion/scripts.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { readProfiles } from "../profiles.ts";

export async function printCompletion({ output }: Context, name: string): Promise<number> {
  const shell = SHELLS.find((one) => one === name);
  if (!shell) {
    throw new WilcoError({
      code: "invalid_request",
      message: `There is no completion for ${JSON.stringify(name)}`,
      hint: suggestion(name, SHELLS, "There is one for"),
    });
  }
  output.write(COMPLETION_SCRIPTS[shell]);
  return EXIT.succeeded;
}

export async function complete(
  context: Context,
  program: Command,
  words: readonly string[],
  flags: { refresh?: boolean; describe?: boolean },
): Promise<number> {
  const asked = kindAt(program, words);
  if (flags.refresh === true) {
    await refreshKnown(context, versionsAsked(asked.kind, asked.args));
    return EXIT.succeeded;
  }
  const known = await knownOf(context);
  const candidates = candidatesOf(program, words, known, profilesOf(context));
  context.output.write(candidates.map((one) => `${flags.describe === true ? one : wordOf(one)}\n`).join(""));
  refreshLater(known, asked, words);
  return EXIT.succeeded;
}

/** A file that can't be read is said by the command itself: a Tab has nobody to tell. */
function profilesOf({ env }: Context): string[] {
  try {
    return readProfiles(env).all.map(({ name }) => name);
  } catch {
    return [];
  }
}
