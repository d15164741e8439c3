/** Requests that are held open: they end early when the client goes away or the server stops. */
import type { FastifyReply } from "fastify";
import type { ServerResponse } from "node:http";
import { LightAbort, type LightSignal } from "../core/light-abort.ts";

/**
 * A signal that aborts when the client goes away before it is answered.
 * @param wait how long the request is held at most, ms; one that is answered at once is not watched.
 */
export function clientGone(reply: FastifyReply, wait: number | undefined): AbortSignal {
  if (wait === undefined || wait === 0) return NEVER;
  const controller = new AbortController();
  abortOnClose(reply.raw, controller);
  return controller.signal;
}

/** The same for what is held for idle workers, where a signal's weight counts. */
export function workerGone(reply: FastifyReply, wait: number): LightSignal {
  if (wait === 0) return NEVER;
  const gone = new LightAbort();
  abortOnClose(reply.raw, gone);
  return gone;
}

function abortOnClose(response: ServerResponse, controller: { abort(): void }): void {
  // It closes once, and `once` would keep three objects more.
  response.on("close", () => {
    if (!response.writableEnded) controller.abort();
  });
}

const NEVER = new AbortController().signal;
