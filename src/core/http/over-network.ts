/** One HTTP exchange over the network. What it takes is loaded with the first one. */
import type { Agent } from "node:https";
import type { Readable } from "node:stream";
import type { SecureContext } from "node:tls";

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute. */
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
  /** Instead of `body`: bytes that do not fit in memory. Opened anew for each attempt. */
  upload?: Upload | undefined;
  /** The answer, when it is 200, is wanted as `bytes`. */
  download?: boolean | undefined;
  /** Aborts the exchange. */
  signal: AbortSignal;
}

export interface Upload {
  /** Bytes. */
  size: number;
  open(): Readable;
}

export interface HttpAnswer {
  status: number;
  text: string;
  /** Of a download. */
  bytes?: AsyncIterable<Uint8Array>;
}

/** Whom to trust instead of those that Node trusts. */
export interface Trust {
  /** For connections that are kept: Node's own would lend them to whoever trusts less. */
  agent: Agent;
  /** For connections of their own. */
  secureContext: SecureContext;
}

/**
 * Resolves with any answer, whatever its status; rejects when there was none. Not by fetch, which takes long to load and
 * refuses some ports that a server may have (6667).
 */
export async function overNetwork(request: HttpRequest, trust?: Trust): Promise<HttpAnswer> {
  if (request.upload || request.download) return (await import("./stream-exchange.ts")).exchangeStream(request, trust);
  return (await import("./exchange.ts")).exchangeText(request, trust);
}
