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

/** Starts parts in order and stops them in reverse; a part that fails to start stops those before it. */
export function lifecycleGroup(parts: Lifecycle[]): Lifecycle {
  return lifecycle({
    start: async () => {
      const started: Lifecycle[] = [];
      for (const part of parts) {
        try {
          await part.start();
          started.push(part);
        } catch (error) {
          for (const earlier of started.toReversed()) await earlier.stop().catch(() => {});
          throw error;
        }
      }
    },
    stop: async () => {
      const failures: unknown[] = [];
      for (const part of parts.toReversed()) await part.stop().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  });
}
