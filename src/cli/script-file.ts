/** The scripts that a command line names. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { WilcoError } from "../core/errors.ts";
import { whyUnreadable } from "../core/file-errors.ts";
import { nearest } from "../core/suggest.ts";
import type { Context } from "./context.ts";

/** The real path of a script. @throws WilcoError `script_invalid` when there is no such file. */
export function scriptFile(context: Context, file: string): string {
  const path = context.path(file);
  let problem = `There is no script ${file}`;
  let meant: string | undefined;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile()) return realpathSync(path);
    if (found) problem = `${file} is ${found.isDirectory() ? "a directory" : "no file"}`;
    else meant = nearestScript(path, file);
  } catch (error) {
    problem = `${file} can't be read: ${whyUnreadable(error)}`;
  }
  throw new WilcoError({ code: "script_invalid", message: problem, hint: meant ?? "Name a .ts or .js file." });
}

/** The ending left out, or a typing error in the name. */
function nearestScript(path: string, file: string): string | undefined {
  let scripts: string[];
  try {
    scripts = readdirSync(dirname(path)).filter((name) => /\.m?[jt]s$/.test(name));
  } catch {
    return undefined; // no such directory, which the message says as well
  }
  const name = basename(path);
  const meant = scripts.find((script) => script.replace(/\.m?[jt]s$/, "") === name) ?? nearest(name, scripts);
  return meant === undefined ? undefined : `Did you mean ${join(dirname(file), meant)}?`;
}
