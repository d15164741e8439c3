/** `wilco resources list` and `show` */
import { isJsonObject } from "../../core/json.ts";
import { formatInterval, OFF } from "../../domain/interval.ts";
import { parseSelector } from "../../domain/selector.ts";
import type { Resource } from "../../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Colours } from "../output/colours.ts";
import { printDocument, printList } from "../output/documents.ts";
import { formatCard, formatTable, type Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { availabilityText } from "../output/availability.ts";
import { readPages, type PageFlags } from "../pages.ts";
import { openRemote } from "../remote.ts";
import { findResources } from "../targets.ts";
import { operationColumns } from "./types.ts";

export async function listResources(context: Context, selector = "", flags: PageFlags = {}): Promise<number> {
  const parsed = parseSelector(selector);
  const { api } = await openRemote(context);
  const paged = flags.limit !== undefined || flags.cursor !== undefined;
  const resources = paged
    ? (await readPages(context, flags, (page) => api.resources({ ...page, ...(selector === "" ? {} : { selector }) })))
        .items
    : await findResources(api, selector, parsed);
  const empty =
    selector === "" ? "There are no resources yet; add some with: wilco apply FILE" : `Nothing matches ${selector}.`;
  await printList(context.output, resources, resourceColumns(context.output.paint), empty);
  return EXIT.succeeded;
}

export async function showResource(context: Context, name: string): Promise<number> {
  const { api } = await openRemote(context);
  const resource = await api.resource(name);
  const { output } = context;
  const type = output.format === "table" ? await api.type(resource.type) : undefined;
  await printDocument(output, resource, () => cardOf(resource, type, output.utc, output.paint, output.width));
  return EXIT.succeeded;
}

export function resourceColumns(colours: Colours): Array<Column<Resource>> {
  return [
    { title: "name", cell: (resource) => resource.name, least: 16 },
    { title: "type", cell: (resource) => resource.type, spare: 1 },
    {
      title: "availability",
      cell: (resource) => resource.availability,
      least: Infinity,
      paint: (text, { availability }) => text.replace(availability, availabilityText(availability, colours)),
    },
    { title: "zone", cell: (resource) => resource.zone, spare: 3 },
    { title: "worker", cell: (resource) => resource.worker ?? "–", spare: 2 },
    { title: "labels", cell: (resource) => labelsText(resource.labels), least: 12, spare: 4 },
    { title: "description", cell: (resource) => resource.description ?? "", least: 16, spare: 5 },
  ];
}

function cardOf(
  resource: Resource,
  type: ResourceTypeDescriptor | undefined,
  utc: boolean,
  colours: Colours,
  width: number,
): string {
  const fields: Array<readonly [string, string]> = [
    ["resource", colours.bold(resource.name)],
    ["id", String(resource.id)],
    ["type", resource.type],
    ["zone", resource.zone],
    ["worker", resource.worker ?? "any of its zone and role"],
    [
      "availability",
      `${availabilityText(resource.availability, colours)} (${formatTime(resource.availabilityAt, utc)})`,
    ],
  ];
  if (resource.availabilityReason !== null) fields.push(["because", resource.availabilityReason]);
  if (resource.availabilitySince !== null) fields.push(["since", formatTime(resource.availabilitySince, utc)]);
  fields.push(["checked", everyText(resource.checkEvery, type?.check === null ? null : type?.checkEvery)]);
  if (type?.operations["metrics"]) {
    fields.push(["metrics", everyText(resource.metricsEvery, type.metricsEvery)]);
  }
  if (resource.parent !== null) fields.push(["parent", resource.parent]);
  if (resource.description !== null) fields.push(["description", resource.description]);
  if (Object.keys(resource.labels).length > 0) fields.push(["labels", labelsText(resource.labels)]);
  for (const [key, value] of Object.entries(resource.connection)) {
    fields.push([
      `connection.${key}`,
      isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value),
    ]);
  }
  const operations = Object.values(type?.operations ?? {});
  return `${formatCard(fields, width)}\n${formatTable(operations, operationColumns(), width)}`;
}

function labelsText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function everyText(own: string | null, ofType: number | null | undefined): string {
  if (own !== null) return own === OFF ? "off" : `every ${own}`;
  return ofType ? `every ${formatInterval(ofType)}, as its type says` : "only when asked for";
}
