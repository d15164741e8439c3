/** Lets go of connections when the server stops. */
import type { FastifyInstance } from "fastify";
import type { Socket } from "node:net";
import type { Logger } from "pino";

const SWEEP_EVERY = 50;
/** A connection that was opened and has said nothing for this long is not about to ask, ms. */
const SILENT = 250;
/** A client that has not read its answer by then does not keep the server from stopping, ms. */
const GRACE = 10_000;

export interface Connections {
  close(log: Logger): void;
}

/**
 * Node closes the connections that are idle when `close` is called; one whose answer ends a moment later would stay
 * open for its keep-alive timeout (72 s), and the stop with it. One that has never asked anything (clients open them in
 * advance) does not even count as idle.
 */
export function watchConnections({ server }: FastifyInstance): Connections {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    close(log) {
      if (!server.listening) return;
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY);
      const silent = setTimeout(() => {
        for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
      }, SILENT);
      const cut = setTimeout(() => {
        log.warn({ after: GRACE }, "closing connections whose clients did not read their answers");
        server.closeAllConnections();
      }, GRACE);
      server.once("close", () => {
        clearInterval(sweep);
        clearTimeout(silent);
        clearTimeout(cut);
      });
    },
  };
}
