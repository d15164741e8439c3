/** One HTTP exchange of an operation: bounded in time and size, its failures told as sentences. */
import { messageOf } from "../core/errors.ts";
import { OperationError } from "./operation-error.ts";

export interface HttpRequest {
  method: string;
  url: string;
  headers?: Record<string, string>;
  /** A text is sent as it is, anything else as JSON; undefined = no body. */
  body?: unknown;
  /** ms for the whole exchange, the answer's body included. */
  timeout: number;
  signal: AbortSignal;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  /** As UTF-8. */
  text: string;
  /** ms from the call to the last byte of the answer. */
  latency: number;
}

/** Base64 or escapes may double it on the way, and results are at most 4 MB. */
const BODY_LIMIT = 2 * 1024 * 1024;

/**
 * @throws OperationError `unreachable` (no answer: refused, reset, unknown host), `http_timeout`, `result_too_large`,
 *   `invalid_request`; the reason of `signal` when that aborts it. Any status is an answer.
 */
export async function exchange(request: HttpRequest): Promise<HttpReply> {
  const { method, url, signal, timeout } = request;
  requireUrl(url);
  signal.throwIfAborted();
  const start = performance.now();
  const deadline = AbortSignal.timeout(Math.min(Math.ceil(timeout), 2 ** 31 - 1));
  try {
    // Loaded with the first exchange.
    const { ofetch } = await import("ofetch");
    const response = await ofetch.raw(url, {
      ...init(request),
      method,
      signal: AbortSignal.any([signal, deadline]),
      // Read here, to its bound, whatever its status is; and whether to ask twice is for whoever calls the operation.
      responseType: "stream",
      ignoreResponseError: true,
      retry: false,
    });
    const text = await boundedText(response, url);
    const latency = Math.round((performance.now() - start) * 10) / 10;
    return { status: response.status, headers: Object.fromEntries(response.headers), text, latency };
  } catch (error) {
    if (error instanceof OperationError) throw error;
    signal.throwIfAborted();
    if (deadline.aborted) {
      throw new OperationError({
        code: "http_timeout",
        message: `${method} ${shown(url)} was not answered within ${timeout} ms.`,
        cause: error,
      });
    }
    throw new OperationError({
      code: "unreachable",
      message: `${method} ${shown(url)} got no answer: ${reason(error)}.`,
      cause: error,
    });
  }
}

/** True for failures of the connection, which a check reports as "down" instead of failing. */
export function isNoAnswer(error: unknown): error is OperationError {
  return error instanceof OperationError && (error.code === "unreachable" || error.code === "http_timeout");
}

/** A URL for messages and logs: without user, password and query, which may be secret. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function requireUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return;
  throw new OperationError({
    code: "invalid_request",
    message: parsed ? `The URL's scheme is ${parsed.protocol}, not http: or https:.` : "The URL can't be read.",
    hint: 'Write a whole URL, e.g. "http://127.0.0.1:8080/health".',
  });
}

/**
 * A connection of its own for each exchange: a pooled one may have died with the server that was just restarted. The body
 * is bytes, because ofetch takes every text for JSON.
 */
function init({ headers = {}, body }: HttpRequest): { headers: Headers; body?: Uint8Array<ArrayBuffer> } {
  const sent = new Headers();
  try {
    for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  } catch (error) {
    throw new OperationError({
      code: "invalid_request",
      message: `A header can't be sent: ${messageOf(error)}.`,
      cause: error,
    });
  }
  if (!sent.has("connection")) sent.set("connection", "close");
  if (body === undefined) return { headers: sent };
  const isText = typeof body === "string";
  if (!sent.has("content-type")) sent.set("content-type", isText ? "text/plain;charset=UTF-8" : "application/json");
  return { headers: sent, body: new TextEncoder().encode(isText ? body : JSON.stringify(body)) };
}

async function boundedText(response: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > BODY_LIMIT) {
      throw new OperationError({
        code: "result_too_large",
        message: `The answer of ${shown(url)} is larger than ${BODY_LIMIT / 1024 / 1024} MB.`,
        hint: "Ask for less, or download it with a command.",
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name could not be looked up",
  EHOSTUNREACH: "the host can't be reached",
  ENETUNREACH: "the network can't be reached",
  ETIMEDOUT: "connecting took too long",
  UND_ERR_CONNECT_TIMEOUT: "connecting took too long",
};

/** ofetch and fetch say that it failed; what happened is in their causes. */
function reason(error: unknown): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== undefined && REASONS[code] !== undefined) return REASONS[code];
    if (cause.cause === undefined) return cause.message || (code ?? cause.name);
  }
  return messageOf(error);
}
