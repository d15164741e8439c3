/** The two ways to a server: over HTTP, and into one that runs in this process. */
import { certificateFault } from "../core/certificate-errors.ts";
import { type ErrorBody, isErrorCode, messageOf, WilcoError } from "../core/errors.ts";
import { overNetwork, type HttpAnswer } from "../core/http/over-network.ts";
import type { WorkerRequest } from "./api.ts";

/**
 * @param options.url of the server, e.g. "http://127.0.0.1:7070"; of several on one database "A,B": the one that answered
 *   last is asked until it does not.
 * @param options.token a worker token.
 */
export function createHttpRequest({ url, token }: { url: string; token: string }): WorkerRequest {
  const servers = url.split(",").map((one) => one.trim().replace(/\/+$/, ""));
  const ask = createExchange(token);
  let current = 0;
  async function askCurrent<T>(make: (server: string) => Promise<T>): Promise<T> {
    const asked = current;
    try {
      return await make(servers[asked]!);
    } catch (error) {
      // The loops of the worker repeat; several of them may have found out at once.
      if (isAbsent(error) && asked === current) current = (asked + 1) % servers.length;
      throw error;
    }
  }
  return Object.assign(
    ((method, path, body, options) =>
      askCurrent((server) => ask(server, method, path, body, options))) as WorkerRequest,
    {
      stream: (path: string, signal: AbortSignal) => askCurrent((server) => streamFrom(server, path, token, signal)),
    },
  );
}

/** Resolves with the beginning of the answer: the deadline is for that, what follows may take as long as it flows. */
async function streamFrom(
  server: string,
  path: string,
  token: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), STREAM_TIMEOUT);
  let answer: HttpAnswer;
  try {
    answer = await overNetwork({
      method: "GET",
      url: server + path,
      headers: { authorization: `Bearer ${token}` },
      body: undefined,
      download: true,
      signal: AbortSignal.any([signal, silent.signal]),
    });
  } catch (error) {
    clearTimeout(timer);
    signal.throwIfAborted();
    throw silent.signal.aborted ? unreachable(server, "no answer", error) : unanswered(server, error);
  }
  if (answer.bytes) return flowing(answer.bytes, server, timer, signal);
  clearTimeout(timer);
  throw refusalOf(answer.status, answer.text, server);
}

async function* flowing(
  body: AsyncIterable<Uint8Array>,
  server: string,
  timer: NodeJS.Timeout,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(server, `the content broke off (${messageOf(error)})`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** ms without a byte until a stream is given up. */
const STREAM_TIMEOUT = 30_000;

function isAbsent(error: unknown): boolean {
  return error instanceof WilcoError && (error.code === "unreachable" || error.code === "unavailable");
}

type Exchange = (base: string, ...request: Parameters<WorkerRequest>) => Promise<unknown>;

function createExchange(token: string): Exchange {
  return async (base, method, path, body, { signal, timeout }) => {
    const deadline = AbortSignal.timeout(Math.max(1, Math.min(timeout, 2 ** 31 - 1)));
    let answer: HttpAnswer;
    try {
      // One attempt: the loops of the worker repeat with the same ids, and a repetition in here would hide it from them.
      answer = await overNetwork({
        method,
        url: base + path,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(body ?? {}),
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw deadline.aborted ? unreachable(base, `no answer within ${timeout} ms`, error) : unanswered(base, error);
    }
    return answerOf(answer.status, answer.text, base);
  };
}

/** What `fastify.inject` is, as far as it matters here: the worker does not import the server. */
export type Inject = (request: {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  payload?: string;
  payloadAsStream?: boolean;
}) => Promise<{ statusCode: number; payload: string; stream(): AsyncIterable<Uint8Array> }>;

/** @param options.inject the `inject` of a server in this process. An injected request can't be aborted: it is let go. */
export function createInjectRequest({ inject, token }: { inject: Inject; token: string }): WorkerRequest {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const request = (async (method, path, body, { signal }) => {
    signal?.throwIfAborted();
    const answered = inject({ method, url: path, headers, payload: JSON.stringify(body ?? {}) });
    const { statusCode, payload } = await (signal ? orAborted(answered, signal) : answered);
    return answerOf(statusCode, payload, HERE);
  }) as WorkerRequest;
  return Object.assign(request, {
    async stream(path: string, signal: AbortSignal) {
      const authorization = headers.authorization;
      const answered = inject({ method: "GET", url: path, headers: { authorization }, payloadAsStream: true });
      const answer = await orAborted(answered, signal);
      const bytes = answer.stream();
      if (answer.statusCode === 200) return bytes;
      const parts: Uint8Array[] = [];
      for await (const part of bytes) parts.push(part);
      throw refusalOf(answer.statusCode, Buffer.concat(parts).toString("utf8"), HERE);
    },
  });
}

const REDIRECTED = "Give the worker the URL that it redirects to; until then it goes on trying.";
const HERE = "the server in this process";

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function answerOf(status: number, text: string, server: string): unknown {
  // Not followed: a POST could become a GET, and the token would go to another host.
  if (status >= 300 && status < 400) throw unreachable(server, `it redirects (${status})`, text, REDIRECTED);
  const ok = status >= 200 && status < 300;
  if (ok && text === "") return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw unreachable(server, `it answered ${status} with something that is not JSON: is it a wilco server?`, error);
  }
  if (ok) return body;
  throw errorOf(status, body, server);
}

function errorOf(status: number, body: unknown, server: string): WilcoError {
  const { code, message } = body as Partial<ErrorBody>;
  if (isErrorCode(code) && typeof message === "string") return WilcoError.fromBody(body as ErrorBody);
  return unreachable(server, `it answered ${status}`, body);
}

/** What an answer says that was to be a stream. */
function refusalOf(status: number, text: string, server: string): WilcoError {
  try {
    return errorOf(status, JSON.parse(text), server);
  } catch (error) {
    return unreachable(server, `it answered ${status} with something that is not JSON: is it a wilco server?`, error);
  }
}

function unreachable(
  server: string,
  why: string,
  cause: unknown,
  hint = "Check the URL and that the server runs; the worker goes on trying.",
): WilcoError {
  return new WilcoError({ code: "unreachable", message: `${server} can't be reached: ${why}.`, hint, cause });
}

/** What became of a request that was not answered. */
function unanswered(server: string, error: unknown): WilcoError {
  const innermost = innermostOf(error);
  const { code } = innermost as { code?: unknown };
  const distrusted = typeof code === "string" ? certificateFault(code, messageOf(innermost)) : undefined;
  return unreachable(server, distrusted?.reason ?? messageOf(innermost), error, distrusted?.hint);
}

/** "localhost" is tried over IPv6 and IPv4: one error for both, which says nothing. */
function innermostOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] as unknown) : error;
}
