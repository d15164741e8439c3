/** The colours of values. Node writes the escapes; nothing is loaded for it. */
import { styleText } from "node:util";
import { AVAILABILITIES, type Availability } from "../../domain/resource.ts";
import { STATUSES, type Status } from "../../domain/status.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta" | "blue";
export type Paint = (style: Style, text: string) => string;

export function createPaint(color: boolean): Paint {
  // Whether there is a terminal was decided by whoever gave `color`.
  return color
    ? (style, text) => (text === "" ? "" : styleText(style, text, { validateStream: false }))
    : (_, text) => text;
}

const OF_STATUS: Record<Status, Style> = {
  scheduled: "dim",
  blocked: "dim",
  queued: "dim",
  running: "cyan",
  canceling: "yellow",
  succeeded: "green",
  failed: "red",
  timed_out: "red",
  canceled: "yellow",
  lost: "red",
};
const OF_AVAILABILITY: Record<Availability, Style> = { up: "green", down: "red", unknown: "dim", disabled: "yellow" };

/** The status's colour on `text`, which may be the status padded or cut. A text that is none is left as it is. */
export function paintStatus(paint: Paint, status: string, text: string = status): string {
  return isStatus(status) ? paint(OF_STATUS[status], text) : text;
}

export function paintAvailability(paint: Paint, availability: string, text: string = availability): string {
  const known = AVAILABILITIES.find((one) => one === availability);
  return known ? paint(OF_AVAILABILITY[known], text) : text;
}

export function isStatus(text: string): text is Status {
  return (STATUSES as readonly string[]).includes(text);
}
