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
import type { Interrupt } from "./interrupt.ts";
import { formatEntryIds } from "./numbers.ts";
import { printValue } from "./output/documents.ts";
import { describeWait, describeWork, endedLine } from "./output/entry-text.ts";
import { showError } from "./output/error-text.ts";
import { createOperationOutput, type OperationOutput } from "./output/operation-output.ts";
import { commandFor } from "./reattach.ts";
import { showScriptEnd } from "./run-report.ts";

export interface WaitForEntriesOptions {
  context: Context;
  api: Api;
  /** Requests are followed by their tasks (`withTasks`). */
  entries: readonly Entry[];
  policy: PollPolicy;
  /** The server lives in this process: what is not ended when the wait ends does not go on. */
  local: boolean;
  interrupt: Interrupt;
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
  let lastOutput = "";
  output.live.show(() => describeWait([...latest.values()].filter(isWork), started, lastOutput));
  try {
    const followed = await follow({
      trail: api,
      entries: options.entries,
      policy,
      signal: interrupt.signal,
      onEvent: (entry, event) => {
        operationOutput.take(entry, event);
        lastOutput = lastLineOf(event) ?? lastOutput;
        if (output.format === "jsonl") {
          output.write(`${JSON.stringify({ entry: entry.id, resource: entry.resource?.name ?? null, event })}\n`);
        }
      },
      onChange: (entry) => {
        const before = latest.get(entry.id);
        latest.set(entry.id, entry);
        if (many && isWork(entry) && isTerminal(entry.status) && before && !isTerminal(before.status))
          output.notice(endedLine(output.paintErr, entry));
      },
    });
    operationOutput.end();
    output.live.stop();
    await printResults(context, followed, operationOutput);
    if (followed.reason === "interrupted") {
      tellWhatGoesOn(options, followed.entries, "Interrupted");
      return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
    }
    if (followed.reason === "limit") {
      tellWhatGoesOn(options, followed.entries, `The wait ended (${describePollPolicy(policy)})`);
      return EXIT.waitEnded;
    }
    summarise(context, followed.entries);
    return exitCodeOfEntries(withoutTasks(followed.entries));
  } catch (error) {
    operationOutput.end();
    output.live.stop();
    tellWhatGoesOn(options, [...latest.values()], "The wait broke off");
    throw error;
  }
}

/** With json and yaml the entries; with jsonl a last line an entry; as a table the results that are not output. */
async function printResults({ output }: Context, followed: Followed, operationOutput: OperationOutput): Promise<void> {
  const { entries } = followed;
  if (output.format === "jsonl") {
    for (const entry of entries) output.write(`${JSON.stringify(entry)}\n`);
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

/** What was left running, and how to look at it again; never silent, whatever --quiet says. */
function tellWhatGoesOn({ context, local }: WaitForEntriesOptions, entries: readonly Entry[], why: string): void {
  const open = withoutTasks(entries).filter((entry) => !isTerminal(entry.status));
  if (open.length === 0) return;
  const { output } = context;
  const what = open.length === 1 ? `${describeWork(open[0]!)} (entry ${open[0]!.id})` : `${open.length} operations`;
  if (local) {
    output.warn(`${why}: ${what} was not ended; the server in this process stops now.`);
    return;
  }
  const ids = formatEntryIds(open.map((entry) => entry.id));
  output.warn(
    `${why}: ${what} ${open.length === 1 ? "goes" : "go"} on.\n` +
      `  Wait again:  ${commandFor(context, `entry wait ${ids}`)}\n` +
      `  Cancel:      ${commandFor(context, `entry cancel ${ids}`)}`,
  );
}

function lastLineOf(event: EntryEvent): string | undefined {
  const text = event.type === "output" ? event.data["text"] : undefined;
  return typeof text === "string" ? text.trimEnd().split("\n").at(-1) : undefined;
}
