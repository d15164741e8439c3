/** Entries and events as people read them. */
import { formatDuration } from "../../core/durations.ts";
import { isJsonObject } from "../../core/json.ts";
import type { Entry, EntryEvent } from "../../domain/entry.ts";
import { isTerminal } from "../../domain/status.ts";
import { colourOfStatus, type Colours } from "./colours.ts";
import { sentence } from "./error-text.ts";
import type { Column } from "./table.ts";
import { formatClock, formatTime } from "./times.ts";

/** "web-1 restart", or the operation alone for an entry without a resource. */
export function describeWork(entry: Entry): string {
  const what = operationOf(entry);
  if (entry.targets !== null) return `${entry.targets} ${what}`;
  return entry.resource ? `${entry.resource.name} ${what}` : what;
}

/** Scripts are told apart by their files: each is a "run". */
function operationOf({ kind, operation, parameters }: Entry): string {
  if (kind === "script") return `script ${parameters["file"] as string}`;
  return operation ?? kind;
}

/** From its start to its end, or to now. "" before its start. */
export function describeElapsed(entry: Entry, now = Date.now()): string {
  if (entry.startedAt === null) return "";
  const end = entry.finishedAt === null ? now : Date.parse(entry.finishedAt);
  return formatDuration(end - Date.parse(entry.startedAt));
}

export function entryColumns(utc: boolean, colours: Colours): Array<Column<Entry>> {
  return [
    { title: "id", cell: (entry) => String(entry.id), align: "right", least: Infinity },
    {
      title: "status",
      cell: (entry) => entry.status,
      least: Infinity,
      paint: (text, entry) => text.replace(entry.status, colourOfStatus(colours, entry.status)),
    },
    { title: "resource", cell: (entry) => entry.resource?.name ?? entry.targets ?? "–", least: 12 },
    { title: "operation", cell: operationOf, least: 9 },
    { title: "by", cell: (entry) => entry.requestedBy, spare: 5 },
    { title: "created", cell: (entry) => formatTime(entry.createdAt, utc), least: Infinity, spare: 1 },
    { title: "took", cell: (entry) => describeElapsed(entry), align: "right", least: Infinity, spare: 2 },
    { title: "worker", cell: (entry) => entry.worker ?? "–", spare: 4 },
    { title: "note", cell: (entry) => entry.error?.message ?? entry.warning ?? entry.note ?? "", least: 16, spare: 3 },
  ];
}

/** The tasks of a request, in their order. */
export function taskColumns(colours: Colours): Array<Column<Entry>> {
  const wanted = ["id", "status", "resource", "took", "worker", "note"];
  return entryColumns(false, colours).flatMap((column) =>
    !wanted.includes(column.title) ? [] : [column.title === "id" ? { ...column, title: "task" } : column],
  );
}

/** What follows "entry 17: web-1 restart" when it does not start at once. @param scheduled a time was asked for. */
export function describeStart(entry: Entry, scheduled: boolean, utc: boolean): string {
  const due = scheduled ? `, due ${formatTime(entry.deliverAt, utc)}` : "";
  return entry.after.length === 0 ? due : `${due}, after ${describeDependencies(entry)}`;
}

function describeDependencies({ after }: Entry): string {
  return after.map((one) => `entry ${one.entry} (${one.on})`).join(", ");
}

/** The fields of `entry show`; what is empty is left out. */
export function entryFields(entry: Entry, utc: boolean, colours: Colours): Array<readonly [string, string]> {
  const fields: Array<readonly [string, string]> = [
    ["entry", String(entry.id)],
    ["status", colourOfStatus(colours, entry.status)],
    ["kind", entry.kind],
  ];
  const add = (name: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined && value !== "") fields.push([name, value]);
  };
  add("resource", entry.resource && `${entry.resource.name} (${entry.resource.type}, id ${entry.resource.id})`);
  add("targets", entry.targets);
  add("operation", entry.operation);
  if (Object.keys(entry.parameters).length > 0) add("parameters", JSON.stringify(entry.parameters));
  add("requested by", entry.requestedBy);
  add("note", entry.note);
  add("route", entry.route);
  add("worker", entry.worker);
  add("attempt", entry.attempt > 1 ? String(entry.attempt) : "");
  add("priority", String(entry.priority));
  add("parent", entry.parent === null ? null : String(entry.parent));
  add("retry of", entry.retryOf === null ? null : String(entry.retryOf));
  add("after", describeDependencies(entry));
  add("created", formatTime(entry.createdAt, utc));
  add("due", entry.deliverAt && formatTime(entry.deliverAt, utc));
  add("started", entry.startedAt && formatTime(entry.startedAt, utc));
  add("finished", entry.finishedAt && formatTime(entry.finishedAt, utc));
  add("took", describeElapsed(entry));
  add("progress", entry.progress && describeProgress(entry));
  add("warning", entry.warning && colours.yellow(entry.warning));
  add("error", entry.error && colours.red(`${entry.error.message} (${entry.error.code}, ${entry.error.source})`));
  add("what to do", entry.error?.hint);
  // Of a request it is what its tasks say, and thousands of them would be one line.
  add("result", entry.result === null || entry.kind === "request" ? null : JSON.stringify(entry.result));
  add(
    "tasks",
    entry.tasks &&
      Object.entries(entry.tasks)
        .map(([status, count]) => `${count} ${status}`)
        .join(", "),
  );
  return fields;
}

export function describeProgress(entry: Entry): string {
  if (entry.progress === null) return "";
  const { done, total, text } = entry.progress;
  return [total === null ? String(done) : `${done}/${total}`, text ?? ""].filter((part) => part !== "").join(" ");
}

/** "18:37:05.123   3  claimed   worker=local" */
export function formatEvent(event: EntryEvent, utc: boolean): string {
  return `${formatClock(event.at, utc)}  ${String(event.seq).padStart(3)}  ${event.type.padEnd(16)}  ${describeEventData(event)}`.trimEnd();
}

function describeEventData(event: EntryEvent): string {
  if (event.type === "output") {
    const text = typeof event.data["text"] === "string" ? event.data["text"] : "(bytes)";
    return `${event.data["stream"] === "stderr" ? "stderr" : "stdout"}: ${JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)}`;
  }
  return Object.entries(event.data)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${describeValue(value)}`)
    .join("  ");
}

/** An error as its sentence and code: its other parts are the entry's, which shows them. */
function describeValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (isJsonObject(value) && typeof value["message"] === "string" && typeof value["code"] === "string")
    return `${value["message"]} (${value["code"]})`;
  return JSON.stringify(value);
}

/** "web-1 restart succeeded in 1.2s (entry 14)" */
export function endedLine(colours: Colours, entry: Entry): string {
  const took = describeElapsed(entry);
  const why = entry.error ? `: ${sentence(entry.error.message)}` : "";
  return `${describeWork(entry)} ${colourOfStatus(colours, entry.status)}${took === "" ? "" : ` in ${took}`} ${colours.dim(`(entry ${entry.id})`)}${why}`;
}

/** What the live line says of entries that are being waited for. */
export function describeWait(entries: readonly Entry[], since: number, lastOutput: string): string {
  const elapsed = formatDuration(Math.floor((Date.now() - since) / 1_000) * 1_000).replace("0ms", "0s");
  if (entries.length === 1) {
    const entry = entries[0]!;
    const parts = [`${describeWork(entry)}: ${entry.status}`, elapsed];
    if (entry.attempt > 1) parts.push(`attempt ${entry.attempt}`);
    if (entry.progress) parts.push(describeProgress(entry));
    if (lastOutput !== "") parts.push(lastOutput);
    return parts.join(" · ");
  }
  const ended = entries.filter((entry) => isTerminal(entry.status)).length;
  const running = entries.filter((entry) => entry.status === "running" || entry.status === "canceling").length;
  return `${ended} of ${entries.length} ended, ${running} running · ${elapsed}`;
}
