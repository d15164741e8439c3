/** Removes old content that nothing needs, and what servers that died left behind: at the start and every hour. */
import { messageOf } from "../core/errors.ts";
import type { ContentStore } from "./store.ts";

export interface CollectorOptions {
  content: Pick<ContentStore, "collect" | "sweep">;
  /** ms since content was uploaded and last used. */
  age: () => Promise<number>;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** ms. Default 1 h. */
  every?: number;
}

const HOUR = 3_600_000;

/** Several servers of one database may do it at once: each content is locked while it is looked at. */
export function createCollector({ content, age, log, every = HOUR }: CollectorOptions) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function round(): Promise<void> {
    try {
      const old = await age();
      for (;;) {
        const removed = await content.collect(old);
        if (removed === 0) return;
        log.info({ removed }, "removed content that nothing needed");
      }
    } catch (error) {
      log.warn({ error: messageOf(error) }, "old content could not be removed, it is tried again in an hour");
    }
  }

  return {
    async start(): Promise<void> {
      // Before the first upload: what is incoming in the directory is nobody's then.
      await content.sweep();
      timer = setInterval(() => (running = round()), every);
      timer.unref();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await running;
    },
  };
}
