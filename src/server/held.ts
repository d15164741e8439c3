/** Requests that are held open: they end early when the client goes away or the server stops. */
import type { FastifyReply } from "fastify";

/**
 * A signal that aborts when the client goes away before it is answered.
 * @param wait how long the request is held at most, ms; one that is answered at once is not watched.
 */
export function clientGone(reply: FastifyReply, wait: number | undefined): AbortSignal {
  if (wait === undefined || wait === 0) return NEVER;
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableEnded) controller.abort();
  });
  return controller.signal;
}

const NEVER = new AbortController().signal;
