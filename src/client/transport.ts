/**
 * Requests to the server: bearer token, a deadline for each attempt, and repetition with backoff of what is safe to
 * repeat. A request is safe when it changes nothing, carries an idempotency key, comes to the same when it is carried out
 * twice, or was certainly not carried out. Of several servers the one that answered last is asked, until it does not.
 */
import { backoffDelay, type Backoff } from "../core/backoff.ts";
import { WilcoError } from "../core/errors.ts";
import { dispatchOverNetwork, type Dispatch, type HttpAnswer, type HttpRequest, type Upload } from "./dispatch.ts";
import {
  faultOfAnswer,
  faultOfDeadline,
  faultOfError,
  readAnswer,
  unreachable,
  type Fault,
} from "./transport-errors.ts";

export interface TransportOptions {
  /** Of the server, e.g. "http://127.0.0.1:7070"; a path before /v1 is kept. Of several on one database: "A,B". */
  url: string;
  token?: string | undefined;
  /** How long a safe request is repeated after its first failure, ms. Default 30,000. 0 = one attempt. */
  retryTime?: number | undefined;
  /** Deadline of one attempt, without the time it asks to be held, ms. Default 10,000. */
  attemptTimeout?: number | undefined;
  backoff?: Backoff | undefined;
  /** Replaces the network, e.g. by the injection of an in-process server. */
  dispatch?: Dispatch | undefined;
}

export interface RequestOptions {
  query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  body?: unknown;
  /** Bytes instead of `body`. */
  upload?: Upload | undefined;
  /** The answer is a stream of bytes. */
  download?: boolean | undefined;
  idempotencyKey?: string | undefined;
  ifMatch?: string | undefined;
  /** Changes nothing although it is no GET. */
  readOnly?: boolean | undefined;
  /** Carried out twice it comes to the same. */
  idempotent?: boolean | undefined;
  /** How long the server may hold it, ms; added to the attempt's deadline. */
  hold?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Instead of the transport's. */
  retryTime?: number | undefined;
}

export interface Transport {
  readonly url: string;
  readonly retryTime: number;
  /**
   * @param path from `protocol/paths`.
   * @returns the answer's JSON; undefined when it has none.
   * @throws WilcoError by the server's code; `unreachable`; `interrupted` when aborted or closed.
   */
  request<T>(method: HttpRequest["method"], path: string, options?: RequestOptions): Promise<T>;
  /** Ends what is under way, and refuses what comes. */
  close(): void;
}

/** Requests under way at once; held ones do not count. More sockets than this gain nothing and cost both ends memory. */
const CONCURRENCY = 32;
const LONGEST_TIMER = 2 ** 31 - 1;

export function createTransport(options: TransportOptions): Transport {
  const { token, retryTime = 30_000, attemptTimeout = 10_000, backoff, dispatch = dispatchOverNetwork } = options;
  const urls = options.url.split(",").map((url) => baseUrl(url.trim()));
  /** Of `urls`, the one that is asked. */
  let current = 0;
  /** What close() ends: attempts and pauses. */
  const stops = new Set<() => void>();
  const waiting: Array<() => void> = [];
  let underWay = 0;
  let closed = false;

  function throwIfStopped(signal: AbortSignal | undefined): void {
    if (!closed && !signal?.aborted) return;
    const message = closed ? "The client was closed" : "The request was given up";
    throw new WilcoError({ code: "interrupted", message, hint: "What was submitted goes on." });
  }

  /** Calls `stop` when the caller's signal or close() says so, until the returned function is called. */
  function onStop(signal: AbortSignal | undefined, stop: () => void): () => void {
    stops.add(stop);
    signal?.addEventListener("abort", stop, { once: true });
    return () => {
      stops.delete(stop);
      signal?.removeEventListener("abort", stop);
    };
  }

  async function attempt(
    request: Omit<HttpRequest, "signal">,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<{ value: unknown } | { fault: Fault }> {
    throwIfStopped(signal);
    // A controller of its own: a deadline belongs to each attempt.
    const controller = new AbortController();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      controller.abort();
    }, deadline);
    const release = onStop(signal, () => controller.abort());
    let answer: HttpAnswer;
    try {
      answer = await dispatch({ ...request, signal: controller.signal });
    } catch (error) {
      throwIfStopped(signal);
      return { fault: late ? faultOfDeadline(deadline) : faultOfError(error) };
    } finally {
      clearTimeout(timer);
      // What streams on is aborted by whoever reads it.
      release();
    }
    const fault = faultOfAnswer(answer);
    if (fault) return { fault };
    return answer.bytes ? { value: answer.bytes } : readAnswer(answer);
  }

  async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const release = onStop(signal, done);
      function done(): void {
        clearTimeout(timer);
        release();
        resolve();
      }
    });
  }

  async function repeat<T>(method: HttpRequest["method"], path: string, settings: RequestOptions): Promise<T> {
    const { hold = 0, signal, idempotencyKey } = settings;
    const patience = settings.retryTime ?? retryTime;
    const readOnly = method === "GET" || settings.readOnly === true;
    const target = `${path}${queryText(settings.query)}`;
    const request = {
      method,
      headers: headersOf(token, settings),
      body: settings.body === undefined ? undefined : bodyText(settings.body),
      upload: settings.upload,
      download: settings.download,
    };
    // How long bytes take nobody knows; that they move is looked after where they are sent.
    const deadline = settings.upload || settings.download ? LONGEST_TIMER : attemptTimeout + hold;
    let failedAt: number | undefined;
    let maybeDone = false;
    for (let attempts = 1; ; attempts++) {
      const asked = current;
      const outcome = await attempt({ ...request, url: `${urls[asked]}${target}` }, deadline, signal);
      if ("value" in outcome) return outcome.value as T;
      const { fault } = outcome;
      // Unless another request has found out already.
      if (asked === current) current = (asked + 1) % urls.length;
      const askedAll = attempts >= urls.length;
      if (!fault.neverSent) maybeDone = true;
      const now = performance.now();
      failedAt ??= now;
      const elapsed = now - failedAt;
      const safe = readOnly || settings.idempotent === true || idempotencyKey !== undefined || fault.neverSent;
      if (!safe || (askedAll && (fault.permanent || elapsed >= patience))) {
        const uncertain = maybeDone && !readOnly;
        throw unreachable({ url: urls.join(", "), what: `${method} ${path}`, fault, attempts, elapsed, uncertain });
      }
      // The next server may be there; only after a round of all of them it is worth to wait.
      if (attempts % urls.length !== 0) continue;
      // The last attempt falls on the end of the patience, not somewhere before it.
      await pause(Math.min(backoffDelay(attempts / urls.length - 1, backoff), Math.max(1, patience - elapsed)), signal);
    }
  }

  async function enter(): Promise<void> {
    if (underWay < CONCURRENCY) underWay++;
    // Otherwise the one that leaves hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else underWay--;
  }

  return {
    url: urls.join(","),
    retryTime,
    async request<T>(method: HttpRequest["method"], path: string, settings: RequestOptions = {}) {
      if (settings.hold !== undefined && settings.hold > 0) return repeat<T>(method, path, settings);
      await enter();
      try {
        return await repeat<T>(method, path, settings);
      } finally {
        leave();
      }
    },
    close() {
      closed = true;
      for (const stop of stops) stop();
    },
  };
}

function headersOf(
  token: string | undefined,
  { body, idempotencyKey, ifMatch }: RequestOptions,
): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
  if (ifMatch !== undefined) headers["if-match"] = ifMatch;
  return headers;
}

function queryText(query: RequestOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(key, String(value));
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}

function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "") {
    return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  }
  throw new WilcoError({
    code: "invalid_request",
    // Without user name and password, should it have them.
    message: url ? `${url.protocol}//${url.host} is not the URL of a server` : "That is not the URL of a server",
    hint: 'Write it like "https://wilco.example.org" or "http://127.0.0.1:7070"; the token is given apart.',
  });
}

function bodyText(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WilcoError({
      code: "invalid_request",
      message: "What is to be sent is nested too deeply",
      hint: "Nest fewer lists and objects in each other.",
      cause: error,
    });
  }
}
