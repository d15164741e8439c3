/** The scripts that a command line names. */
import { realpathSync, statSync } from "node:fs";
import { WilcoError } from "../core/errors.ts";
import type { Context } from "./context.ts";

/** The real path of a script. @throws WilcoError `script_invalid` when there is no such file. */
export function scriptFile(context: Context, file: string): string {
  const path = context.path(file);
  try {
    if (statSync(path).isFile()) return realpathSync(path);
  } catch {
    // said below, with what to do
  }
  throw new WilcoError({
    code: "script_invalid",
    message: `There is no script ${file}`,
    hint: "Name a .ts or .js file.",
  });
}
