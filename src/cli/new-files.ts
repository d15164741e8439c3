/** Files that `init` and `types new` make in a folder, which they make where it is missing. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { WilcoError } from "../core/errors.ts";
import { whyUnwritable } from "../core/file-errors.ts";
import { makeDirectory } from "../core/make-directory.ts";

/**
 * A file that has come meanwhile is not overwritten.
 * @param files their texts by name. @throws WilcoError `invalid_request`.
 */
export function writeNewFiles(folder: string, files: Readonly<Record<string, string>>): void {
  try {
    makeDirectory(folder, 0o777);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { flag: "wx" });
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${folder} can't be written: ${whyUnwritable(error)}`,
      hint: "Name a folder, or one to be made, where you may write.",
      cause: error,
    });
  }
}
