/** `wilco entry show`, `tail`, `wait`, `cancel` and `retry` */
import { randomId } from "../../core/ids.ts";
import type { Entry, EntryEvent } from "../../domain/entry.ts";
import { DEFAULT_POLL_POLICY, layerPollPolicies } from "../../domain/poll-policy.ts";
import { isTerminal } from "../../domain/status.ts";
import type { Context } from "../context.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { follow } from "../follow.ts";
import { withInterrupt } from "../interrupt.ts";
import { parseEntryId, parseEntryIds } from "../numbers.ts";
import { printDocument, printValue } from "../output/documents.ts";
import { describeWait, describeWork, entryFields, formatEvent, taskColumns } from "../output/entry-text.ts";
import { createOperationOutput } from "../output/operation-output.ts";
import { formatCard, formatTable } from "../output/table.ts";
import { pollPolicyOfFlags, type PollFlags } from "../poll-options.ts";
import { readEvents } from "../read-events.ts";
import { openRemote } from "../remote.ts";
import { tasksOf, withTasks } from "../tasks.ts";
import { waitForEntries as waitFor } from "../wait-for-entries.ts";

export interface TailFlags {
  follow: boolean;
  events?: boolean;
}
export type WaitFlags = PollFlags;
export interface CancelFlags {
  force?: boolean;
  reason?: string;
}
export interface RetryFlags extends PollFlags {
  wait: boolean;
}

export async function showEntry(context: Context, idText: string): Promise<number> {
  const id = parseEntryId(idText);
  const { api } = await openRemote(context);
  const entry = await api.entry(id);
  const { output } = context;
  if (output.format === "table") {
    const events = await readEvents(api, entry.id);
    const log = events.map((event) => `${formatEvent(event, output.utc)}\n`).join("");
    const tasks = entry.kind === "request" ? await tasksOf(api, entry.id) : [];
    const table = tasks.length === 0 ? "" : `${formatTable(tasks, taskColumns(output.paint), output.width)}\n`;
    output.write(`${formatCard(entryFields(entry, output.utc, output.paint), output.width)}\n${table}${log}`);
  } else await printValue(output, entry);
  return EXIT.succeeded;
}

/** The output of an entry; a request's is that of its tasks. Ends when it is complete; the exit code is tail's own. */
export async function tailEntry(context: Context, idText: string, flags: TailFlags): Promise<number> {
  const id = parseEntryId(idText);
  const { output } = context;
  const { api } = await openRemote(context);
  const asked = await api.entry(id);
  const entries = await withTasks(api, [asked]);
  const names = entries.map((entry) => entry.resource?.name ?? `entry ${entry.id}`);
  const operationOutput = createOperationOutput({ output, prefixed: entries.length > 1, names });
  const take = (entry: Entry, event: EntryEvent) => {
    if (output.format !== "table") output.write(`${JSON.stringify({ entry: entry.id, event })}\n`);
    else if (flags.events === true) output.write(`${formatEvent(event, output.utc)}\n`);
    else operationOutput.take(entry, event);
  };
  if (!flags.follow) {
    for (const entry of entries) for (const event of await readEvents(api, entry.id)) take(entry, event);
    operationOutput.end();
    return EXIT.succeeded;
  }
  const latest = new Map(entries.map((entry) => [entry.id, entry] as const));
  const started = Date.now();
  output.live.show(() => describeWait([...latest.values()], started, ""));
  try {
    return await withInterrupt(async (interrupt) => {
      const followed = await follow({
        trail: api,
        entries,
        policy: DEFAULT_POLL_POLICY,
        signal: interrupt.signal,
        onEvent: take,
        onChange: (entry) => void latest.set(entry.id, entry),
      });
      return followed.reason === "interrupted" ? SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"] : EXIT.succeeded;
    });
  } finally {
    output.live.stop();
    operationOutput.end();
  }
}

export async function waitForEntries(context: Context, idTexts: readonly string[], flags: WaitFlags): Promise<number> {
  const ids = parseEntryIds(idTexts);
  const flagPolicy = pollPolicyOfFlags(flags);
  const { api, connection } = await openRemote(context);
  const entries: Entry[] = [];
  for (const id of ids) entries.push(await api.entry(id));
  const followed = await withTasks(api, entries);
  const policy = layerPollPolicies(flagPolicy, connection.poll);
  return withInterrupt((interrupt) => waitFor({ context, api, entries: followed, policy, local: false, interrupt }));
}

export async function cancelEntries(context: Context, idTexts: readonly string[], flags: CancelFlags): Promise<number> {
  const ids = parseEntryIds(idTexts);
  const { output } = context;
  const { api } = await openRemote(context);
  const request = {
    ...(flags.force === true ? { force: true } : {}),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  };
  const entries: Entry[] = [];
  for (const id of ids) {
    const entry = await api.cancel(id, request);
    entries.push(entry);
    const state = isTerminal(entry.status)
      ? `is ${entry.status}`
      : "is being canceled; it ends when its worker has stopped it";
    output.notice(`${describeWork(entry)} (entry ${entry.id}) ${state}.`);
  }
  if (output.format !== "table") await printValue(output, entries);
  return EXIT.succeeded;
}

export async function retryEntry(context: Context, idText: string, flags: RetryFlags): Promise<number> {
  const id = parseEntryId(idText);
  const flagPolicy = pollPolicyOfFlags(flags);
  const { output } = context;
  const { api, connection } = await openRemote(context);
  const entry = await api.retry(id, randomId());
  output.notice(`Filed entry ${entry.id}: ${describeWork(entry)}, a retry of entry ${id}.`);
  if (!flags.wait) {
    await printDocument(output, entry, () => `${entry.id}\n`);
    return EXIT.succeeded;
  }
  const entries = await withTasks(api, [entry]);
  const policy = layerPollPolicies(flagPolicy, connection.poll);
  return withInterrupt((interrupt) => waitFor({ context, api, entries, policy, local: false, interrupt }));
}
