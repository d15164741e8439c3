/** `wilco apply FILE` */
import type { PlanChange } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { readInventory } from "../inventory-file.ts";
import { printDocument } from "../output/documents.ts";
import type { Output } from "../output/output.ts";
import { openRemote } from "../remote.ts";

export interface ApplyFlags {
  dryRun?: boolean;
}

const NOTICES_SHOWN = 3;

export async function applyCommand(context: Context, file: string, flags: ApplyFlags): Promise<number> {
  const document = await readInventory(context, file);
  const { api, connection } = await openRemote(context);
  const answer = await api.apply({ ...document, dryRun: flags.dryRun === true });
  const { output } = context;
  await printDocument(output, answer, () => answer.changes.map((change) => describeChange(change, output)).join(""));
  for (const notice of answer.notices.slice(0, NOTICES_SHOWN))
    output.notice(`${output.paintErr.yellow("note:")} ${notice}`);
  const more = answer.notices.length - NOTICES_SHOWN;
  if (more > 0) output.notice(`${output.paintErr.yellow("note:")} … and ${more} more like these (all with --json)`);
  output.notice(summary(answer.changes, answer.applied, connection.url));
  return EXIT.succeeded;
}

function describeChange(change: PlanChange, { paint }: Output): string {
  const name = `${change.what} ${change.name}`;
  switch (change.action) {
    case "add":
      return `${paint.green("+")} ${name}\n`;
    case "change":
      return `${paint.yellow("~")} ${name} (${change.keys.join(", ")})\n`;
    case "same":
      return `${paint.dim(`  ${name}`)}\n`;
  }
}

function summary(changes: readonly PlanChange[], applied: boolean, url: string): string {
  const count = (action: PlanChange["action"]) => changes.filter((change) => change.action === action).length;
  const what = `${count("add")} to add, ${count("change")} to change, ${count("same")} the same`;
  return applied
    ? `Applied to ${url}: ${count("add")} added, ${count("change")} changed, ${count("same")} the same.`
    : `Nothing was applied to ${url} (--dry-run): ${what}.`;
}
