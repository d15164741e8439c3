/** The calls of the worker protocol. Each may be repeated until it is answered; none has another effect then. */
import { WilcoError } from "../core/errors.ts";
import { paths } from "../protocol/paths.ts";
import type {
  ClaimAnswer,
  ClaimRequest,
  FinishAnswer,
  FinishRequest,
  HeartbeatAnswer,
  HeartbeatRequest,
  LeasedContent,
  RegisterAnswer,
  RegisterRequest,
  ReloadedTypes,
  ReportAnswer,
  ReportRequest,
  StopRequest,
} from "../protocol/messages.ts";

export interface CallOptions {
  signal?: AbortSignal;
  /** ms until this attempt is given up. */
  timeout?: number;
}

/** Every call rejects with a WilcoError: what the server answered, or `unreachable`. */
export interface WorkerApi {
  register(body: RegisterRequest, options?: CallOptions): Promise<RegisterAnswer>;
  claim(session: string, body: ClaimRequest, options?: CallOptions): Promise<ClaimAnswer>;
  heartbeat(session: string, body: HeartbeatRequest, options?: CallOptions): Promise<HeartbeatAnswer>;
  report(session: string, body: ReportRequest, options?: CallOptions): Promise<ReportAnswer>;
  finish(session: string, body: FinishRequest, options?: CallOptions): Promise<FinishAnswer>;
  /** The worker has loaded its types anew. */
  reloaded(session: string, body: ReloadedTypes, options?: CallOptions): Promise<void>;
  stop(session: string, body: StopRequest, options?: CallOptions): Promise<void>;
  /** The bytes of a content that an entry leased to the session names. */
  content(session: string, leased: LeasedContent, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * One attempt at one request: resolves with the answer's body, rejects with a WilcoError. Over HTTP
 * (`createHttpRequest`) or into a server in the same process (`createInjectRequest`).
 */
export interface WorkerRequest {
  (
    method: "GET" | "POST",
    path: string,
    body: unknown,
    options: { signal?: AbortSignal; timeout: number },
  ): Promise<unknown>;
  /** A GET whose answer is bytes that do not fit in memory. Ends early only with an error. */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

const DEFAULT_TIMEOUT = 15_000;
/** For megabytes of output or results over a slow line. */
const BULK_TIMEOUT = 60_000;

export function createWorkerApi({ request }: { request: WorkerRequest }): WorkerApi {
  const post = async <T>(
    path: string,
    body: unknown,
    options: CallOptions,
    fits: (answer: T) => boolean,
  ): Promise<T> => {
    const answer = (await request("POST", path, body, { timeout: DEFAULT_TIMEOUT, ...options })) as T | undefined;
    if (typeof answer === "object" && answer !== null && fits(answer)) return answer;
    // A proxy's page, or another server: as good as no answer, so the loops try again.
    throw new WilcoError({
      code: "unreachable",
      message: `POST ${path} was answered with something else than the worker protocol has.`,
      hint: "Check that the URL is that of a wilco server of the same version.",
    });
  };
  return {
    register: (body, options = {}) =>
      post<RegisterAnswer>(
        paths.workers,
        body,
        options,
        ({ session, lease }) => typeof session === "string" && lease > 0,
      ),
    // The server holds a claim open for as long as it was asked to wait; what comes on top is the network's.
    claim: (session, body, options) =>
      post<ClaimAnswer>(
        paths.claim(session),
        body,
        { timeout: body.wait + DEFAULT_TIMEOUT, ...options },
        ({ assignments }) => Array.isArray(assignments),
      ),
    heartbeat: (session, body, options = {}) =>
      post<HeartbeatAnswer>(
        paths.heartbeat(session),
        body,
        options,
        (answer) => Array.isArray(answer.cancel) && Array.isArray(answer.lost),
      ),
    report: (session, body, options) =>
      post<ReportAnswer>(
        paths.report(session),
        body,
        { timeout: BULK_TIMEOUT, ...options },
        (answer) => answer.reports?.length === body.reports.length,
      ),
    finish: (session, body, options) =>
      post<FinishAnswer>(
        paths.finish(session),
        body,
        { timeout: BULK_TIMEOUT, ...options },
        (answer) => answer.finishes?.length === body.finishes.length,
      ),
    reloaded: async (session, body, options = {}) => {
      await request("POST", paths.reloaded(session), body, { timeout: DEFAULT_TIMEOUT, ...options });
    },
    stop: async (session, body, options = {}) => {
      await request("POST", paths.stop(session), body, { timeout: DEFAULT_TIMEOUT, ...options });
    },
    content: (session, { entry, attempt, sha256 }, signal) =>
      request.stream(`${paths.leasedContent(session)}?entry=${entry}&attempt=${attempt}&sha256=${sha256}`, signal),
  };
}
