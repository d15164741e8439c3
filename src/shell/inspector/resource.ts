/** Resources: one as a card, many as a table. */
import type { ResourceData } from "../../sandbox/guest/value-description.ts";
import { field, renderCard, wordsField } from "./card.ts";
import { paintAvailability, type Paint } from "./paint.ts";
import { renderTable } from "./table.ts";
import { oneLine } from "./text.ts";

export interface ResourceOptions {
  width: number;
  paint: Paint;
}

export function renderResource(data: ResourceData, operations: readonly string[], options: ResourceOptions): string {
  const { width, paint } = options;
  const headline = [
    paint("bold", oneLine(data.name)),
    paint("dim", oneLine(data.type)),
    availability(data, paint),
  ].join("  ");
  return renderCard(
    headline,
    [
      field("id", String(data.id)),
      field("zone", data.zone),
      field("worker", data.worker),
      field("parent", data.parent),
      wordsField("labels", labelsOf(data), width),
      wordsField("operations", operations.toSorted(), width, { separator: ", " }),
    ],
    paint,
  );
}

export function renderResources(list: readonly ResourceData[], { width, paint }: ResourceOptions): string {
  return renderTable(
    list,
    [
      { title: "name", cell: (one) => one.name, paint: (text) => paint("bold", text), least: 12 },
      {
        title: "availability",
        cell: (one) => `● ${one.availability}`,
        paint: (text, one) => paintAvailability(paint, one.availability, text),
        least: 9,
      },
      { title: "type", cell: (one) => one.type },
      { title: "zone", cell: (one) => one.zone },
      { title: "worker", cell: (one) => one.worker ?? "" },
      { title: "parent", cell: (one) => one.parent ?? "" },
      { title: "labels", cell: (one) => labelsOf(one).join(" "), least: 12 },
    ],
    { width, paint },
  );
}

/** Inside another value: "web-1 (process, up)". */
export function resourceInline(data: ResourceData, paint: Paint): string {
  const state = paintAvailability(paint, data.availability, oneLine(data.availability));
  return `${paint("bold", oneLine(data.name))} (${oneLine(data.type)}, ${state})`;
}

function availability(data: ResourceData, paint: Paint): string {
  return paintAvailability(paint, data.availability, oneLine(`● ${data.availability}`));
}

function labelsOf(data: ResourceData): string[] {
  return Object.entries(data.labels).map(([key, value]) => `${key}=${value}`);
}
