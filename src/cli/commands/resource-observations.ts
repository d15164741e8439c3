/** `wilco resources availability` and `metrics`: what was seen of a resource over time. */
import { Chart, drawChart } from "../../client/chart.ts";
import { formatDuration } from "../../core/durations.ts";
import type { AvailabilityChange, AvailabilityHistory } from "../../domain/availability.ts";
import type { MetricHistory, MetricSeries } from "../../domain/metrics.ts";
import { AVAILABILITIES } from "../../domain/resource.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseCount } from "../numbers.ts";
import { availabilityText } from "../output/availability.ts";
import { printDocument } from "../output/documents.ts";
import type { Output } from "../output/output.ts";
import { formatCard, formatTable, type Column } from "../output/table.ts";
import { formatTime, parsePast } from "../output/times.ts";
import { openRemote } from "../remote.ts";

const METRICS = "metrics";

export interface ObservationFlags {
  since?: string;
  until?: string;
}

export interface AvailabilityFlags extends ObservationFlags {
  limit?: string;
}

export interface MetricsFlags extends ObservationFlags {
  chart?: boolean;
}

export async function showAvailability(context: Context, name: string, flags: AvailabilityFlags): Promise<number> {
  const query = {
    ...rangeOf(flags),
    ...(flags.limit === undefined ? {} : { limit: parseCount(flags.limit, "--limit", 1_000) }),
  };
  const { api } = await openRemote(context);
  const history = await api.availability(name, query);
  const { output } = context;
  await printDocument(output, history, () => {
    const card = formatCard(summaryOf(history, output), output.width);
    if (history.changes.length === 0) return card;
    return `${card}\n${formatTable(history.changes, changeColumns(output), output.width)}`;
  });
  if (history.truncated) output.notice("There are older changes: give --limit, or an earlier --until.");
  return EXIT.succeeded;
}

/** @param metric default all. */
export async function showMetrics(
  context: Context,
  name: string,
  metric: string | undefined,
  flags: MetricsFlags,
): Promise<number> {
  const query = { ...rangeOf(flags), ...(metric === undefined ? {} : { name: metric }) };
  const { api } = await openRemote(context);
  const history = await api.metricHistory(name, query);
  const { output } = context;
  if (output.format === "table" && history.series.length === 0) {
    output.notice(await noneKept(history, metric, api, output.utc));
    return EXIT.succeeded;
  }
  await printDocument(output, history, () => (flags.chart === true ? charts(history, output) : table(history, output)));
  return EXIT.succeeded;
}

async function noneKept(
  { resource, since, until }: MetricHistory,
  metric: string | undefined,
  api: Awaited<ReturnType<typeof openRemote>>["api"],
  utc: boolean,
): Promise<string> {
  const type = await api.type((await api.resource(resource)).type);
  if (!Object.hasOwn(type.operations, METRICS)) {
    return `${resource} has no metrics: its type ${type.name} has no operation ${METRICS}.`;
  }
  const what = metric === undefined ? "No metrics" : `No ${metric}`;
  const when = since === until ? "in no time at all" : `from ${formatTime(since, utc)} to ${formatTime(until, utc)}`;
  return `${what} of ${resource} ${metric === undefined ? "were" : "was"} kept ${when}. wilco exec ${resource} ${METRICS} reads them now.`;
}

function rangeOf({ since, until }: ObservationFlags): { since?: string; until?: string } {
  return {
    ...(since === undefined ? {} : { since: timeOf(since, "--since") }),
    ...(until === undefined ? {} : { until: timeOf(until, "--until") }),
  };
}

/** "1h" as the server reads it, and all that other commands take. */
function timeOf(text: string, flag: string): string {
  return /^\d+(\.\d+)?(ms|s|m|h|d)/.test(text.trim()) ? text.trim() : parsePast(text, flag);
}

function summaryOf(history: AvailabilityHistory, { paint, utc }: Output): Array<readonly [string, string]> {
  const { resource, availability, since, until, times, upShare } = history;
  const spent = AVAILABILITIES.filter((one) => times[one] > 0).map((one) => `${one} ${formatDuration(times[one])}`);
  return [
    ["resource", paint.bold(resource)],
    ["availability", availabilityText(availability, paint)],
    ["from", `${formatTime(since, utc)} to ${formatTime(until, utc)}`],
    ["up", upShare === null ? "not known" : `${percent(upShare)} of the time that it was known`],
    ["in all", spent.length === 0 ? "no time: it was added later, or none was asked for" : spent.join(", ")],
  ];
}

/** 99.99 % is not 100 %. */
function percent(share: number): string {
  return `${Math.floor(share * 10_000) / 100}%`;
}

function changeColumns({ paint, utc }: Output): Array<Column<AvailabilityChange>> {
  return [
    { title: "at", cell: (change) => formatTime(change.at, utc), least: Infinity },
    {
      title: "availability",
      cell: (change) => change.availability,
      least: Infinity,
      paint: (text, { availability }) => text.replace(availability, availabilityText(availability, paint)),
    },
    { title: "entry", cell: (change) => String(change.entry ?? "–"), align: "right", least: Infinity },
    { title: "reason", cell: (change) => change.reason ?? "", least: 16, spare: 1 },
  ];
}

function table({ series }: MetricHistory, { width }: Output): string {
  const number = (title: string, key: "last" | "min" | "mean" | "max"): Column<MetricSeries> => ({
    title,
    cell: (one) => withUnit(one[key], one.unit),
    align: "right",
    least: Infinity,
  });
  const columns: Array<Column<MetricSeries>> = [
    { title: "metric", cell: (one) => one.name, least: Infinity },
    number("last", "last"),
    number("min", "min"),
    number("mean", "mean"),
    number("max", "max"),
    { title: "samples", cell: (one) => String(one.count), align: "right", least: Infinity, spare: 2 },
    { title: "description", cell: (one) => one.description ?? "", least: 16, spare: 1 },
  ];
  return formatTable(series, columns, width);
}

function charts({ series }: MetricHistory, { paint, width }: Output): string {
  return series
    .map((one) => {
      const points = one.points.map(({ at, value }) => ({ label: at, value }));
      const columns = Number.isFinite(width) ? width : 80;
      const drawn = drawChart(new Chart("sparkline", points), { width: columns });
      const [line = ""] = drawn.split("\n");
      const facts = (["min", "mean", "max", "last"] as const).map((key) => `${key} ${withUnit(one[key], one.unit)}`);
      return `${paint.bold(one.name)}${one.description === null ? "" : paint.dim(` ${one.description}`)}\n${line}\n${facts.join("  ")}\n`;
    })
    .join("\n");
}

const BYTE_UNITS = ["bytes", "KB", "MB", "GB", "TB"] as const;

function withUnit(value: number, unit: string | null): string {
  if (unit === "ms") return value < 1_000 ? `${short(value)}ms` : formatDuration(value);
  if (unit === "bytes") {
    const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
    return `${short(value / 1_024 ** power)} ${BYTE_UNITS[power]}`;
  }
  return `${short(value)}${unit === null ? "" : unit === "%" ? "%" : ` ${unit}`}`;
}

function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
