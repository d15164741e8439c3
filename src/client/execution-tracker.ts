/** Knows the executions of a script that nobody looked after, so that its end can wait for them and report them. */
import { isTerminal } from "../domain/status.ts";
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
  /**
   * Waits for every unobserved execution, those started meanwhile included; each with what it failed with.
   * @param patient asked each time; when it says no, what still runs is not waited for, and left out.
   */
  settle(patient?: () => boolean): Promise<SettledExecution[]>;
}

/** Filed, and not known to have ended. */
export function goesOn({ status }: Execution<unknown>): boolean {
  return status !== undefined && !isTerminal(status);
}

export function createExecutionTracker(): ExecutionTracker {
  const ignored = new Set<Execution<unknown>>();
  const open = new Set<Execution<unknown>>();

  const endOf = (execution: Execution<unknown>): PromiseLike<SettledExecution> =>
    execution.then(
      () => ({ execution, error: undefined }),
      (error: unknown) => ({ execution, error }),
    );

  async function endIfKnown(execution: Execution<unknown>): Promise<SettledExecution | undefined> {
    ignored.delete(execution);
    // Its refusal is what it has ended with.
    await execution.submitted.catch(() => {});
    return goesOn(execution) ? undefined : endOf(execution);
  }

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
    async settle(patient = () => true) {
      const settled: SettledExecution[] = [];
      while (ignored.size > 0) {
        // Waiting is observing: each leaves `ignored` here, and what starts meanwhile is for the next round.
        const round = [...ignored].map<PromiseLike<SettledExecution | undefined>>(patient() ? endOf : endIfKnown);
        for (const one of await Promise.all(round)) if (one) settled.push(one);
      }
      return settled;
    },
  };
}
