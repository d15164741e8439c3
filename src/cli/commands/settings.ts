/** `wilco settings list` and `set` */
import { formatDuration, parseDuration } from "../../core/durations.ts";
import { SETTINGS, type Setting, type SettingName } from "../../domain/settings.ts";
import { agreeToRemove, type RemoveFlags } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { openRemote } from "../remote.ts";

export async function listSettings(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.settings();
  await printList(context.output, items, COLUMNS, "There are no settings.");
  return EXIT.succeeded;
}

/**
 * Asks before entries are deleted that are kept now: nothing brings them back.
 * @param text a duration, or "default"; "forever" where that is the default.
 */
export async function changeSetting(context: Context, name: string, text: string, flags: RemoveFlags): Promise<number> {
  const value = text === "default" || isForEver(name, text) ? null : parseDuration(text, name);
  const { api } = await openRemote(context);
  // What the server will refuse is not worth a question.
  if (name === "keep-history" && value !== null && value >= SETTINGS[name].least) {
    const now = (await api.settings()).items.find((one) => one.name === name)?.value ?? Infinity;
    const what = `what ended more than ${formatDuration(value)} ago`;
    const note = "Entries with their logs are deleted within the hour, and nothing brings them back.";
    if (value < now && !(await agreeToRemove(context, what, flags.yes, note))) return EXIT.wrongUse;
  }
  const setting = await api.changeSetting(name, value);
  const { output } = context;
  output.notice(`${setting.name} is ${shown(setting.value)}${setting.set ? "" : ", the default"}.`);
  if (output.format !== "table") await printDocument(output, setting, () => "");
  return EXIT.succeeded;
}

function isForEver(name: string, text: string): boolean {
  return text === "forever" && Object.hasOwn(SETTINGS, name) && SETTINGS[name as SettingName].default === null;
}

function shown(value: number | null): string {
  return formatDuration(value ?? Infinity);
}

const COLUMNS: Array<Column<Setting>> = [
  { title: "name", cell: ({ name }) => name, least: Infinity },
  { title: "value", cell: ({ value }) => shown(value), align: "right", least: Infinity },
  { title: "default", cell: (setting) => shown(setting.default), align: "right", spare: 1 },
  { title: "description", cell: ({ description }) => description, least: 16, wrap: true },
];
