/** `wilco resources tree`: parents and children, with their availability. */
import type { Api } from "../../client/api.ts";
import type { Resource } from "../../domain/resource.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { availabilityText } from "../output/availability.ts";
import type { Colours } from "../output/colours.ts";
import { printDocument } from "../output/documents.ts";
import { openRemote } from "../remote.ts";
import { findResources } from "../targets.ts";

/** The JSON of `resources tree`. */
type Branch = Resource & { children: Branch[] };

/** @param name the resource to begin at; undefined = all that have no parent. */
export async function treeOfResources(context: Context, name: string | undefined): Promise<number> {
  const { api } = await openRemote(context);
  const { output } = context;
  if (name !== undefined) {
    const root = await branchOf(api, await api.resource(name));
    await printDocument(output, root, () => `${linesOf(root, output.paint).join("\n")}\n`);
    return EXIT.succeeded;
  }
  const roots = rootsOf(await findResources(api, ""));
  if (roots.length === 0 && output.format === "table") {
    output.notice("There are no resources yet; add some with: wilco apply FILE");
    return EXIT.succeeded;
  }
  await printDocument(output, roots, () => `${roots.flatMap((root) => linesOf(root, output.paint)).join("\n")}\n`);
  return EXIT.succeeded;
}

async function branchOf(api: Api, resource: Resource): Promise<Branch> {
  const children: Branch[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await api.resources({
      parent: String(resource.id),
      limit: 1_000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const child of page.items) children.push(await branchOf(api, child));
    cursor = page.next;
  }
  return { ...resource, children };
}

function rootsOf(resources: readonly Resource[]): Branch[] {
  const branches = new Map<string, Branch>(resources.map((one) => [one.name, { ...one, children: [] }]));
  const roots: Branch[] = [];
  for (const branch of branches.values()) {
    const parent = branch.parent === null ? undefined : branches.get(branch.parent);
    // A parent that was added after the page of its children was read is missing for this once.
    if (parent) parent.children.push(branch);
    else roots.push(branch);
  }
  return roots;
}

function linesOf(branch: Branch, colours: Colours, lead = "", rest = ""): string[] {
  const last = branch.children.length - 1;
  const { name, type, availability, zone, availabilityReason } = branch;
  const why = availability === "up" || availabilityReason === null ? "" : colours.dim(` (${availabilityReason})`);
  return [
    `${colours.dim(lead)}${colours.bold(name)} ${colours.dim(`${type}, ${zone}`)} ${availabilityText(availability, colours)}${why}`,
    ...branch.children.flatMap((child, at) =>
      linesOf(child, colours, `${rest}${at === last ? "└─ " : "├─ "}`, `${rest}${at === last ? "   " : "│  "}`),
    ),
  ];
}
