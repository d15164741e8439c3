/**
 * Ends what does not end by itself: code inside a native loop, which the engine's own check never sees
 * (`new Array(2 ** 32 - 1).indexOf(1)`), and scripts that go on after an interrupt.
 */
import type { Control } from "./control.ts";

const CHECK_EVERY = 250;
/** How long past its budget the engine may be: its own check comes about every millisecond. */
const OVERDUE = 1_000;
/** An interrupted script that is computing gets this long to come to an await, where it can be told. */
const BUSY = 500;
/** From raising the stop flag to giving the thread up. */
const GIVE_UP = 500;

export interface Watchdog {
  start(): void;
  stop(): void;
  /** Once; `grace` in ms is what the script has left. */
  interrupt(grace: number): void;
  interrupted(): boolean;
  /** The guest has rejected its pending awaits. */
  acknowledged(): void;
}

export interface WatchdogOptions {
  control: Control;
  sendInterrupt: () => void;
  /** The thread must be given up. */
  onOverdue: (kind: "cpu" | "stopped") => void;
}

export function createWatchdog({ control, sendInterrupt, onOverdue }: WatchdogOptions): Watchdog {
  const timers = new Set<NodeJS.Timeout>();
  let checks: NodeJS.Timeout | undefined;
  let busy: NodeJS.Timeout | undefined;
  let interrupted = false;

  function after(ms: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
    return timer;
  }

  function halt(): void {
    control.stop();
    // Idle: there is nothing inside that could honour the flag.
    if (control.state() === "idle") onOverdue("stopped");
    else after(GIVE_UP, () => onOverdue("stopped"));
  }

  return {
    start() {
      checks ??= setInterval(() => {
        if (control.state() === "running" && control.now() > control.deadline() + OVERDUE) onOverdue("cpu");
      }, CHECK_EVERY);
    },
    stop() {
      clearInterval(checks);
      checks = undefined;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
    interrupt(grace) {
      if (interrupted) return;
      interrupted = true;
      control.interrupt();
      sendInterrupt();
      busy = after(Math.min(BUSY, grace), halt);
      after(grace, halt);
    },
    interrupted: () => interrupted,
    acknowledged() {
      clearTimeout(busy);
    },
  };
}
