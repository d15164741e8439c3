/** `wilco entry why` */
import type { Why } from "../../domain/why.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseEntryId } from "../numbers.ts";
import { colourOfStatus } from "../output/colours.ts";
import { printDocument } from "../output/documents.ts";
import { sentence } from "../output/error-text.ts";
import { formatCard } from "../output/table.ts";
import { typedCommand } from "../reattach.ts";
import { openRemote } from "../remote.ts";

export async function whyEntry(context: Context, idText: string): Promise<number> {
  const id = parseEntryId(idText);
  const { api, connection } = await openRemote(context);
  const why = await api.why(id);
  await printDocument(context.output, why, () => chainOf(why).map(cardOf).join("\n"));
  return EXIT.succeeded;

  function cardOf(one: Why): string {
    const { paint, width } = context.output;
    const fields: Array<readonly [string, string]> = [
      ["entry", `${one.entry} ${one.subject}`],
      ["status", colourOfStatus(paint, one.status)],
      ["why", sentence(one.message)],
    ];
    if (one.hint !== null) fields.push(["to do", sentence(one.hint)]);
    // Commands are to be copied: each on a line of its own, and never broken.
    const card = formatCard(fields, width);
    return `${card}${one.commands.map((command) => `          ${paint.cyan(typedCommand(context, connection.url, command))}\n`).join("")}`;
  }
}

/** The entry, what it waits for, what that waits for … */
function chainOf(why: Why | null): Why[] {
  return why === null ? [] : [why, ...chainOf(why.because)];
}
