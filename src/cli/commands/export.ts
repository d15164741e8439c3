/** `wilco export [SELECTOR]`: the inventory as a file for `wilco apply`. */
import type { ExportAnswer } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printValue } from "../output/documents.ts";
import { openRemote } from "../remote.ts";

export async function exportCommand(context: Context, selector = ""): Promise<number> {
  const { api } = await openRemote(context);
  const answer = await api.exported(selector);
  const { output } = context;
  // A table of an inventory would be of no use: the file is what was asked for.
  if (output.format === "table" || output.format === "yaml") output.write(await inventoryYaml(answer));
  else await printValue(output, answer.document);
  for (const notice of answer.notices) output.notice(`${output.paintErr.yellow("note:")} ${notice}`);
  return EXIT.succeeded;
}

async function inventoryYaml({ document, secrets }: ExportAnswer): Promise<string> {
  const { Document, isScalar } = await import("yaml");
  const parts = Object.entries(document).filter(([, part]) => Object.keys(part).length > 0);
  if (parts.length === 0) return "# The inventory is empty.\n";
  const yaml = new Document(Object.fromEntries(parts), { aliasDuplicateObjects: false });
  for (const path of secrets) {
    const node = yaml.getIn(path, true);
    if (isScalar(node)) node.comment = " a secret, left out; apply keeps the stored one";
  }
  return yaml.toString({ lineWidth: 0 });
}
