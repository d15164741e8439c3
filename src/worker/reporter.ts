/**
 * Tells the server what executions print and how they end. Reports and finishes each have a lane: one request on its
 * way at a time, everything that became ready meanwhile in the next one. Everything is repeated with the same numbers
 * and ids until it is answered.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorBody, WilcoError } from "../core/errors.ts";
import { randomId } from "../core/ids.ts";
import type { Assignment } from "../domain/worker.ts";
import type {
  CarriedClaim,
  FinishAnswer,
  FinishItem,
  LeaseRef,
  ReportAnswer,
  ReportItem,
} from "../protocol/messages.ts";
import type { Log } from "../resource-types/log.ts";
import type { WorkerApi } from "./api.ts";
import { createLane } from "./lane.ts";
import { createOutputLog, type OutputLog } from "./output-log.ts";
import { isBadRequest } from "./repeat.ts";
import type { Session } from "./session.ts";

/** How an execution ended, as the server is told. */
export type Outcome = Pick<FinishItem, "status" | "result" | "error">;

export interface Reporter {
  openOutput(lease: LeaseRef, quota: number): OutputLog;
  /**
   * Sent once all output is acknowledged. Resolves when the server has it (true), or the lease is lost (false).
   * @param size bytes of the result as JSON, to keep requests within the server's bounds.
   */
  finish(output: OutputLog, outcome: Outcome, size?: number): Promise<boolean>;
  /** Outcomes are about to be sent, or on their way. */
  finishing(): boolean;
  /** Sends nothing more; what was not acknowledged yet counts as lost. */
  stop(): Promise<void>;
}

export interface ReporterOptions {
  api: WorkerApi;
  session: Session;
  signal: AbortSignal;
  log: Log;
  /** A report's answer said that somebody asked to cancel. */
  onCancel: (lease: LeaseRef) => void;
  /** An answer said that the lease is not ours any more. */
  onLost: (lease: LeaseRef) => void;
  /** Whose claim travels with outcomes. */
  claims: { carry(): CarriedClaim | undefined; carried(assignments: readonly Assignment[] | undefined): void };
}

/** Bytes of output, or of results, in one request; the server takes 32 MB of JSON. */
const REQUEST_BYTES = 4 * 1024 * 1024;
const REQUEST_ITEMS = 2_000;
/** Before an item that failed by itself is sent again, ms. */
const ITEM_RETRY = 500;
const LOST: ReadonlySet<string> = new Set(["lease_lost", "unknown_entry", "already_ended"]);

interface Finishing {
  item: FinishItem;
  size: number;
  output: OutputLog;
  /** The server refused the outcome itself, and it was replaced by one that says so. */
  replaced: boolean;
  settle: (acknowledged: boolean) => void;
}

export function createReporter({ api, session, signal, log, onCancel, onLost, claims }: ReporterOptions): Reporter {
  const dirty = new Set<OutputLog>();
  /** Waiting for the last of their output to be acknowledged. */
  const held = new Map<OutputLog, Finishing>();
  const ready: Finishing[] = [];
  let sending = false;
  let carried: readonly Assignment[] | undefined;

  const reports = createLane(async () => {
    const batch = takeReports();
    if (batch.length === 0) return false;
    const answers = await sendEach(
      batch,
      ({ item }) => item,
      async (items) => {
        const answer = await session.call<ReportAnswer>("report", (id) =>
          api.report(id, { reports: items }, { signal }),
        );
        return answer.reports;
      },
    );
    let stuck = false;
    for (const [index, { output, item }] of batch.entries()) {
      if (!reported(output, item, answers?.[index])) stuck = true;
    }
    if (stuck) await pause();
    return true;
  });

  const finishes = createLane(async () => {
    const batch = takeFinishes();
    if (batch.length === 0) return false;
    sending = true;
    // With the first request only: a batch that is refused is sent item by item.
    let claim = claims.carry();
    const answers = await sendEach(
      batch,
      ({ item }) => item,
      async (items) => {
        const body = claim ? { finishes: items, claim } : { finishes: items };
        claim = undefined;
        const answer = await session.call<FinishAnswer>("finish", (id) => api.finish(id, body, { signal }));
        carried = answer.assignments;
        return answer.finishes;
      },
    ).finally(() => (sending = false));
    claims.carried(carried);
    carried = undefined;
    let stuck = false;
    for (const [index, finishing] of batch.entries()) {
      if (!finished(finishing, answers?.[index])) stuck = true;
    }
    if (stuck) await pause();
    return true;
  });

  function takeReports(): Array<{ output: OutputLog; item: ReportItem }> {
    const batch: Array<{ output: OutputLog; item: ReportItem }> = [];
    let bytes = 0;
    for (const output of dirty) {
      if (bytes >= REQUEST_BYTES || batch.length >= REQUEST_ITEMS) break;
      dirty.delete(output);
      const item = output.next(REQUEST_BYTES - bytes);
      if (!item) continue;
      batch.push({ output, item });
      for (const chunk of item.chunks ?? []) bytes += (chunk.text ?? chunk.base64 ?? "").length;
    }
    return batch;
  }

  function takeFinishes(): Finishing[] {
    let bytes = 0;
    let count = 0;
    while (count < Math.min(ready.length, REQUEST_ITEMS)) {
      bytes += ready[count]!.size;
      if (count > 0 && bytes > REQUEST_BYTES) break;
      count++;
    }
    return ready.splice(0, count);
  }

  /** @returns false when it must be sent again. */
  function reported(output: OutputLog, item: ReportItem, answer: ReportAnswer["reports"][number] | undefined): boolean {
    if (answer === undefined) return lose(output);
    if ("error" in answer) {
      if (LOST.has(answer.error.code)) return lose(output);
      if (isBadRequest(answer.error)) {
        log.error({ ...output.lease, error: answer.error.message }, "the server refuses this output; it is dropped");
        output.acknowledge(item.chunks?.at(-1)?.number ?? 0, item);
      } else {
        log.warn({ ...output.lease, error: answer.error.message }, "output not taken, trying again");
        dirty.add(output);
        return false;
      }
    } else {
      if (answer.cancel) onCancel(output.lease);
      if (!output.acknowledge(answer.lastChunk, item)) {
        dirty.add(output);
        return false;
      }
    }
    // More may have been sealed while this was on its way.
    if (output.next(1)) dirty.add(output);
    release(output);
    return true;
  }

  function finished(finishing: Finishing, answer: FinishAnswer["finishes"][number] | undefined): boolean {
    if (answer === undefined) finishing.settle(false);
    else if (!("error" in answer)) finishing.settle(true);
    else if (LOST.has(answer.error.code)) {
      onLost(finishing.output.lease);
      finishing.settle(false);
    } else if (answer.error.code === "chunks_missing") {
      // All of it was acknowledged, so the server has lost it since; the outcome must not be lost with it.
      log.error({ ...finishing.output.lease }, "the server misses output that it had acknowledged");
      const { lastChunk } = (answer.error.details ?? {}) as { lastChunk?: number };
      finishing.item = { ...finishing.item, lastChunk: lastChunk ?? 0 };
      ready.push(finishing);
      return false;
    } else if (isBadRequest(answer.error)) refused(finishing, answer.error);
    else {
      log.warn({ ...finishing.output.lease, error: answer.error.message }, "outcome not taken, trying again");
      ready.push(finishing);
      return false;
    }
    return true;
  }

  /** An outcome that the server can't store must not leave the entry running until its deadline. */
  function refused(finishing: Finishing, error: ErrorBody): void {
    log.error({ ...finishing.output.lease, error: error.message }, "the server refuses this outcome");
    if (finishing.replaced) return finishing.settle(false);
    const { entry, attempt, lastChunk } = finishing.item;
    finishing.replaced = true;
    finishing.size = 0;
    finishing.item = {
      entry,
      attempt,
      finishId: randomId(),
      lastChunk,
      status: "failed",
      error: {
        code: "result_refused",
        message:
          `It ended as ${finishing.item.status}, but the server refuses what it ended with: ${error.message}`.slice(
            0,
            4_096,
          ),
        source: "system",
      },
    };
    ready.push(finishing);
  }

  function lose(output: OutputLog): true {
    output.discard();
    onLost(output.lease);
    held.get(output)?.settle(false);
    held.delete(output);
    return true;
  }

  function release(output: OutputLog): void {
    const finishing = held.get(output);
    if (!finishing || !output.settled()) return;
    held.delete(output);
    ready.push(finishing);
    finishes.wake();
  }

  /** One item that breaks the request's schema must not hold up the others: a refused batch is sent item by item. */
  async function sendEach<I, T, A>(
    batch: I[],
    item: (one: I) => T,
    send: (items: T[]) => Promise<A[]>,
  ): Promise<Array<A | { error: ErrorBody }> | null> {
    try {
      return await send(batch.map(item));
    } catch (error) {
      if (signal.aborted || !(error instanceof WilcoError) || !isBadRequest(error)) return stoppedBy(error);
      if (batch.length === 1) return [{ error: error.toBody() }];
      const answers: Array<A | { error: ErrorBody }> = [];
      for (const one of batch) answers.push(...((await sendEach([one], item, send)) ?? []));
      return answers;
    }
  }

  function stoppedBy(error: unknown): null {
    log.debug({ error: error instanceof Error ? error.message : String(error) }, "reporting ends");
    return null;
  }

  const pause = () => sleep(ITEM_RETRY, undefined, { signal }).catch(() => {});

  return {
    openOutput: (lease, quota) => {
      const output: OutputLog = createOutputLog({
        lease,
        quota,
        onReady: () => {
          dirty.add(output);
          reports.wake();
        },
      });
      return output;
    },
    finish(output, outcome, size = 0) {
      const lastChunk = output.close();
      return new Promise((settle) => {
        const item: FinishItem = { ...output.lease, finishId: randomId(), lastChunk, ...outcome };
        held.set(output, { item, size, output, replaced: false, settle });
        release(output);
      });
    },
    finishing: () => sending || ready.length > 0,
    async stop() {
      await Promise.all([reports.stop(), finishes.stop()]);
      for (const finishing of [...held.values(), ...ready]) finishing.settle(false);
      held.clear();
      ready.length = 0;
    },
  };
}
