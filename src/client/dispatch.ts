/** One HTTP exchange and nothing more: what `transport` repeats, and what an in-process server replaces. */
import type { Readable } from "node:stream";

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

/** Over the network. The library is loaded with the first request: it costs a command's start-up 13 ms. */
export const dispatchOverNetwork: Dispatch = async (request) => {
  if (request.upload || request.download) return (await import("./stream-exchange.ts")).exchangeStream(request);
  const { method, url, headers, body, signal } = request;
  const { ofetch } = await import("ofetch");
  const answer = await ofetch.raw<string, "text">(url, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body }),
    responseType: "text",
    ignoreResponseError: true,
    // Repeating is decided in one place, by what is safe: not here.
    retry: false,
    // A followed redirect turns a POST into a GET, and carries the token to another host.
    redirect: "manual",
  });
  return { status: answer.status, text: answer._data ?? "" };
};
