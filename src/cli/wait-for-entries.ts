/** Waiting for entries at a terminal or in CI: live output, live line, summary, and the exit code of what happened. */
import type { Api } from "../client/api.ts";
import { errorOfEntry } from "../client/errors.ts";
import type { Entry, EntryEvent } from "../domain/entry.ts";
import type { RequestResult } from "../domain/request.ts";
import { describePollPolicy, type PollPolicy } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { Context } from "./context.ts";
import { EXIT, exitCodeOfEntries, scriptEndOf, SIGNAL_EXIT } from "./exit-codes.ts";
import { follow, type Followed } from "./follow.ts";
import { cancelWhatRuns, tellWhatGoesOn, type OnInterrupt } from "./goes-on.ts";
import type { Interrupt } from "./interrupt.ts";
import { printValue } from "./output/documents.ts";
import { describeWait, endedLine } from "./output/entry-text.ts";
import { showError } from "./output/error-text.ts";
import { createOperationOutput, type OperationOutput } from "./output/operation-output.ts";
import { createCaseCollector, type CaseCollector } from "./reports/report.ts";
import type { Reports } from "./reports/reports.ts";
import { showScriptEnd } from "./run-report.ts";
import { tellWhyWaiting } from "./why-waiting.ts";

export interface WaitForEntriesOptions {
  context: Context;
  api: Api;
  /** Requests are followed by their tasks (`withTasks`). */
  entries: readonly Entry[];
  policy: PollPolicy;
  /** The server lives in this process: what is not ended when the wait ends does not go on. */
  local: boolean;
  interrupt: Interrupt;
  /** What becomes of what runs when a signal comes. Default "leave". */
  onInterrupt?: OnInterrupt;
  /** Of the command: what it is called, and where it is reported. Default: nowhere. */
  report?: { title: string; server: string; reports: Reports };
}

/** Exit code by the contract; what was asked for is on stdout by then. */
export async function waitForEntries(options: WaitForEntriesOptions): Promise<number> {
  const { context, api, policy, interrupt } = options;
  const { output } = context;
  const works = options.entries.filter(isWork);
  const many = options.entries.length > 1;
  const names = works.map((entry) => entry.resource?.name ?? `entry ${entry.id}`);
  const operationOutput = createOperationOutput({ output, prefixed: many, names });
  const latest = new Map(options.entries.map((entry) => [entry.id, entry] as const));
  const started = Date.now();
  const collector = options.report?.reports.wanted === true ? createCaseCollector() : undefined;
  let lastOutput = "";
  options.report?.reports.begin(options.report.title, true);
  output.live.show(() => describeWait([...latest.values()].filter(isWork), started, lastOutput));
  const open = () => [...latest.values()].filter((entry) => !isTerminal(entry.status));
  const endWhy = tellWhyWaiting({ context, why: api.why, open, local: options.local });
  try {
    const followed = await follow({
      trail: api,
      entries: options.entries,
      policy,
      signal: interrupt.signal,
      onEvent: (entry, event) => {
        operationOutput.take(entry, event);
        collector?.take(entry, event);
        lastOutput = lastLineOf(event) ?? lastOutput;
        if (output.format === "jsonl") {
          output.write(`${JSON.stringify({ v: 1, entry: entry.id, resource: entry.resource?.name ?? null, event })}\n`);
        }
      },
      onChange: (entry) => {
        const before = latest.get(entry.id);
        latest.set(entry.id, entry);
        if (many && isWork(entry) && isTerminal(entry.status) && before && !isTerminal(before.status))
          output.notice(endedLine(output.paintErr, entry));
      },
    });
    endOutput();
    await printResults(context, followed, operationOutput);
    const exit = await conclude(options, followed);
    await reportOn(options, collector, followed.entries, started);
    return exit;
  } catch (error) {
    endOutput();
    tellWhatGoesOn(context, withoutTasks([...latest.values()]), "The wait broke off", options.local);
    await reportOn(options, collector, [...latest.values()], started);
    throw error;
  }

  function endOutput(): void {
    endWhy();
    operationOutput.end();
    output.live.stop();
    options.report?.reports.end();
  }
}

/** Says how it ended, and what goes on. @returns the exit code. */
async function conclude(options: WaitForEntriesOptions, followed: Followed): Promise<number> {
  const { context, api, policy, local, interrupt, onInterrupt = "leave" } = options;
  const asked = withoutTasks(followed.entries);
  switch (followed.reason) {
    case "interrupted": {
      const cause = interrupt.cause() ?? "SIGINT";
      if (onInterrupt === "cancel") await cancelWhatRuns(context, api, asked, `Interrupted (${cause})`);
      else tellWhatGoesOn(context, asked, "Interrupted", local);
      return SIGNAL_EXIT[cause];
    }
    case "limit":
      tellWhatGoesOn(context, asked, `The wait ended (${describePollPolicy(policy)})`, local);
      return EXIT.waitEnded;
    case "ended":
      summarise(context, followed.entries);
      return exitCodeOfEntries(asked);
  }
}

async function reportOn(
  { report }: WaitForEntriesOptions,
  collector: CaseCollector | undefined,
  entries: readonly Entry[],
  started: number,
): Promise<void> {
  if (!report || !collector) return;
  const { title, server, reports } = report;
  const cases = entries.filter(isWork).map((entry) => collector.caseOf(entry));
  const seconds = (Date.now() - started) / 1_000;
  await reports.write({ title, server, startedAt: new Date(started), seconds, cases });
}

/** With json and yaml the entries; with jsonl a last line an entry; as a table the results that are not output. */
async function printResults({ output }: Context, followed: Followed, operationOutput: OperationOutput): Promise<void> {
  const { entries } = followed;
  if (output.format === "jsonl") {
    for (const entry of entries) output.write(`${JSON.stringify({ v: 1, ...entry })}\n`);
    return;
  }
  if (output.format !== "table") return printValue(output, entries);
  for (const entry of entries) {
    // An operation that writes has said what it has to say; its result beside it would only blur a captured stdout.
    if (entry.result === null || entry.kind === "request" || entry.kind === "script" || operationOutput.wrote(entry))
      continue;
    if (entries.length === 1) await printValue(output, entry.result);
    else output.write(`${entry.resource?.name ?? entry.id} | ${JSON.stringify(entry.result)}\n`);
  }
}

function isWork(entry: Entry): boolean {
  return entry.kind !== "request";
}

/** The entries that were asked for: a task speaks through its request. */
function withoutTasks(entries: readonly Entry[]): Entry[] {
  const requests = new Set(entries.filter((entry) => !isWork(entry)).map((entry) => entry.id));
  return entries.filter((entry) => entry.parent === null || !requests.has(entry.parent));
}

function summarise(context: Context, entries: readonly Entry[]): void {
  const { output } = context;
  const asked = withoutTasks(entries);
  if (asked.length === 1) {
    const entry = asked[0]!;
    const script = scriptEndOf(entry);
    if (entry.status === "succeeded")
      output.notice(isWork(entry) ? endedLine(output.paintErr, entry) : succeededLine(entry));
    else if (script?.kind === "exit") output.notice(endedLine(output.paintErr, entry));
    else if (script && script.errors.length > 0) showScriptEnd(context, script);
    else showError(output, errorOfEntry(entry));
    return;
  }
  const failed = asked.filter((entry) => entry.status !== "succeeded");
  const line = `${asked.length - failed.length} of ${asked.length} succeeded.`;
  if (failed.length === 0) output.notice(line);
  else output.warn(`${output.paintErr.red("error:")} ${line}\n  Look at them with: wilco entry show ${failed[0]!.id}`);
}

/** Of a request: with `minSuccess` not every target has to have. */
function succeededLine(request: Entry): string {
  const { counts, total } = request.result as unknown as RequestResult;
  return `${counts.succeeded} of ${total} succeeded (request ${request.id}).`;
}

function lastLineOf(event: EntryEvent): string | undefined {
  const text = event.type === "output" ? event.data["text"] : undefined;
  return typeof text === "string" ? text.trimEnd().split("\n").at(-1) : undefined;
}
