/** What becomes of the entries that still run when their script is over. */
import type { ClientPort } from "../client/port.ts";
import type { Entry } from "../domain/entry.ts";
import { DEFAULT_POLL_POLICY } from "../domain/poll-policy.ts";
import { isTerminal } from "../domain/status.ts";
import type { FiledEntries, RunningEntry } from "./filed-entries.ts";
import type { RunOutcome } from "./outcome.ts";

export type OnError = "wait" | "leave" | "cancel";

/** CI systems kill a step about 7 s after the first signal. */
const CANCEL_WAIT = 5_000;
/** Entries whose status is read once more for the list; of more, the last status seen is good enough. */
const MAX_READ = 200;

export interface LookAfterOptions {
  kind: RunOutcome["kind"];
  entries: FiledEntries;
  port: ClientPort;
  signal?: AbortSignal;
  onError?: OnError;
  onInterrupt?: "leave" | "cancel";
  onRunning?: (running: RunningEntry[], what: OnError) => void;
}

export interface LookedAfter {
  /** What was running when the script was over, with the last known status. */
  still: RunningEntry[];
  /** Entries that the script did not see end and did not let go of, and that did not succeed. */
  failures: Entry[];
}

export async function lookAfter(options: LookAfterOptions): Promise<LookedAfter> {
  const { kind, entries, port, signal, onError = "wait", onInterrupt = "leave", onRunning } = options;
  const failures: Entry[] = [];
  /** Takes a later look at an entry into account; of a script that completed, every end was seen or let go of. */
  const see = (entry: Entry, ours: boolean): void => {
    entries.seen(entry);
    const failed = isTerminal(entry.status) && entry.status !== "succeeded";
    if (failed && ours && kind !== "completed") failures.push(entry);
  };
  await readAgain(entries, port, see);
  const done = kind === "completed" || kind === "invalid";
  const what: OnError = done ? "leave" : kind === "interrupted" ? onInterrupt : onError;
  // What the script let go of on purpose is neither waited for nor canceled.
  const running = what === "leave" ? entries.running() : entries.ours();
  if (running.length > 0) onRunning?.(running, what);
  if (what === "leave") return { still: running, failures };
  // An interrupt ends the waiting too, unless it was what began it.
  const signals = signal && kind !== "interrupted" ? [signal] : [];
  if (what === "cancel") signals.push(AbortSignal.timeout(CANCEL_WAIT));
  const stop = AbortSignal.any(signals);
  const canceled = new Set<number>();
  await Promise.all(
    running.map(async (entry) => {
      const last = await Promise.race([endOf(entry, what, port), aborted(stop)]);
      if (!last) return;
      entry.status = last.status;
      if (what === "cancel" && last.status === "canceled") canceled.add(last.id);
      else see(last, true);
    }),
  );
  return { still: running, failures: failures.filter(({ id }) => !canceled.has(id)) };
}

/** Undefined when it can't be learned: then the list says what was last seen. */
async function endOf(entry: RunningEntry, what: "wait" | "cancel", port: ClientPort): Promise<Entry | undefined> {
  try {
    if (what === "cancel") entry.status = (await port.cancel(entry.id, { reason: "its script ended" })).status;
    const policy = { ...DEFAULT_POLL_POLICY, ...port.pollDefaults, limit: Infinity, waitTimeout: Infinity };
    return (await port.wait(entry.id, policy)).entry;
  } catch {
    return undefined; // The server is not there, or the entry ended before it could be canceled.
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** What was filed and never looked at again may have ended long ago. */
async function readAgain(
  entries: FiledEntries,
  port: ClientPort,
  see: (entry: Entry, ours: boolean) => void,
): Promise<void> {
  const ours = new Set(entries.ours().map(({ id }) => id));
  const running = entries.running().slice(0, MAX_READ);
  await Promise.all(
    running.map(async ({ id }) => {
      const entry = await port.entry(id).catch(() => undefined); // As in endOf.
      if (entry) see(entry, ours.has(id));
    }),
  );
}
