/** Promises that a handler let go of, in the process of the worker that runs it. */
import type { Logger } from "pino";

/**
 * Node ends the process for a rejection that nobody handles. Types written in TypeScript run in the worker's process:
 * one forgotten `await` in a handler would end the executions of all others with it. So it is logged, and work goes on.
 * @returns ends it: rejections do what they do by default.
 */
export function logStrayRejections(log: Logger, proc: NodeJS.Process = process): () => void {
  const listener = (reason: unknown) => {
    const error = reason instanceof Error ? reason : new Error(`rejected with ${String(reason)}`);
    log.error({ err: error }, "a promise was rejected that nobody awaits; an await is missing in a handler");
  };
  proc.on("unhandledRejection", listener);
  return () => void proc.off("unhandledRejection", listener);
}
