/** `wilco entry trace`: what happened to an entry and its tasks, on whichever machine, in one order. */
import type { Api } from "../../client/api.ts";
import { formatDuration } from "../../core/durations.ts";
import { isJsonObject } from "../../core/json.ts";
import type { Entry, EntryEvent } from "../../domain/entry.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseEntryId } from "../numbers.ts";
import { printList } from "../output/documents.ts";
import { describeWork } from "../output/entry-text.ts";
import type { Column } from "../output/table.ts";
import { formatClock } from "../output/times.ts";
import { readEvents } from "../read-events.ts";
import { openRemote } from "../remote.ts";
import { tasksOf } from "../tasks.ts";

/** As JSON. Durations are ms. */
interface TraceLine {
  at: string;
  entry: number;
  seq: number;
  /** put, queued, claimed, delivering (its first sign), delivered, requeued, silent, lost, canceling, ended … */
  step: string;
  attempt: number;
  worker: string | null;
  /** From becoming queued to the claim. */
  waited: number | null;
  /** From the claim to this. */
  ran: number | null;
  text: string;
}

export async function traceEntry(context: Context, idText: string): Promise<number> {
  const id = parseEntryId(idText);
  const { output } = context;
  const { api } = await openRemote(context);
  const entry = await api.entry(id);
  const family = [entry, ...(entry.tasks === null ? [] : await tasksOf(api, entry.id))];
  const lines: TraceLine[] = [];
  for (const one of family) lines.push(...(await linesOf(api, one)));
  lines.sort((a, b) => (a.at === b.at ? a.entry - b.entry || a.seq - b.seq : a.at < b.at ? -1 : 1));
  const parent = entry.parent === null ? "" : `, a task of entry ${entry.parent}`;
  output.notice(`Entry ${entry.id}${parent}: ${describeWork(entry)} on ${entry.route}, priority ${entry.priority}.`);
  await printList(output, lines, columnsOf(output.utc, family.length > 1), "It has no events.");
  return EXIT.succeeded;
}

async function linesOf(api: Api, entry: Entry): Promise<TraceLine[]> {
  const lines: TraceLine[] = [];
  let worker: string | null = null;
  let claimedAt: number | null = null;
  let begun = false;
  for (const event of await readEvents(api, entry.id)) {
    const { type, data, attempt } = event;
    if (type === "claimed") {
      worker = textOf(data["worker"]);
      claimedAt = Date.parse(event.at);
      begun = false;
    }
    const isSign = type === "output" || type === "progress" || type === "truncated";
    if (isSign && begun) continue;
    if (isSign) begun = true;
    const step = isSign ? "delivering" : stepOf(event);
    const past = step === "put" || step === "queued";
    lines.push({
      at: event.at,
      entry: entry.id,
      seq: event.seq,
      step,
      attempt,
      worker: past ? null : worker,
      waited: type === "claimed" && typeof data["waited"] === "number" ? data["waited"] : null,
      ran: past || type === "claimed" || claimedAt === null ? null : Date.parse(event.at) - claimedAt,
      text: isSign ? `first ${type}` : detailsOf(event, entry),
    });
    if (type === "requeued") {
      worker = null;
      claimedAt = null;
    }
  }
  return lines;
}

function stepOf({ type, data }: EntryEvent): string {
  if (type === "submitted") return "put";
  if (type === "cancel_requested") return "canceling";
  if (type !== "finished") return type;
  if (data["status"] === "lost") return "lost";
  return data["worker"] === undefined ? "ended" : "delivered";
}

function detailsOf({ type, data }: EntryEvent, entry: Entry): string {
  if (type === "submitted") {
    const retry = entry.retryOf === null ? "" : `, a retry of entry ${entry.retryOf}`;
    return `${textOf(data["status"]) ?? ""} on ${entry.route}, by ${entry.requestedBy}${retry}`;
  }
  if (type === "finished") {
    const error = data["error"];
    const message = isJsonObject(error) && typeof error["message"] === "string" ? `: ${error["message"]}` : "";
    return `${textOf(data["status"]) ?? ""}${message}`;
  }
  return Object.entries(data)
    .filter(([key, value]) => key !== "worker" && key !== "waited" && value !== null)
    .map(([key, value]) => (key === "reason" ? "" : `${key} `) + (textOf(value) ?? JSON.stringify(value)))
    .join(", ");
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function columnsOf(utc: boolean, many: boolean): Array<Column<TraceLine>> {
  const duration = (ms: number | null) => (ms === null ? "" : formatDuration(ms));
  return [
    { title: "time", cell: ({ at }) => formatClock(at, utc), least: Infinity },
    ...(many
      ? [{ title: "entry", cell: ({ entry }: TraceLine) => String(entry), align: "right" as const, least: Infinity }]
      : []),
    { title: "step", cell: ({ step }) => step, least: Infinity },
    { title: "try", cell: ({ attempt }) => (attempt === 0 ? "" : String(attempt)), align: "right", least: Infinity },
    { title: "worker", cell: ({ worker }) => worker ?? "", least: 8 },
    { title: "waited", cell: ({ waited }) => duration(waited), align: "right", least: Infinity },
    { title: "ran", cell: ({ ran }) => duration(ran), align: "right", least: Infinity },
    { title: "what", cell: ({ text }) => text, wrap: true, least: 20 },
  ];
}
