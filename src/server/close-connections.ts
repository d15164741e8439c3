/** Lets go of connections when the server stops. */
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";

const SWEEP_EVERY = 50;
/** A client that has not read its answer by then does not keep the server from stopping, ms. */
const GRACE = 10_000;

/**
 * Node closes the connections that are idle when `close` is called; one whose answer ends a moment later would stay
 * open for its keep-alive timeout (72 s), and the stop with it.
 */
export function closeConnections(app: FastifyInstance, log: Logger): void {
  const { server } = app;
  if (!server.listening) return;
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY);
  const cut = setTimeout(() => {
    log.warn({ after: GRACE }, "closing connections whose clients did not read their answers");
    server.closeAllConnections();
  }, GRACE);
  server.once("close", () => {
    clearInterval(sweep);
    clearTimeout(cut);
  });
}
