/**
 * A body that trickles in is cut off. Node's own limit is for the whole server, and content may take hours on a slow
 * line: that has a limit of its own, between two of its pieces (`routes/content.ts`).
 */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

/** Time to receive a whole body, ms. */
const BODY_TIMEOUT = 120_000;
const LOOK_EVERY = 5_000;

export interface BodyTimeout {
  /** The body is there. */
  received(request: IncomingMessage): void;
}

/** One timer for all: at thousands of requests a second a timer and a listener each would be felt. */
export function watchBodies(app: FastifyInstance): BodyTimeout {
  const awaited = new Map<IncomingMessage, number>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [request, since] of awaited) {
      if (request.complete || request.destroyed) awaited.delete(request);
      else if (now - since > BODY_TIMEOUT) {
        awaited.delete(request);
        request.destroy();
      }
    }
  }, LOOK_EVERY);
  timer.unref();
  app.addHook("onClose", async () => clearInterval(timer));
  app.addHook("onRequest", (request, _reply, done) => {
    const { headers } = request.raw;
    const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
    if (hasBody && request.routeOptions.config.streams !== true) awaited.set(request.raw, performance.now());
    done();
  });
  return { received: (request) => void awaited.delete(request) };
}
