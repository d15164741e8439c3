/** One start/stop contract for every long-lived part: idempotent, awaitable, stopped in reverse order. */

export interface Lifecycle {
  /** Resolves when the part is ready. A second call returns the first call's promise. */
  start(): Promise<void>;
  /** Resolves when the part holds nothing any more. Safe before start, and twice. */
  stop(): Promise<void>;
}

export interface LifecycleSteps {
  start: () => Promise<void> | void;
  stop: () => Promise<void> | void;
}

/** Makes a part idempotent: `start` and `stop` run once each, and `stop` waits for a start under way. */
export function lifecycle(steps: LifecycleSteps): Lifecycle {
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  return {
    start() {
      starting ??= (async () => steps.start())();
      return starting;
    },
    stop() {
      stopping ??= (async () => {
        if (!starting) return;
        await starting.catch(() => {});
        await steps.stop();
      })();
      return stopping;
    },
  };
}
