/** `wilco history tree ID`: an entry with what it is a part of and what belongs to it. */
import type { Api } from "../../client/api.ts";
import type { Entry } from "../../domain/entry.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseEntryId } from "../numbers.ts";
import type { Colours } from "../output/colours.ts";
import { colourOfStatus } from "../output/colours.ts";
import { printDocument } from "../output/documents.ts";
import { describeElapsed, describeWork } from "../output/entry-text.ts";
import { sentence } from "../output/error-text.ts";
import { openRemote } from "../remote.ts";
import { tasksOf } from "../tasks.ts";

/** The JSON of `history tree`: an entry, with those that name it as their parent. */
type Branch = Entry & { children: Branch[] };

/** From the root that the entry belongs to in the end: a task's request, a call's script. */
export async function treeCommand(context: Context, idText: string): Promise<number> {
  const id = parseEntryId(idText);
  const { api } = await openRemote(context);
  const tree = await branchOf(api, await rootOf(api, id));
  const { output } = context;
  await printDocument(output, tree, () => linesOf(tree, id, output.paint).join("\n") + "\n");
  return EXIT.succeeded;
}

async function rootOf(api: Api, id: number): Promise<Entry> {
  let entry = await api.entry(id);
  while (entry.parent !== null) entry = await api.entry(entry.parent);
  return entry;
}

async function branchOf(api: Api, entry: Entry): Promise<Branch> {
  const children: Branch[] = [];
  // Nothing else is ever a parent.
  if (entry.kind === "request" || entry.kind === "script") {
    for (const child of await tasksOf(api, entry.id)) children.push(await branchOf(api, child));
  }
  return { ...entry, children };
}

function linesOf(branch: Branch, asked: number, colours: Colours, lead = "", rest = ""): string[] {
  const last = branch.children.length - 1;
  return [
    `${colours.dim(lead)}${lineOf(branch, asked, colours)}`,
    ...branch.children.flatMap((child, at) =>
      linesOf(child, asked, colours, `${rest}${at === last ? "└─ " : "├─ "}`, `${rest}${at === last ? "   " : "│  "}`),
    ),
  ];
}

/** "14 web-1 restart failed in 1.2s on w1, retry of 9: it exited with code 3" */
function lineOf(entry: Entry, asked: number, colours: Colours): string {
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
