import { WilcoError } from "../core/errors.ts";
import type { Environment } from "./context.ts";

/** Without a flag everybody on the machine could read the password in it with `ps`. */
export const DATABASE_URL_VARIABLE = "WILCO_DATABASE_URL";

/** --database-url > WILCO_DATABASE_URL; undefined = the embedded database. @throws WilcoError `invalid_request`. */
export function databaseUrlOf(env: Environment, flag: string | undefined): string | undefined {
  const url = flag ?? env[DATABASE_URL_VARIABLE];
  if (url === undefined || url === "") return undefined;
  if (/^postgres(ql)?:\/\//.test(url)) return url;
  throw new WilcoError({
    code: "invalid_request",
    message: "The database's URL does not begin with postgres://",
    hint: "Write postgres://USER@HOST/DATABASE, or leave --database-url and WILCO_DATABASE_URL out for the embedded database.",
  });
}
