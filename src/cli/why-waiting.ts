/** While a command waits and nothing of its own runs: a line that says why, also where no live line is. */
import type { Entry } from "../domain/entry.ts";
import type { Why, WhyReason } from "../domain/why.ts";
import type { Context } from "./context.ts";
import { describeWork } from "./output/entry-text.ts";
import { sentence } from "./output/error-text.ts";
import { commandFor } from "./reattach.ts";

export interface WhyWaitingOptions {
  context: Context;
  /** The API's: why an entry does not run. */
  why(id: number, options: { signal: AbortSignal; retryTime: number }): Promise<Why>;
  /** What is waited for and has not ended, as last seen. */
  open(): readonly Entry[];
  /** The server ends with this process: no other command can ask it. */
  local: boolean;
}

/** For how long an entry is queued before it is said why; the shell does it at the same time. */
export const WHY_AFTER_MS = 3_000;
const LOOK_MS = 500;
/** Between two questions: the answer costs the server a few queries. */
const ASK_EVERY_MS = 3_000;
/** Nothing holds it back, or what does was said when it was filed. */
const NOTHING_TO_SAY: ReadonlySet<WhyReason> = new Set([
  "ended",
  "not_due",
  "due",
  "claimable",
  "running",
  "running_tasks",
  "running_overdue",
  "canceling",
]);

/** Each reason is told once. @returns what ends it. */
export function tellWhyWaiting({ context, why, open, local }: WhyWaitingOptions): () => void {
  const controller = new AbortController();
  const since = new Map<number, number>();
  const told = new Set<string>();
  let askedAt = -Infinity;

  const timer = setInterval(() => void look(), LOOK_MS).unref();

  async function look(): Promise<void> {
    const now = performance.now();
    const entries = open().filter((entry) => entry.kind !== "request");
    const late = entries.find((entry) => {
      if (entry.status !== "queued") return void since.delete(entry.id);
      if (!since.has(entry.id)) since.set(entry.id, now);
      return now - since.get(entry.id)! >= WHY_AFTER_MS;
    });
    // Where another one of them runs, this one's turn comes.
    if (!late || now - askedAt < ASK_EVERY_MS || entries.some(isMoving)) return;
    askedAt = now;
    try {
      tell(late, await why(late.id, { signal: controller.signal, retryTime: 0 }), entries);
    } catch {
      // An older server, or none just now: the wait itself says so when it goes on.
    }
  }

  function tell(entry: Entry, answer: Why, entries: readonly Entry[]): void {
    const key = `${entry.id} ${answer.reason} ${answer.because?.entry ?? ""}`;
    if (controller.signal.aborted || NOTHING_TO_SAY.has(answer.reason) || told.has(key)) return;
    const own = new Set(entries.map(({ id }) => id));
    if (chainOf(answer.because).some((one) => own.has(one.entry))) return;
    told.add(key);
    const { output } = context;
    const what = `${output.paintErr.yellow("note:")} ${describeWork(entry)} (entry ${entry.id}) does not run yet`;
    const more = local ? "" : `\n  What would free it: ${commandFor(context, `entry why ${entry.id}`)}`;
    output.notice(`${what}: ${sentence(answer.message)}${more}`);
  }

  return () => {
    clearInterval(timer);
    controller.abort();
  };
}

function isMoving({ status }: Entry): boolean {
  return status === "running" || status === "canceling";
}

function chainOf(why: Why | null): Why[] {
  return why === null ? [] : [why, ...chainOf(why.because)];
}
