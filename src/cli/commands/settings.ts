/** `wilco settings list` and `set` */
import { formatDuration, parseDuration } from "../../core/durations.ts";
import type { Setting } from "../../domain/settings.ts";
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

/** @param text a duration, or "default". */
export async function changeSetting(context: Context, name: string, text: string): Promise<number> {
  const value = text === "default" ? null : parseDuration(text, name);
  const { api } = await openRemote(context);
  const setting = await api.changeSetting(name, value);
  const { output } = context;
  output.notice(`${setting.name} is ${formatDuration(setting.value)}${setting.set ? "" : ", the default"}.`);
  if (output.format !== "table") await printDocument(output, setting, () => "");
  return EXIT.succeeded;
}

const COLUMNS: Array<Column<Setting>> = [
  { title: "name", cell: ({ name }) => name, least: Infinity },
  { title: "value", cell: ({ value }) => formatDuration(value), align: "right", least: Infinity },
  { title: "default", cell: (setting) => formatDuration(setting.default), align: "right", spare: 1 },
  { title: "description", cell: ({ description }) => description, least: 16, wrap: true },
];
