/** Settings of the database: read by whoever needs them at that moment, so that a change counts on all servers at once. */
import { formatDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Sql } from "../database/database.ts";
import { SETTINGS, type Setting, type SettingName } from "../domain/settings.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";

const NAMES = Object.keys(SETTINGS) as SettingName[];

export async function listSettings(sql: Sql): Promise<Setting[]> {
  const rows = await sql.query<{ name: string; value: string }>(
    `SELECT name, value FROM setting WHERE ${sql.dialect.inTexts("name", "$1")}`,
    [JSON.stringify(NAMES)],
  );
  const values = new Map(rows.map(({ name, value }) => [name, Number(value)]));
  return NAMES.map((name) => ({
    name,
    value: values.get(name) ?? SETTINGS[name].default,
    default: SETTINGS[name].default,
    set: values.has(name),
    description: SETTINGS[name].description,
  }));
}

/** ms; null = for ever. */
export async function settingOf<Name extends SettingName>(
  sql: Sql,
  name: Name,
): Promise<number | (typeof SETTINGS)[Name]["default"]> {
  const [row] = await sql.query<{ value: string }>("SELECT value FROM setting WHERE name = $1", [name]);
  return row === undefined ? SETTINGS[name].default : Number(row.value);
}

/**
 * @param value ms; null = the default.
 * @throws WilcoError `invalid_request`: a name that is none, or less than its least.
 */
export async function changeSetting(
  { database, log }: Context,
  principal: Principal,
  name: string,
  value: number | null,
): Promise<Setting> {
  if (!Object.hasOwn(SETTINGS, name)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `There is no setting ${JSON.stringify(name)}`,
      hint: suggestion(name, NAMES, "Settings"),
    });
  }
  const { least } = SETTINGS[name as SettingName];
  if (value !== null && value < least) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${name} can't be ${formatDuration(value)}`,
      hint: `The shortest is ${formatDuration(least)}.`,
    });
  }
  const changed = await database.transaction(async (tx) => {
    await tx.query("DELETE FROM setting WHERE name = $1", [name]);
    if (value !== null) await tx.query("INSERT INTO setting (name, value) VALUES ($1, $2)", [name, String(value)]);
    return (await listSettings(tx)).find((one) => one.name === name)!;
  });
  log.info({ setting: name, value: formatDuration(changed.value ?? Infinity), by: principal.name }, "setting changed");
  return changed;
}
