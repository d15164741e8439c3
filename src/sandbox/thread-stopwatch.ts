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

export interface StopwatchOptions {
  control: Control;
  /** ms */
  budget: number;
  /**
   * ms that this thread has computed; only differences count. Default: the processor time of the thread, because on a
   * busy machine much more time than that goes by; the time that goes by where Node can't tell it (before 24).
   */
  computed?: () => number;
}

export function createStopwatch({ control, budget, computed = threadTime(control) }: StopwatchOptions): Stopwatch {
  let left = budget;
  let begin = 0;
  /** Not before then is the budget used up, by `control.now()`: the watchdog ends the thread some time later. */
  let deadline = Infinity;

  return {
    start() {
      begin = computed();
      deadline = control.now() + left;
      control.run(deadline);
    },
    stop() {
      left -= computed() - begin;
      deadline = Infinity;
      control.pause("idle");
    },
    blocked(wait) {
      const wall = control.now();
      const before = computed();
      control.pause("blocked");
      try {
        return wait();
      } finally {
        begin += computed() - before;
        deadline += control.now() - wall;
        control.run(deadline);
      }
    },
    over() {
      if (left <= 0) return true;
      const now = control.now();
      if (now < deadline) return false;
      const rest = left - (computed() - begin);
      if (rest <= 0) return true;
      deadline = now + rest;
      control.run(deadline);
      return false;
    },
  };
}

function threadTime(control: Control): () => number {
  if (typeof process.threadCpuUsage !== "function") return control.now;
  return () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
}
