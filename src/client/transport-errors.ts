/** What an exchange that brought no usable answer means, in sentences. */
import { certificateFault } from "../core/certificate-errors.ts";
import { type ErrorCode, isErrorCode, messageOf, WilcoError } from "../core/errors.ts";
import { formatDuration } from "../core/durations.ts";
import { isJsonObject } from "../core/json.ts";
import type { HttpAnswer } from "./dispatch.ts";

/** Why one attempt failed. */
export interface Fault {
  /** Completes "The server at URL can't be reached: …". */
  reason: string;
  /** The server has not seen the request, or says that it has done nothing: repeating it is safe whatever it asks for. */
  neverSent: boolean;
  /** Repeating can't help: a wrong certificate, another kind of server. */
  permanent: boolean;
  /** What to do, where more can be said than to look whether the server is there. */
  hint?: string;
  cause: unknown;
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name can't be looked up now",
  EHOSTUNREACH: "no way to that host",
  ENETUNREACH: "no way to that network",
  ETIMEDOUT: "the connection timed out",
  CONNECT_TIMEOUT: "the connection timed out",
  ECONNRESET: "the connection was lost",
  EPIPE: "the connection was lost",
};
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CONNECT_TIMEOUT",
]);
/** Answers of a server, or of a proxy before it, that is not there at the moment. */
const ABSENT = new Set([502, 503, 504]);

export function faultOfError(error: unknown): Fault {
  const code = networkCode(error);
  const innermost = messageOf(innermostCause(error));
  const distrusted = code === undefined ? undefined : certificateFault(code, innermost);
  if (distrusted) return { ...distrusted, neverSent: true, permanent: true, cause: error };
  const reason = (code !== undefined && REASONS[code]) || `${innermost}${code === undefined ? "" : ` (${code})`}`;
  return { reason, neverSent: code !== undefined && NEVER_SENT.has(code), permanent: false, cause: error };
}

export function faultOfDeadline(ms: number): Fault {
  return { reason: `no answer within ${formatDuration(ms)}`, neverSent: false, permanent: false, cause: undefined };
}

/** The fault of an answer that stands for an absent server, or undefined when the answer is the server's own. */
export function faultOfAnswer(answer: HttpAnswer): Fault | undefined {
  const base = { neverSent: false, cause: undefined };
  if (ABSENT.has(answer.status)) {
    const { message, hint, details } = bodyOf(answer);
    const why = typeof message === "string" ? `: ${message}` : "";
    const carriedOut = !isJsonObject(details) || details["carriedOut"] !== false;
    const fault = { ...base, reason: `it answered ${answer.status}${why}`, neverSent: !carriedOut, permanent: false };
    return typeof hint === "string" ? { ...fault, hint } : fault;
  }
  if (answer.status >= 300 && answer.status < 400) {
    return { ...base, reason: `it redirects (${answer.status}): use the URL it redirects to`, permanent: true };
  }
  return undefined;
}

function bodyOf({ text }: HttpAnswer): { message?: unknown; hint?: unknown; details?: unknown } {
  try {
    const body: unknown = JSON.parse(text);
    return isJsonObject(body) ? body : {};
  } catch {
    return {}; // a proxy's page
  }
}

/** The answer's JSON; a fault when it is none of wilco's. Errors of the server are thrown by code. */
export function readAnswer(answer: HttpAnswer): { value: unknown } | { fault: Fault } {
  const { status, text } = answer;
  let value: unknown;
  try {
    value = text === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    if (status === 401) throw unauthenticated();
    const reason = `what answers there (${status}) is not a wilco server`;
    return { fault: { reason, neverSent: false, permanent: true, cause } };
  }
  if (status < 400) return { value };
  throw errorOfAnswer(status, value);
}

function errorOfAnswer(status: number, value: unknown): WilcoError {
  const body = isJsonObject(value) ? value : {};
  const hint = typeof body["hint"] === "string" ? body["hint"] : undefined;
  const message = typeof body["message"] === "string" ? body["message"] : `The server answered ${status}`;
  if (status === 401) return unauthenticated(hint, typeof body["message"] === "string" ? message : undefined);
  const code = isErrorCode(body["code"]) ? body["code"] : codeOfStatus(status);
  return new WilcoError({ code, message, hint, details: body["details"] });
}

function unauthenticated(hint?: string, message?: string): WilcoError {
  return new WilcoError({
    code: "unauthenticated",
    message: message ?? "The server does not accept this token",
    hint: hint ?? 'Log in with "wilco login", or set WILCO_TOKEN to a token that is not revoked or expired.',
  });
}

/** For codes that this version does not know, and for proxies that answer in JSON of their own. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 403) return "forbidden";
  if (status === 409) return "conflict";
  if (status === 412) return "precondition_failed";
  if (status === 413) return "too_large";
  return status < 500 ? "invalid_request" : "internal";
}

export interface UnreachableInit {
  url: string;
  /** "POST /v1/entries" */
  what: string;
  fault: Fault;
  attempts: number;
  /** ms since the first attempt failed. */
  elapsed: number;
  /** It changes something and some attempt may have been carried out. */
  uncertain: boolean;
}

export function unreachable({ url, what, fault, attempts, elapsed, uncertain }: UnreachableInit): WilcoError {
  const tried = attempts > 1 ? ` (${attempts} attempts in ${formatDuration(elapsed)})` : "";
  const unsure = uncertain ? `; whether ${what} was carried out is not known` : "";
  return new WilcoError({
    code: "unreachable",
    message: `The server at ${url} can't be reached: ${fault.reason}${tried}${unsure}`,
    hint: uncertain
      ? 'Check that the server runs ("wilco status"), then look at "wilco history" before you repeat it.'
      : (fault.hint ?? 'Check the URL and that the server runs ("wilco status"; "wilco up" starts a local one).'),
    details: { url, attempts, permanent: fault.permanent },
    cause: fault.cause,
  });
}

/** "fetch failed" and what wraps it say nothing; the error that they wrap does. */
function innermostCause(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error && at.cause instanceof Error; depth++) at = at.cause;
  return at;
}

/** fetch wraps the socket's error once or twice. */
function networkCode(error: unknown): string | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && code !== "") return code;
    // "localhost" is tried over IPv6 and IPv4: one error for both.
    const inner: unknown = at instanceof AggregateError ? at.errors[0] : undefined;
    at = inner ?? at.cause;
  }
  return undefined;
}
