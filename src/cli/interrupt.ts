/** SIGINT, SIGTERM and SIGHUP as an AbortSignal: the first one asks the command to end, a second one ends it at once. */
import { SIGNAL_EXIT, type EndingSignal } from "./exit-codes.ts";

export interface Interrupt {
  signal: AbortSignal;
  /** The signal that came first. */
  cause(): EndingSignal | undefined;
  /** Calls `listener` for the second signal too, instead of ending the process. */
  onAgain(listener: () => void): void;
  /** Stops listening: signals do what they do by default. */
  dispose(): void;
}

export function listenForInterrupt(proc: NodeJS.Process = process): Interrupt {
  const controller = new AbortController();
  let cause: EndingSignal | undefined;
  let again: (() => void) | undefined;
  const listener = (name: NodeJS.Signals) => {
    if (cause === undefined) {
      cause = name as EndingSignal;
      controller.abort();
    } else if (again) again();
    else proc.exit(SIGNAL_EXIT[name as EndingSignal]);
  };
  const names = Object.keys(SIGNAL_EXIT) as EndingSignal[];
  for (const name of names) proc.on(name, listener);
  return {
    signal: controller.signal,
    cause: () => cause,
    onAgain: (next) => void (again = next),
    dispose: () => names.forEach((name) => proc.off(name, listener)),
  };
}

/** Listens while `work` runs. */
export async function withInterrupt<T>(work: (interrupt: Interrupt) => Promise<T>): Promise<T> {
  const interrupt = listenForInterrupt();
  try {
    return await work(interrupt);
  } finally {
    interrupt.dispose();
  }
}
