/** Audit entries and executions: one as a card, many as a table. */
import { subjectOf } from "../../client/errors.ts";
import type { Entry } from "../../domain/entry.ts";
import { bar, field, renderCard, textField } from "./card.ts";
import { absoluteTime, elapsed, relativeTime } from "./moments.ts";
import { paintStatus, type Paint } from "./paint.ts";
import { renderTable } from "./table.ts";
import { cut, oneLine, safeLines } from "./text.ts";

export interface EntryOptions {
  width: number;
  paint: Paint;
  utc: boolean;
  now: number;
}

/** What an execution shows of itself; the entry has more. */
export interface ExecutionData {
  subject: string;
  id: number | null;
  status: string | null;
  location: string | null;
}

/** @param lastOutput the last lines that the operation wrote, when they are known. */
export function renderEntry(entry: Entry, options: EntryOptions, lastOutput = ""): string {
  const { width, paint, utc, now } = options;
  const took = elapsed(entry, now);
  const headline = [
    paint("bold", `entry ${entry.id}`),
    oneLine(subjectOf(entry)),
    paintStatus(paint, entry.status) + (took === "" ? "" : paint("dim", ` ${entry.finishedAt ? "in" : "for"} ${took}`)),
  ].join("  ");
  const moment = (iso: string | null): string =>
    iso === null ? "" : `${absoluteTime(iso, utc)} (${relativeTime(iso, now)})`;
  const json = (value: unknown): string => (value === null ? "" : cut(JSON.stringify(value), Math.max(width * 3, 200)));
  const { error, progress } = entry;
  const output = lastOutput === "" ? [] : bar(safeLines(lastOutput), paint, "");
  const card = renderCard(
    headline,
    [
      field("kind", entry.kind === "operation" ? "" : entry.kind),
      field("parameters", Object.keys(entry.parameters).length === 0 ? "" : json(entry.parameters)),
      textField("created", `${moment(entry.createdAt)} by ${entry.requestedBy}`, width),
      field("due", entry.startedAt === null ? moment(entry.deliverAt) : ""),
      field("started", moment(entry.startedAt)),
      field("finished", moment(entry.finishedAt)),
      field("worker", entry.worker ?? (entry.startedAt === null ? `(route ${entry.route})` : "")),
      field("attempt", entry.attempt > 1 ? String(entry.attempt) : ""),
      field("parent", entry.parent === null ? "" : `entry ${entry.parent}`),
      field("retry of", entry.retryOf === null ? "" : `entry ${entry.retryOf}`),
      field("after", entry.after.map((one) => `entry ${one.entry} (${one.on})`).join(", ")),
      textField("note", entry.note, width),
      field("progress", progress && progressOf(progress)),
      field("tasks", entry.tasks && tasksOf(entry.tasks)),
      textField("warning", entry.warning, width, (text) => paint("yellow", text)),
      textField("error", error && `${error.message} (${error.code}, ${error.source})`, width, (text) =>
        paint("red", text),
      ),
      textField("what to do", error?.hint, width),
      field("result", json(entry.result)),
      { name: "last output", lines: output },
    ],
    paint,
  );
  return card;
}

export function renderEntries(entries: readonly Entry[], { width, paint, now }: EntryOptions): string {
  return renderTable(
    entries,
    [
      { title: "id", cell: (entry) => String(entry.id), align: "right", least: 12 },
      {
        title: "status",
        cell: (entry) => entry.status,
        paint: (text, entry) => paintStatus(paint, entry.status, text),
        least: 9,
      },
      { title: "what", cell: subjectOf, least: 12 },
      { title: "created", cell: (entry) => relativeTime(entry.createdAt, now), least: 10 },
      { title: "took", cell: (entry) => elapsed(entry, now), align: "right", least: 6 },
      { title: "why", cell: whyOf, paint: (text, entry) => paint(entry.error ? "red" : "dim", text), least: 12 },
      { title: "by", cell: (entry) => entry.requestedBy, least: 6 },
      { title: "worker", cell: (entry) => entry.worker ?? "" },
    ],
    { width, paint },
  );
}

/** Inside another value: "entry 14 (web-1 restart, failed)". */
export function entryInline(entry: Entry, paint: Paint): string {
  return `entry ${entry.id} (${oneLine(subjectOf(entry))}, ${paintStatus(paint, entry.status)})`;
}

export function renderExecution(execution: ExecutionData, paint: Paint): string {
  const { location } = execution;
  return executionInline(execution, paint) + (location === null ? "" : paint("dim", `  ${oneLine(location)}`));
}

export function executionInline({ subject, id, status }: ExecutionData, paint: Paint): string {
  const filed = id === null ? "being filed" : `entry ${id}`;
  return `${paint("bold", oneLine(subject))} (${filed}${status === null ? "" : `, ${paintStatus(paint, status)}`})`;
}

export function renderExecutions(executions: readonly ExecutionData[], width: number, paint: Paint): string {
  return renderTable(
    executions,
    [
      { title: "execution", cell: (one) => one.subject, least: 12 },
      { title: "entry", cell: (one) => (one.id === null ? "–" : String(one.id)), align: "right" },
      {
        title: "status",
        cell: (one) => one.status ?? "being filed",
        paint: (text, one) => paintStatus(paint, one.status ?? "", text),
        least: 9,
      },
      { title: "line", cell: (one) => one.location ?? "" },
    ],
    { width, paint },
  );
}

function whyOf(entry: Entry): string {
  if (entry.error) return entry.error.message;
  return entry.warning ?? (entry.progress && entry.finishedAt === null ? progressOf(entry.progress) : entry.note) ?? "";
}

function progressOf({ done, total, text }: NonNullable<Entry["progress"]>): string {
  const share = total === null ? String(done) : `${done} of ${total}`;
  return text === null || text === "" ? share : `${share}: ${text}`;
}

function tasksOf(tasks: NonNullable<Entry["tasks"]>): string {
  return Object.entries(tasks)
    .map(([status, count]) => `${count} ${status}`)
    .join(", ");
}
