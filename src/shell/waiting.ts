/** What a person sees while a line waits: one entry in a line, several as a list. */
import { formatDuration } from "../core/durations.ts";
import type { Entry } from "../domain/entry.ts";
import { isTerminal, type Status } from "../domain/status.ts";
import type { Known } from "./activity.ts";
import { paintStatus, type Paint } from "./inspector/paint.ts";
import { cut, oneLine } from "./inspector/text.ts";

export interface WaitingOptions {
  columns: number;
  /** Lines of the list, its summary included. */
  rows: number;
  paint: Paint;
  /** ms since 1970. */
  now: number;
}

/** How long an entry may be queued before it is said why. */
const WHY_AFTER = 3_000;
/** What is worth a line comes first. */
const ORDER: readonly Status[] = ["running", "canceling", "queued", "blocked", "scheduled"];

/** Lines of at most `columns` columns; none when nothing is waited for. */
export function waitingLines(all: readonly Known[], options: WaitingOptions): string[] {
  const open = all.filter(({ entry }) => !entry || !isTerminal(entry.status));
  const first = open[0];
  if (!first) return [];
  if (all.length === 1) return [waitingLine(first, options), ...whyLines([first], options)];
  const { columns, rows, paint, now } = options;
  const sorted = open.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  const most = Math.max(1, rows - 2);
  const lines = sorted.slice(0, open.length > most ? most - 1 : most).map((known) => waitingLine(known, options));
  if (lines.length < open.length) lines.push(paint("dim", cut(`… and ${open.length - lines.length} more`, columns)));
  return [paint("dim", cut(summary(all, now), columns)), ...lines, ...whyLines(open, options)];
}

/** "12 of 40 ended · 5 running, 23 queued · 14s" */
function summary(all: readonly Known[], now: number): string {
  const counts = new Map<string, number>();
  let begun = now;
  for (const { entry } of all) {
    if (!entry) continue;
    begun = Math.min(begun, Date.parse(entry.createdAt));
    if (!isTerminal(entry.status)) counts.set(entry.status, (counts.get(entry.status) ?? 0) + 1);
  }
  const ended = all.filter(({ entry }) => entry && isTerminal(entry.status)).length;
  const parts = ORDER.filter((status) => counts.has(status)).map((status) => `${counts.get(status)} ${status}`);
  return [`${ended} of ${all.length} ended`, parts.join(", "), elapsed(now - begun)]
    .filter((part) => part !== "")
    .join(" · ");
}

/** "web-1 restart · running · 12s · attempt 2 · 40/100 copying · last line of its output (entry 1042)" */
function waitingLine({ id, entry, lastOutput }: Known, { columns, paint, now }: WaitingOptions): string {
  if (!entry) return cut(`entry ${id} · being read`, columns);
  const target = entry.resource?.name ?? entry.targets;
  const subject = `${target === null ? "" : `${target} `}${entry.operation ?? entry.kind}`;
  const head = cut(`${oneLine(subject)} #${id}`, Math.max(8, columns - entry.status.length - 3));
  const details = [elapsed(now - Date.parse(entry.startedAt ?? entry.createdAt))];
  if (entry.attempt > 1) details.push(`attempt ${entry.attempt}`);
  const tasks = entry.tasks === null ? "" : tasksText(entry.tasks);
  if (tasks !== "") details.push(tasks);
  else if (entry.progress) details.push(progressText(entry.progress));
  if (lastOutput !== "") details.push(oneLine(lastOutput));
  const left = columns - [...head].length - entry.status.length - 3;
  const tail = cut(` · ${details.join(" · ")}`, Math.max(0, left));
  return `${head} · ${paintStatus(paint, entry.status)}${paint("dim", tail)}`;
}

/** "3 of 12 succeeded, 1 failed, 2 running" */
function tasksText(tasks: NonNullable<Entry["tasks"]>): string {
  const counts = Object.entries(tasks).filter(([status]) => status !== "succeeded");
  const total = Object.values(tasks).reduce((sum, count) => sum + count, 0);
  if (total === 0) return "";
  const others = counts.filter(([status]) => status !== "blocked").map(([status, count]) => `${count} ${status}`);
  return [`${tasks.succeeded ?? 0} of ${total} succeeded`, ...others].join(", ");
}

function progressText({ done, total, text }: NonNullable<Entry["progress"]>): string {
  return [total === null ? String(done) : `${done}/${total}`, oneLine(text ?? "")]
    .filter((part) => part !== "")
    .join(" ");
}

/** One sentence for those that have not begun for a while. */
function whyLines(open: readonly Known[], { columns, paint, now }: WaitingOptions): string[] {
  const late = lateOne(open, now);
  return late?.entry ? [paint("yellow", cut(`  ${whyOf(late.entry, late.why)}`, columns))] : [];
}

/** The one that is explained: the first that has not begun for a while. */
export function lateOne(open: readonly Known[], now: number): Known | undefined {
  return open.find(({ entry }) => entry && isLate(entry, now));
}

function isLate(entry: Entry, now: number): boolean {
  if (entry.status === "blocked" || entry.status === "scheduled") return true;
  return entry.status === "queued" && now - Date.parse(entry.queuedAt ?? entry.createdAt) >= WHY_AFTER;
}

/** The server's sentence; until it is there, what the entry itself tells. */
function whyOf(entry: Entry, why: Known["why"]): string {
  if (why?.lastEvent === entry.lastEvent) return sentence(oneLine(why.text), entry);
  if (entry.warning !== null) return sentence(oneLine(entry.warning), entry);
  if (entry.status === "scheduled") return `It starts at ${entry.deliverAt ?? "its time"}.`;
  if (entry.status === "blocked") {
    const ids = entry.after.map((one) => one.entry).join(", ");
    return ids === "" ? "It waits for another entry." : `It waits for entry ${ids}.`;
  }
  const busy = `the workers of ${entry.route} are busy`;
  return entry.exclusive && entry.resource
    ? `Another operation holds ${entry.resource.name}, or ${busy}.`
    : `It waits for its turn: ${busy}.`;
}

/** Its first letter is a capital, unless it begins with the name of the resource. */
function sentence(text: string, { resource }: Entry): string {
  const first = resource && text.startsWith(resource.name) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return `${first}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** Whole seconds: a line that is redrawn all the time is restless enough. */
function elapsed(ms: number): string {
  return ms < 1_000 ? "0s" : formatDuration(Math.floor(ms / 1_000) * 1_000);
}

function rank({ entry }: Known): number {
  const at = entry ? ORDER.indexOf(entry.status) : -1;
  return at < 0 ? ORDER.length : at;
}
