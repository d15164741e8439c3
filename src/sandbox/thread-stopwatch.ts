/** Counts the time inside the VM: awaiting and blocking on a look-up are free, computing is not. */
import type { Control } from "./control.ts";

export interface Stopwatch {
  start(): void;
  stop(): void;
  /** Runs something during which the VM only waits. */
  blocked<T>(wait: () => T): T;
  /** The budget is used up. */
  over(): boolean;
}

export function createStopwatch({ control, budget }: { control: Control; budget: number }): Stopwatch {
  let left = budget;
  let deadline = Infinity;

  return {
    start() {
      deadline = control.now() + left;
      control.run(deadline);
    },
    stop() {
      left = deadline - control.now();
      deadline = Infinity;
      control.pause("idle");
    },
    blocked(wait) {
      const begin = control.now();
      control.pause("blocked");
      try {
        return wait();
      } finally {
        deadline += control.now() - begin;
        control.run(deadline);
      }
    },
    over: () => left <= 0 || control.now() >= deadline,
  };
}
