import type { Environment } from "./context.ts";

/** Without a flag everybody on the machine could read the password in it with `ps`. */
export const DATABASE_URL_VARIABLE = "WILCO_DATABASE_URL";

/** --database-url > WILCO_DATABASE_URL; undefined = the embedded database. */
export function databaseUrlOf(env: Environment, flag: string | undefined): string | undefined {
  const url = flag ?? env[DATABASE_URL_VARIABLE];
  return url === "" ? undefined : url;
}
