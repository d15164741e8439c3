/** `wilco history tree ID`: an entry with what it is a part of, what belongs to it, and what repeats it. */
import type { EntryNode } from "../../domain/entry-tree.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseEntryId } from "../numbers.ts";
import type { Colours } from "../output/colours.ts";
import { colourOfStatus } from "../output/colours.ts";
import { printDocument } from "../output/documents.ts";
import { describeElapsed, describeWork } from "../output/entry-text.ts";
import { sentence } from "../output/error-text.ts";
import { openRemote } from "../remote.ts";

/** From the root that the entry belongs to in the end: a task's request, a call's script, a retry's original. */
export async function treeCommand(context: Context, idText: string): Promise<number> {
  const id = parseEntryId(idText);
  const { api } = await openRemote(context);
  const tree = await api.tree(id);
  const { output } = context;
  await printDocument(output, tree, () => linesOf(tree, id, output.paint).join("\n") + "\n");
  if (tree.truncated) output.warn("There is more than can be shown: look at a part with wilco history --parent ID.");
  return EXIT.succeeded;
}

function linesOf(node: EntryNode, asked: number, colours: Colours, lead = "", rest = ""): string[] {
  const below = [...node.children, ...node.retries];
  const last = below.length - 1;
  return [
    `${colours.dim(lead)}${lineOf(node, asked, colours)}`,
    ...below.flatMap((child, at) =>
      linesOf(child, asked, colours, `${rest}${at === last ? "└─ " : "├─ "}`, `${rest}${at === last ? "   " : "│  "}`),
    ),
  ];
}

/** "14 web-1 restart failed in 1.2s on w1, retry of 9: it exited with code 3" */
function lineOf(entry: EntryNode, asked: number, colours: Colours): string {
  const head = `${entry.id} ${describeWork(entry)}`;
  const took = describeElapsed(entry);
  const parts = [
    `${entry.id === asked ? colours.bold(head) : head} ${colourOfStatus(colours, entry.status)}`,
    took === "" ? "" : ` in ${took}`,
    entry.worker === null ? "" : ` on ${entry.worker}`,
    entry.retryOf === null ? "" : `, retry of ${entry.retryOf}`,
    entry.error === null ? "" : `: ${sentence(entry.error.message)}`,
  ];
  return parts.join("");
}
