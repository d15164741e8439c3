/** The key of the stored secrets, as it is given to a server. */
import { readFileSync } from "node:fs";
import { WilcoError } from "../core/errors.ts";
import { whyUnreadable } from "../core/file-errors.ts";
import { parseSecretKey } from "../inventory/sealer.ts";
import type { Context } from "./context.ts";

/** --secret-key-file > WILCO_SECRET_KEY; undefined = that of the data directory. @throws WilcoError `invalid_request`. */
export function secretKeyOf(context: Context, file: string | undefined): Buffer | undefined {
  const text = file === undefined ? context.env["WILCO_SECRET_KEY"] : readKeyFile(context.path(file));
  return text === undefined || text === "" ? undefined : parseSecretKey(text);
}

export function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `The secret key ${path} can't be read: ${whyUnreadable(error)}`,
      hint: "Check that file and its owner.",
    });
  }
}
