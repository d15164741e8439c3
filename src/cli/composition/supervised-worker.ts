/**
 * A worker that its server looks after: when it ends because the server will not have it (its token was revoked, its name
 * taken), it is started anew, with growing pauses. One that was drained or stopped stays so.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { backoffDelay, type Backoff } from "../../core/backoff.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../resource-types/log.ts";
import type { Worker } from "../../worker/worker.ts";

export interface SupervisedWorkerOptions {
  /** Makes and starts one; rejects when it can't be started. */
  start: () => Promise<Worker>;
  log: Log;
  /** Default: 1 s, 2 s, 4 s … up to a minute. */
  backoff?: Backoff;
}

/** ms that a worker has to last for its end to count as the first one again. */
const SOUND = 60_000;

/** @throws what the first start throws; later ones are repeated. */
export async function superviseWorker({
  start,
  log,
  backoff = { first: 1_000, max: 60_000 },
}: SupervisedWorkerOptions): Promise<Worker> {
  const ending = new AbortController();
  let current = await start();
  const stopped = look();
  // Whoever does not look at it must not be ended by it.
  stopped.catch(() => {});

  async function look(): Promise<void> {
    for (let ends = 0; ; ends++) {
      const began = performance.now();
      const refused = await current.stopped.then(
        () => null,
        (error: unknown) => ({ error }),
      );
      if (refused === null || ending.signal.aborted) return;
      if (performance.now() - began > SOUND) ends = 0;
      const again = await startAgain(ends, refused.error);
      if (again === null) return;
      current = again;
      // Asked to end while it was being started.
      if (ending.signal.aborted) return current.stop();
    }
  }

  async function startAgain(ends: number, why: unknown): Promise<Worker | null> {
    let reason = why;
    for (let retry = ends; ; retry++) {
      const delay = backoffDelay(retry, backoff);
      log.error({ error: messageOf(reason), delay }, "the server's worker has ended; it is started anew");
      await sleep(delay, undefined, { signal: ending.signal }).catch(() => {});
      if (ending.signal.aborted) return null;
      try {
        return await start();
      } catch (error) {
        reason = error;
      }
    }
  }

  async function end(how: (worker: Worker) => Promise<void>): Promise<void> {
    ending.abort();
    await how(current);
    await stopped;
  }

  return {
    start: async () => {},
    drain: () => current.drain(),
    stop: () => end((worker) => worker.stop()),
    stopNow: () => end((worker) => worker.stopNow()),
    stopped,
  };
}
