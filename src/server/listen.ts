/** Opens the socket. Tokens and opened secrets travel over it, so off this machine it is TLS, or an explicit "insecure". */
import type { FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import { messageOf, WilcoError } from "../core/errors.ts";

export interface ListenOptions {
  /** Default "127.0.0.1". */
  host?: string;
  /** 0 = any free port. */
  port: number;
  /** Whether the app was created with `tls`. */
  tls?: boolean;
  /** Listen on another address than loopback without TLS, e.g. behind a proxy that has it. */
  insecure?: boolean;
}

/**
 * @returns the URL, such as "http://127.0.0.1:7070".
 * @throws WilcoError `invalid_request` for an address that needs TLS; `unavailable` for one that can't be listened on.
 */
export async function startListening(app: FastifyInstance, options: ListenOptions): Promise<string> {
  const { host = "127.0.0.1", port, tls = false, insecure = false } = options;
  if (!tls && !insecure && !isLoopback(host)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `Listening on ${host} without TLS would send tokens and secrets in clear over the network`,
      hint: "Give --tls-cert and --tls-key, or --insecure when something in front of the server has TLS.",
    });
  }
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw cantListen(host, port, error);
  }
  const address = app.server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${tls ? "https" : "http"}://${name}:${address.port}`;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function cantListen(host: string, port: number, error: unknown): WilcoError {
  const { code } = error as { code?: unknown };
  const [why, hint] =
    code === "EADDRINUSE"
      ? ["another process has it", "Stop that process, or choose another --port."]
      : code === "EACCES"
        ? ["this user may not", "Choose a --port from 1024."]
        : code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
          ? ["this machine has no such address", "Give --host an address of this machine."]
          : [messageOf(error), "Choose another --host or --port."];
  return new WilcoError({
    code: "unavailable",
    message: `Can't listen on ${host}:${port}: ${why}`,
    hint,
    cause: error,
  });
}
