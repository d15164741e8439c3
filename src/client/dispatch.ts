/** One HTTP exchange and nothing more: what `transport` repeats, and what an in-process server replaces. */
import type { Readable } from "node:stream";
import type { Trust } from "./trust.ts";

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

/** Resolves with any answer, whatever its status; rejects when there was none. */
export type Dispatch = (request: HttpRequest) => Promise<HttpAnswer>;

/** Over the network. What it takes is loaded with the first request. */
export const dispatchOverNetwork: Dispatch = async (request) => overNetwork(request);

/** @param trust default: what Node trusts. */
export async function overNetwork(request: HttpRequest, trust?: Trust): Promise<HttpAnswer> {
  if (request.upload || request.download) return (await import("./stream-exchange.ts")).exchangeStream(request, trust);
  return (await import("./exchange.ts")).exchangeText(request, trust);
}
