/** What becomes of the entries that still run when their script is over. */
import type { ClientPort } from "../client/port.ts";
import { DEFAULT_POLL_POLICY } from "../domain/poll-policy.ts";
import type { FiledEntries, RunningEntry } from "./filed-entries.ts";
import type { RunOutcome } from "./outcome.ts";

export type OnError = "wait" | "leave" | "cancel";

/** CI systems kill a step about 7 s after the first signal. */
const CANCEL_WAIT = 5_000;
/** Entries whose status is read once more for the list; of more, the last status seen is good enough. */
const MAX_READ = 200;

export interface LookAfterOptions {
  outcome: Omit<RunOutcome, "running">;
  entries: FiledEntries;
  port: ClientPort;
  signal?: AbortSignal;
  onError?: OnError;
  onInterrupt?: "leave" | "cancel";
  onRunning?: (running: RunningEntry[], what: OnError) => void;
}

/** @returns the entries that were running, with their last known status. */
export async function lookAfter(options: LookAfterOptions): Promise<RunningEntry[]> {
  const { outcome, entries, port, signal, onError = "wait", onInterrupt = "leave", onRunning } = options;
  await readAgain(entries, port);
  const done = outcome.kind === "completed" || outcome.kind === "invalid";
  const what: OnError = done ? "leave" : outcome.kind === "interrupted" ? onInterrupt : onError;
  if (what === "leave") {
    const running = entries.running();
    if (running.length > 0) onRunning?.(running, what);
    return running;
  }
  // What the script let go of on purpose is neither waited for nor canceled.
  const running = entries.ours();
  if (running.length === 0) return entries.running();
  onRunning?.(running, what);
  // An interrupt ends the waiting too, unless it was what began it.
  const signals = signal && outcome.kind !== "interrupted" ? [signal] : [];
  if (what === "cancel") signals.push(AbortSignal.timeout(CANCEL_WAIT));
  const stop = AbortSignal.any(signals);
  await Promise.all(running.map((entry) => endOf(entry, what, port, stop)));
  return running;
}

/** Updates `entry.status`; errors leave it at what was last seen, which is what the list then says. */
async function endOf(entry: RunningEntry, what: "wait" | "cancel", port: ClientPort, stop: AbortSignal): Promise<void> {
  const look = async (): Promise<void> => {
    if (what === "cancel") entry.status = (await port.cancel(entry.id, { reason: "its script ended" })).status;
    const { entry: last } = await port.wait(entry.id, {
      ...DEFAULT_POLL_POLICY,
      ...port.pollDefaults,
      limit: Infinity,
      onLimit: "return",
    });
    entry.status = last.status;
  };
  await Promise.race([look().catch(() => {}), aborted(stop)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What was filed and never looked at again may have ended long ago. */
async function readAgain(entries: FiledEntries, port: ClientPort): Promise<void> {
  const running = entries.running().slice(0, MAX_READ);
  await Promise.all(running.map(async ({ id }) => entries.seen(await port.entry(id)))).catch(() => {
    // The server is not there: the list says what was last seen.
  });
}
