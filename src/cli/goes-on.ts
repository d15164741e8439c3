/** What still runs when a wait is over: left and told, or canceled where that was asked for. */
import type { Api } from "../client/api.ts";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Entry } from "../domain/entry.ts";
import { DEFAULT_POLL_POLICY } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { Context } from "./context.ts";
import { follow } from "./follow.ts";
import { formatEntryIds } from "./numbers.ts";
import { describeWork } from "./output/entry-text.ts";
import { commandFor } from "./reattach.ts";

export type OnInterrupt = "leave" | "cancel";

const CHOICES: readonly OnInterrupt[] = ["leave", "cancel"];
/** CI systems kill a step about 7 s after the first signal. */
const CANCEL_WAIT = 5_000;

/** Of `--on-interrupt`. @throws WilcoError `invalid_request`. */
export function onInterruptOf(text: string): OnInterrupt {
  const found = CHOICES.find((one) => one === text);
  if (found) return found;
  throw new WilcoError({
    code: "invalid_request",
    message: `--on-interrupt does not know ${JSON.stringify(text)}`,
    hint: suggestion(text, CHOICES, "It takes"),
  });
}

/** What was left running, and how to look at it again; never silent, whatever --quiet says. @param entries without tasks. */
export function tellWhatGoesOn(context: Context, entries: readonly Entry[], why: string, local: boolean): void {
  const open = entries.filter((entry) => !isTerminal(entry.status));
  if (open.length === 0) return;
  const { output } = context;
  if (local) {
    output.warn(`${why}: ${subject(open)} was not ended; the server in this process stops now.`);
    return;
  }
  const ids = formatEntryIds(open.map((entry) => entry.id));
  output.warn(
    `${why}: ${subject(open)} ${open.length === 1 ? "goes" : "go"} on.\n` +
      `  Wait again:  ${commandFor(context, `entry wait ${ids}`)}\n` +
      `  Cancel:      ${commandFor(context, `entry cancel ${ids}`)}`,
  );
}

/** Asks the server to cancel what still runs, and waits a little for it. @returns the entries as last seen. */
export async function cancelWhatRuns(
  context: Context,
  api: Api,
  entries: readonly Entry[],
  reason: string,
): Promise<Entry[]> {
  const { output } = context;
  const open = entries.filter((entry) => !isTerminal(entry.status));
  if (open.length === 0) return [...entries];
  output.warn(`${reason}: canceling ${subject(open)}.`);
  const stop = AbortSignal.timeout(CANCEL_WAIT);
  const asked: Entry[] = [];
  for (const entry of open) asked.push(await canceled(context, api, entry, reason));
  const policy = { ...DEFAULT_POLL_POLICY, limit: Infinity, waitTimeout: Infinity };
  // The end of the log does not matter here, only the end of the work.
  const followed = await follow({
    trail: api,
    entries: asked,
    policy,
    signal: stop,
    after: Number.MAX_SAFE_INTEGER,
  }).catch(() => undefined);
  const last = new Map((followed?.entries ?? asked).map((entry) => [entry.id, entry]));
  for (const entry of last.values()) {
    const what = `${describeWork(entry)} (entry ${entry.id})`;
    output.warn(isTerminal(entry.status) ? `  ${what} is ${entry.status}.` : `  ${what} is still being canceled.`);
  }
  return entries.map((entry) => last.get(entry.id) ?? entry);
}

/** It may have ended meanwhile, and the server may be gone: then the list says what was last seen. */
async function canceled({ output }: Context, api: Api, entry: Entry, reason: string): Promise<Entry> {
  try {
    return await api.cancel(entry.id, { reason });
  } catch (error) {
    output.detail(`entry ${entry.id} could not be canceled: ${String(error)}`);
    return entry;
  }
}

function subject(open: readonly Entry[]): string {
  return open.length === 1 ? `${describeWork(open[0]!)} (entry ${open[0]!.id})` : `${open.length} operations`;
}
