/** Charts of entries and numbers: data first, drawn as text by whoever shows it. Pure, so that it runs in the sandbox. */
import { formatDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Entry } from "../domain/entry.ts";
import { STATUSES } from "../domain/status.ts";

export interface ChartPoint {
  label: string;
  value: number;
}

/** "bars": a line for each point. "sparkline": one line for all of them. */
export type ChartStyle = "bars" | "sparkline";

export interface DrawOptions {
  /** Columns it may take. */
  width: number;
  /** Columns that a text takes. Default: its characters. */
  widthOf?: (text: string) => number;
  /** A label, cut to so many columns. Default: by characters. */
  cut?: (text: string, width: number) => string;
  /** Colours a bar or line. */
  paint?: (text: string, point: ChartPoint | undefined) => string;
}

/** What a chart of entries counts: "took" shows how long each took, from the oldest to the newest. */
export const CHART_SUBJECTS = ["status", "time", "took", "operation", "resource"] as const;
export type ChartSubject = (typeof CHART_SUBJECTS)[number];

const TEXT_WIDTH = 80;
/** Bars, or columns of a line, at most. */
const MAX_BARS = 40;
const MOST_LABEL = 24;
const TIME_BUCKETS = 12;
const BLOCKS = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"] as const;
const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
/** Whole units, so that buckets begin at times that people know, in ms. */
const STEPS = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400].map((s) => s * 1_000);

/** Printed, it is drawn; in a shell, as wide as the terminal. */
export class Chart {
  readonly style: ChartStyle;
  readonly points: readonly ChartPoint[];

  constructor(style: ChartStyle, points: readonly ChartPoint[]) {
    this.style = style;
    this.points = points;
  }

  /** Drawn for 80 columns. */
  toString(): string {
    return drawChart(this, { width: TEXT_WIDTH });
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** @throws WilcoError `invalid_request` for anything but a list of numbers. */
export function chartOfNumbers(values: unknown): Chart {
  const list = isIterable(values) ? [...values] : [values];
  const points = list.map((value, index) => {
    if (typeof value === "number" && Number.isFinite(value)) return { label: String(index), value };
    throw new WilcoError({
      code: "invalid_request",
      message: `chart() draws numbers, and item ${index} is none`,
      hint: "Write chart([3, 1, 4]); lists from history.find() have a chart() of their own.",
    });
  });
  return new Chart("sparkline", points);
}

/** @throws WilcoError `invalid_request` for an unknown subject. */
export function chartOfEntries(entries: readonly Entry[], subject: ChartSubject = "status"): Chart {
  switch (subject) {
    case "status":
      return bars(count(entries, (entry) => entry.status).toSorted((a, b) => orderOf(a.label) - orderOf(b.label)));
    case "operation":
      return bars(byValue(count(entries, (entry) => entry.operation ?? entry.kind)));
    case "resource":
      return bars(byValue(count(entries, (entry) => entry.resource?.name ?? "–")));
    case "time":
      return bars(overTime(entries));
    case "took":
      return new Chart("sparkline", durations(entries));
    default:
      throw new WilcoError({
        code: "invalid_request",
        message: `Entries have no chart of ${JSON.stringify(subject)}`,
        hint: suggestion(String(subject), CHART_SUBJECTS, "There are"),
      });
  }
}

/** As text without a line break at its end. */
export function drawChart(chart: { style: ChartStyle; points: readonly ChartPoint[] }, options: DrawOptions): string {
  if (chart.points.length === 0) return "(nothing to draw)";
  return chart.style === "bars" ? drawBars(chart.points, options) : drawSparkline(chart.points, options);
}

function drawBars(points: readonly ChartPoint[], options: DrawOptions): string {
  const { width, widthOf = charactersOf, cut = cutCharacters, paint = (text) => text } = options;
  const shown = points.slice(0, MAX_BARS);
  const labelWidth = Math.min(MOST_LABEL, Math.floor(width / 2), Math.max(...shown.map(({ label }) => widthOf(label))));
  const numbers = shown.map(({ value }) => numberText(value));
  const numberWidth = Math.max(...numbers.map((text) => text.length));
  const room = Math.max(1, Math.min(width, 120) - labelWidth - numberWidth - 4);
  const most = Math.max(...shown.map(({ value }) => value), 0);
  const lines = shown.map((point, at) => {
    const label = cut(point.label, labelWidth);
    const space = " ".repeat(labelWidth - widthOf(label));
    return `${label}${space}  ${numbers[at]!.padStart(numberWidth)}  ${paint(barOf(point.value, most, room), point)}`.trimEnd();
  });
  if (points.length > shown.length) lines.push(`… ${points.length - shown.length} more`);
  return lines.join("\n");
}

/** In eighths of a column: what is not nothing is seen. */
function barOf(value: number, most: number, room: number): string {
  if (value <= 0 || most <= 0) return "";
  const eighths = Math.max(1, Math.round((value / most) * room * BLOCKS.length));
  const rest = eighths % BLOCKS.length;
  return BLOCKS.at(-1)!.repeat(Math.floor(eighths / BLOCKS.length)) + (rest === 0 ? "" : BLOCKS[rest - 1]!);
}

/** More points than columns: a column is the mean of its points. */
function drawSparkline(points: readonly ChartPoint[], { width, paint = (text) => text }: DrawOptions): string {
  const columns = Math.max(1, Math.min(points.length, Math.min(width, 120)));
  const values = Array.from({ length: columns }, (_, at) => {
    const from = Math.floor((at * points.length) / columns);
    const part = points.slice(from, Math.max(from + 1, Math.floor(((at + 1) * points.length) / columns)));
    return part.reduce((sum, { value }) => sum + value, 0) / part.length;
  });
  const all = points.map(({ value }) => value);
  const least = all.reduce((a, b) => Math.min(a, b), Infinity);
  const most = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const line = values
    .map((value) => LEVELS[most === least ? 0 : Math.round(((value - least) / (most - least)) * (LEVELS.length - 1))]!)
    .join("");
  const facts = `min ${numberText(least)}  mean ${numberText(mean)}  max ${numberText(most)}`;
  return `${paint(line, undefined)}\n${facts}  (${points.length} ${points.length === 1 ? "value" : "values"})`;
}

function bars(points: ChartPoint[]): Chart {
  return new Chart("bars", points);
}

function count(entries: readonly Entry[], labelOf: (entry: Entry) => string): ChartPoint[] {
  const counts = new Map<string, number>();
  for (const entry of entries) counts.set(labelOf(entry), (counts.get(labelOf(entry)) ?? 0) + 1);
  return [...counts].map(([label, value]) => ({ label, value }));
}

function byValue(points: ChartPoint[]): ChartPoint[] {
  return points.toSorted((a, b) => b.value - a.value || (a.label < b.label ? -1 : 1));
}

function orderOf(status: string): number {
  return (STATUSES as readonly string[]).indexOf(status);
}

/** Buckets of equal length from the oldest to the newest, empty ones included; labels are UTC. */
function overTime(entries: readonly Entry[]): ChartPoint[] {
  const times = entries.map((entry) => Date.parse(entry.createdAt)).filter((time) => !Number.isNaN(time));
  if (times.length === 0) return [];
  const first = times.reduce((a, b) => Math.min(a, b), Infinity);
  const last = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const day = STEPS.at(-1)!;
  const wanted = (last - first) / TIME_BUCKETS;
  const step = STEPS.find((one) => one >= wanted) ?? Math.ceil(wanted / day) * day;
  const start = Math.floor(first / step) * step;
  const counts = Array.from({ length: Math.floor((last - start) / step) + 1 }, () => 0);
  for (const time of times) counts[Math.floor((time - start) / step)]! += 1;
  const sameDay = Math.floor(first / day) === Math.floor(last / day);
  return counts.map((value, at) => ({ label: timeLabel(start + at * step, step, sameDay), value }));
}

function timeLabel(time: number, step: number, sameDay: boolean): string {
  const iso = new Date(time).toISOString();
  if (step >= STEPS.at(-1)!) return iso.slice(0, 10);
  const clock = iso.slice(11, step < 60_000 ? 19 : 16);
  return `${sameDay ? "" : `${iso.slice(5, 10)} `}${clock}Z`;
}

/** Seconds from start to end, oldest first; what has not ended is left out. */
function durations(entries: readonly Entry[]): ChartPoint[] {
  return entries
    .flatMap((entry) => {
      if (entry.startedAt === null || entry.finishedAt === null) return [];
      const ms = Date.parse(entry.finishedAt) - Date.parse(entry.startedAt);
      return [{ id: entry.id, label: formatDuration(ms), value: ms / 1_000 }];
    })
    .toSorted((a, b) => a.id - b.id)
    .map(({ label, value }) => ({ label, value }));
}

function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function charactersOf(text: string): number {
  return [...text].length;
}

function cutCharacters(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
