/**
 * Batching without delay: while one request is on its way, whatever else becomes ready waits and travels in the next.
 * A quiet worker sends at once; a busy one sends large batches, because they fill up by themselves.
 */

export interface Lane {
  /** There may be something to send. */
  wake(): void;
  /** Nothing is on its way, and nothing more will be sent. */
  stop(): Promise<void>;
}

/** @param send takes what is ready and sends it; false = there was nothing. It deals with its failures itself. */
export function createLane(send: () => Promise<boolean>): Lane {
  let stopped = false;
  let woken = false;
  let scheduled = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (woken && !stopped) {
      woken = false;
      // Sent as long as there is more; a wake in the meantime asks for one more look.
      while (!stopped && (await send()));
    }
  }

  function schedule(): void {
    if (!woken || scheduled || running || stopped) return;
    scheduled = true;
    // After this turn of the event loop: what ends within one turn (16 no-ops of one claim, say) travels together.
    setImmediate(() => {
      scheduled = false;
      running = run().finally(() => {
        running = undefined;
        schedule();
      });
    });
  }

  return {
    wake() {
      woken = true;
      schedule();
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}
