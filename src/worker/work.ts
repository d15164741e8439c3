/** What this worker holds: assignments that wait for a slot, that run, and whose end is not acknowledged yet. */
import type { Tracing } from "../core/tracing.ts";
import type { Assignment, RunningExecution, WorkerCounts } from "../domain/worker.ts";
import type { LeaseRef } from "../protocol/messages.ts";
import type { Log } from "../resource-types/log.ts";
import { type AbortWhy, type Control, createControl } from "./control.ts";
import type { Ended, Execute } from "./executor.ts";
import { systemError } from "./outcome.ts";
import type { OutputLog, StreamName } from "./output-log.ts";
import type { Outcome, Reporter } from "./reporter.ts";

export interface Work {
  /** Takes an assignment, at once or when a slot is free. One that is known already is not taken again. */
  take(assignment: Assignment): void;
  /** Free slots, 0 while anything waits for one. */
  free(): number;
  /** Everything whose lease is to be renewed. */
  leases(): LeaseRef[];
  abort(lease: LeaseRef, why: AbortWhy): void;
  /** The lease of everything may have lapsed: ends what the server may hand out again, and forgets what has not begun. */
  lapse(): void;
  /** Takes nothing more; what waits is handed back. */
  drain(): void;
  /** Ends everything: what may be repeated is handed back. */
  abortAll(): void;
  counts(): Omit<WorkerCounts, "memory">;
  /** Slots in use. */
  used(): number;
  /** All that is held, the oldest first. */
  running(): RunningExecution[];
  /** Resolves when nothing is held. */
  idle(): Promise<void>;
}

export interface Watch {
  output(data: string | Uint8Array, stream: StreamName): void;
  /** The server has it. */
  ended(lease: LeaseRef, outcome: Outcome): void;
}

export interface WorkOptions {
  capacity: number;
  execute: Execute;
  reporter: Pick<Reporter, "openOutput" | "finish">;
  /** Monotonic ms. */
  now: () => number;
  log: Log;
  tracing?: Tracing | null;
  /** A slot became free. */
  onFree: () => void;
  watch?: Watch;
}

interface Held {
  assignment: Assignment;
  /** By the worker's clock. */
  deadline: number;
  control: Control;
  takenAt: number;
  stage: RunningExecution["stage"];
}

/** Answers may cross: an assignment that has just ended can still be named by an answer made before. */
const REMEMBERED = 10_000;

export function createWork({
  capacity,
  execute,
  reporter,
  now,
  log,
  onFree,
  watch,
  tracing = null,
}: WorkOptions): Work {
  const held = new Map<string, Held>();
  const waiting: Held[] = [];
  const past = new Map<string, "ended" | "given up">();
  let used = 0;
  let draining = false;
  const counts = { claimed: 0, finished: 0, failed: 0 };
  let idleWaiters: Array<() => void> = [];

  function take(assignment: Assignment): void {
    const key = keyOf(assignment);
    if (held.has(key) || past.get(key) === "ended") return;
    const one: Held = {
      assignment,
      deadline: now() + assignment.deadlineIn,
      control: createControl(),
      takenAt: now(),
      stage: "waiting",
    };
    counts.claimed++;
    held.set(key, one);
    if (assignment.canceling) one.control.abort("cancel");
    // What was given up unseen by the server is still leased to us; it hears that it can have it back.
    if (draining || past.get(key) === "given up") return void handBack(one);
    waiting.push(one);
    startWaiting();
  }

  function startWaiting(): void {
    while (waiting.length > 0) {
      if (used + slotsOf(waiting[0]!) > capacity) return;
      void run(waiting.shift()!);
    }
  }

  /** An execution heavier than the whole worker takes all of it, as the server counts. */
  function slotsOf({ assignment }: Held): number {
    return Math.min(assignment.weight, capacity);
  }

  async function run(one: Held): Promise<void> {
    const { assignment, control } = one;
    const { entry, attempt, outputQuota } = assignment;
    const weight = slotsOf(one);
    one.stage = "running";
    used += weight;
    const started = now();
    log.debug({ entry, attempt, root: assignment.root, operation: assignment.operation }, "delivering");
    const span = tracing?.begin("run", assignment.trace ?? null, {
      "wilco.entry": entry,
      "wilco.root": assignment.root,
      "wilco.attempt": attempt,
      "wilco.operation": assignment.operation,
      "wilco.resource": assignment.resource.name,
    });
    const output = reporter.openOutput({ entry, attempt }, outputQuota);
    const ended = await execute({
      assignment,
      control,
      output: watched(output),
      remaining: one.deadline - started,
    }).catch((error: unknown): Ended => ({ status: "failed", error: systemError(error) }));
    span?.end({ ...errorOf(ended), attributes: { "wilco.status": ended?.status ?? "lost" } });
    used -= weight;
    one.stage = "finishing";
    startWaiting();
    onFree();
    log.debug(
      { entry, attempt, root: assignment.root, status: ended?.status ?? "lost", ran: Math.round(now() - started) },
      "delivered",
    );
    await conclude(one, output, ended);
  }

  function watched(output: OutputLog): Pick<OutputLog, "write" | "progress"> {
    if (!watch) return output;
    return {
      write(data, stream) {
        watch.output(data, stream);
        return output.write(data, stream);
      },
      progress: output.progress,
    };
  }

  async function conclude(one: Held, output: OutputLog, ended: Ended): Promise<void> {
    if (ended === null) {
      output.discard();
      return forget(one, "given up");
    }
    const { outcome, size } = outcomeOf(ended);
    if (await reporter.finish(output, outcome, size)) watch?.ended(output.lease, outcome);
    counts.finished++;
    if (outcome.status === "failed" || outcome.status === "timed_out") counts.failed++;
    forget(one, "ended");
  }

  async function handBack(one: Held): Promise<void> {
    one.stage = "finishing";
    const { entry, attempt } = one.assignment;
    await reporter.finish(reporter.openOutput({ entry, attempt }, 0), { status: "released" });
    forget(one, "ended");
  }

  function forget(one: Held, as: "ended" | "given up"): void {
    const key = keyOf(one.assignment);
    held.delete(key);
    past.delete(key);
    past.set(key, as);
    if (past.size > REMEMBERED) past.delete(past.keys().next().value!);
    if (held.size > 0) return;
    const go = idleWaiters;
    idleWaiters = [];
    for (const resume of go) resume();
  }

  function abort(lease: LeaseRef, why: AbortWhy): void {
    const one = held.get(keyOf(lease));
    if (!one) return;
    one.control.abort(why);
    // What waits is started to be ended: it takes no time, and there is one way to end.
    const at = waiting.indexOf(one);
    if (at >= 0) void run(waiting.splice(at, 1)[0]!);
  }

  function handBackWaiting(): void {
    for (const one of waiting.splice(0)) void handBack(one);
  }

  return {
    take,
    free: () => (draining || waiting.length > 0 ? 0 : Math.max(0, capacity - used)),
    leases: () => [...held.values()].map(({ assignment: { entry, attempt } }) => ({ entry, attempt })),
    abort,
    lapse() {
      for (const one of waiting.splice(0)) forget(one, "given up");
      for (const one of held.values()) {
        if (one.stage === "running" && one.assignment.onLost === "requeue") one.control.abort("lost");
      }
      // What waited kept the slots from being offered: whoever claims may be asleep.
      onFree();
    },
    drain() {
      draining = true;
      handBackWaiting();
    },
    abortAll() {
      draining = true;
      handBackWaiting();
      for (const one of held.values()) one.control.abort("stop");
    },
    counts: () => ({ ...counts }),
    used: () => used,
    running: () =>
      [...held.values()].map(({ assignment: { entry, attempt, root, resource, operation }, stage, takenAt }) => ({
        entry,
        attempt,
        root,
        resource: resource.name,
        operation,
        stage,
        since: Math.round(now() - takenAt),
      })),
    idle: () => (held.size === 0 ? Promise.resolve() : new Promise((resume) => idleWaiters.push(resume))),
  };
}

/** The words of a span's failure; nothing for what succeeded or was handed back. */
function errorOf(ended: Ended): { error?: string } {
  if (ended === null) return { error: "the lease was lost" };
  return ended.status === "succeeded" || ended.status === "released" ? {} : { error: ended.error.message };
}

function outcomeOf(ended: NonNullable<Ended>): { outcome: Outcome; size: number } {
  if (ended.status === "released") return { outcome: ended, size: 0 };
  if (ended.status !== "succeeded") return { outcome: { status: ended.status, error: ended.error }, size: 0 };
  return { outcome: { status: ended.status, result: ended.result }, size: ended.size };
}

function keyOf({ entry, attempt }: LeaseRef): string {
  return `${entry}/${attempt}`;
}
