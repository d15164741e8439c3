/** GitHub Actions: annotations, which are commands in the log, and the summary of the step, which is Markdown in a file. */
import { formatDuration } from "../../core/durations.ts";
import { describeCases, describeStatus, type Report, type ReportCase } from "./report.ts";

/** GitHub shows ten of each kind a step, and drops the others without a word. */
const ANNOTATIONS = 10;
/** Rows of the table: GitHub takes a megabyte. */
const ROWS = 500;
const LONGEST_MESSAGE = 500;

/** Lines for the log, each a command; empty when all succeeded. */
export function githubAnnotations({ title, cases }: Report): string[] {
  const failed = cases.filter(({ status }) => status !== "succeeded");
  const shown = failed.length > ANNOTATIONS ? failed.slice(0, ANNOTATIONS - 1) : failed;
  const lines = shown.map((one) => annotation(one));
  const more = failed.length - shown.length;
  if (more > 0) lines.push(`::error title=${property(title)}::${data(`${more} more did not succeed`)}`);
  return lines;
}

function annotation(one: ReportCase): string {
  const place = one.place ? `file=${property(one.place.file)},line=${one.place.line},col=${one.place.column},` : "";
  const named = one.entry === null ? one.name : `${one.name} ${one.operation}`;
  const text = [
    one.error?.message ?? describeStatus(one.status),
    ...(one.error?.hint === undefined ? [] : [one.error.hint]),
    ...(one.entry === null ? [] : [`wilco entry show ${one.entry}`]),
    ...(one.lastLines.length === 0 ? [] : ["", ...one.lastLines.slice(-5)]),
  ].join("\n");
  return `::error ${place}title=${property(`${named} ${describeStatus(one.status)}`)}::${data(text)}`;
}

export function githubSummary(report: Report): string {
  const { cases } = report;
  // Those that people look for come first.
  const ordered = cases.toSorted((a, b) => Number(a.status === "succeeded") - Number(b.status === "succeeded"));
  const rows = ordered.slice(0, ROWS).map((one) => {
    const message = one.error ? shortened(one.error.message) : "";
    const mark = one.status === "succeeded" ? "✅" : one.status === "canceled" || one.status === "open" ? "⚠️" : "❌";
    const entry = one.entry === null ? "" : String(one.entry);
    const cells = [`${mark} ${describeStatus(one.status)}`, one.name, one.operation, took(one.seconds), entry, message];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  const left = cases.length - rows.length;
  return [
    `### ${cell(`wilco ${report.title}`)}`,
    "",
    `${cell(describeCases(cases))} in ${took(report.seconds)}.`,
    "",
    "| | resource | operation | took | entry | error |",
    "| --- | --- | --- | ---: | ---: | --- |",
    ...rows,
    ...(left > 0 ? ["", `… and ${left} more that succeeded or failed; \`wilco history\` has them all.`] : []),
    "",
    "",
  ].join("\n");
}

function took(seconds: number): string {
  return formatDuration(Math.round(seconds * 1_000));
}

function shortened(text: string): string {
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;
}

/** Text in a cell: neither markup nor another cell. */
function cell(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~$@]/g, "\\$&")
    .trim();
}

/** As GitHub's own toolkit escapes them. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
