/** Knows the executions of a script that nobody looked after, so that its end can wait for them and report them. */
import type { Execution } from "./execution.ts";

export interface SettledExecution {
  execution: Execution<unknown>;
  /** What it failed with (refused, failed, wait ended …); undefined when it succeeded. */
  error: unknown;
}

export interface ExecutionTracker {
  started(execution: Execution<unknown>): void;
  /** `then` or `outcome` was called. */
  observed(execution: Execution<unknown>): void;
  detached(execution: Execution<unknown>): void;
  /** It was refused, or is known to have ended. */
  ended(execution: Execution<unknown>): void;
  /** Started, and neither observed nor detached. */
  unobserved(): Execution<unknown>[];
  /** Started, not detached, and not known to have ended: what still runs when a script stops. */
  outstanding(): Execution<unknown>[];
  /** Waits for every unobserved execution, those started meanwhile included; each with what it failed with. */
  settle(): Promise<SettledExecution[]>;
}

export function createExecutionTracker(): ExecutionTracker {
  const ignored = new Set<Execution<unknown>>();
  const open = new Set<Execution<unknown>>();

  return {
    started(execution) {
      ignored.add(execution);
      open.add(execution);
    },
    observed(execution) {
      ignored.delete(execution);
    },
    detached(execution) {
      ignored.delete(execution);
      open.delete(execution);
    },
    ended(execution) {
      open.delete(execution);
    },
    unobserved: () => [...ignored],
    outstanding: () => [...open],
    async settle() {
      const settled: SettledExecution[] = [];
      while (ignored.size > 0) {
        // Waiting is observing: each leaves `ignored` here, and what starts meanwhile is for the next round.
        const round = [...ignored].map((execution) =>
          execution.then(
            () => ({ execution, error: undefined }),
            (error: unknown) => ({ execution, error }),
          ),
        );
        settled.push(...(await Promise.all(round)));
      }
      return settled;
    },
  };
}
