/**
 * JUnit XML as Ant's schema has it, which is the strictest of those in use: every attribute that some parser wants is
 * there, and nothing that another one refuses. Only what succeeded is a passed test: JUnit's "skipped" counts as fine.
 */
import { hostname } from "node:os";
import { describeStatus, type Report, type ReportCase } from "./report.ts";

export function junitXml(report: Report): string {
  const { cases, title } = report;
  const failures = cases.filter(isFailure).length;
  const errors = cases.filter((one) => one.status !== "succeeded" && !isFailure(one)).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}"`;
  const seconds = report.seconds.toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite id="0" name=${quoted(title)} package="wilco" hostname=${quoted(hostname() || "localhost")} ` +
      `timestamp="${report.startedAt.toISOString().slice(0, 19)}" ${counts} skipped="0" time="${seconds}">`,
    "    <properties>",
    `      <property name="server" value=${quoted(report.server)}/>`,
    "    </properties>",
    ...cases.map(testCase),
    "    <system-out/>",
    "    <system-err/>",
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** The work failed; everything else that did not succeed is an error in JUnit's words. */
function isFailure({ status, error }: ReportCase): boolean {
  return (status === "failed" || status === "timed_out") && error?.source !== "system";
}

function testCase(one: ReportCase): string {
  const head = `    <testcase name=${quoted(one.name)} classname=${quoted(one.operation)} time="${one.seconds.toFixed(3)}"`;
  if (one.status === "succeeded") return `${head}/>`;
  const element = isFailure(one) ? "failure" : "error";
  const message = one.error?.message ?? describeStatus(one.status);
  const text = [
    `${describeStatus(one.status)}: ${message}`,
    ...(one.error?.hint === undefined ? [] : [one.error.hint]),
    ...(one.entry === null ? [] : [`wilco entry show ${one.entry}`]),
    ...(one.lastLines.length === 0 ? [] : ["", "The end of its output:", ...one.lastLines]),
  ].join("\n");
  const type = quoted(one.error?.code ?? one.status);
  return `${head}>\n      <${element} message=${quoted(message)} type=${type}>${escaped(text)}</${element}>\n    </testcase>`;
}

function quoted(text: string): string {
  // A line break in an attribute is read as a space unless it is written as a character of its own.
  return `"${escaped(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`;
}

/** XML 1.0 has no control characters and no halves of surrogate pairs, not even escaped. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("\r", "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
