/** `--allow-net HOST[:PORT]`: HTTP requests to named hosts, for the script's `fetch`. */
import { messageOf, WilcoError } from "../core/errors.ts";
import { formatNetTarget, netAllowed, notPermitted, portOf, type NetTarget } from "./permissions.ts";

/** As it comes from the guest, its shape checked. */
export interface NetRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: { text: string } | { base64: string };
  redirect: "follow" | "manual" | "error";
  /** ms, of the whole. */
  timeout: number;
}

export interface NetAnswer {
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  headers: Array<[string, string]>;
  /** `base64` when the bytes are no UTF-8. */
  body: { text: string } | { base64: string };
}

export interface FetcherOptions {
  targets: readonly NetTarget[];
}

/** Bytes of one answer's body. */
export const MAX_BODY = 8 * 1024 * 1024;
const MAX_REDIRECTS = 5;
/** These are the connection's, and `host` would reach another service at an allowed address. */
const REFUSED_HEADERS = ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"];
/** Not for another origin, wherever a redirect leads. */
const CREDENTIALS = ["authorization", "cookie", "proxy-authorization"];

export interface Fetcher {
  /** @throws WilcoError `not_permitted`, `invalid_request`, `too_large`, `script_failed` when there is no whole answer. */
  fetch(request: NetRequest): Promise<NetAnswer>;
  /** Ends what is under way. */
  close(): void;
}

export function createFetcher({ targets }: FetcherOptions): Fetcher {
  const closing = new AbortController();

  async function follow(request: NetRequest, signal: AbortSignal): Promise<NetAnswer> {
    let url = allowedUrl(request.url, targets);
    let { method, body } = request;
    const headers = new Headers(request.headers);
    for (let redirects = 0; ; redirects++) {
      const answer = await fetch(url.href, {
        method,
        headers,
        signal,
        // Each hop is another host's word: it is checked before it is followed.
        redirect: "manual",
        ...(body === undefined ? {} : { body: "text" in body ? body.text : Buffer.from(body.base64, "base64") }),
      });
      const location = answer.headers.get("location");
      const redirecting = [301, 302, 303, 307, 308].includes(answer.status) && location !== null;
      if (!redirecting || request.redirect === "manual") return await read(answer, url, redirects > 0);
      await answer.body?.cancel();
      if (request.redirect === "error") throw failed(`${url.href} redirects, and redirect is "error"`);
      if (redirects === MAX_REDIRECTS) throw failed(`${request.url} redirects more than ${MAX_REDIRECTS} times`);
      const next = allowedUrl(URL.parse(location, url.href)?.href ?? location, targets, url);
      if (next.origin !== url.origin) for (const name of CREDENTIALS) headers.delete(name);
      if (answer.status === 303 || ((answer.status === 301 || answer.status === 302) && method === "POST")) {
        if (method !== "HEAD") method = "GET";
        body = undefined;
        headers.delete("content-type");
      }
      url = next;
    }
  }

  return {
    async fetch(request) {
      for (const name of Object.keys(request.headers)) {
        if (REFUSED_HEADERS.includes(name.toLowerCase())) throw invalid(`fetch does not take the header ${name}`);
      }
      const timeout = AbortSignal.timeout(request.timeout);
      try {
        return await follow(request, AbortSignal.any([timeout, closing.signal]));
      } catch (error) {
        if (error instanceof WilcoError) throw error;
        if (timeout.aborted)
          throw failed(`${request.url} did not answer in time`, 'Give it longer: { timeout: "1m" }.');
        if (error instanceof TypeError && error.cause === undefined) throw invalid(error.message);
        throw failed(`${request.url} can't be reached: ${reasonOf(error)}`);
      }
    },
    close: () => closing.abort(),
  };
}

/** @throws WilcoError `not_permitted` unless the URL's host and port are allowed. */
function allowedUrl(text: string, targets: readonly NetTarget[], from?: URL): URL {
  const url = URL.parse(text);
  if (url === null) throw invalid(`${JSON.stringify(text)} is no URL`, "Write a whole one: https://HOST/PATH.");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw invalid(`fetch knows only http: and https:, not ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid("The URL has a user or password in it", "Put them into the header authorization.");
  }
  if (netAllowed(targets, url)) return url;
  const target = formatNetTarget({ host: url.hostname, port: portOf(url) });
  const what = from === undefined ? `To fetch from ${target}` : `To follow ${from.host}'s redirect to ${target}`;
  throw notPermitted(what, "net", target);
}

async function read(answer: Response, url: URL, redirected: boolean): Promise<NetAnswer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Counted after it was unpacked: a small answer may unpack to any size.
  for await (const part of answer.body ?? []) {
    size += part.byteLength;
    if (size > MAX_BODY) {
      throw new WilcoError({
        code: "too_large",
        message: `The answer of ${url.host} is larger than ${MAX_BODY / 1_048_576} MB`,
        hint: "Ask for less: a page, a range.",
      });
    }
    parts.push(part);
  }
  const { status, statusText, headers } = answer;
  return { status, statusText, url: url.href, redirected, headers: [...headers], body: bodyOf(Buffer.concat(parts)) };
}

function bodyOf(bytes: Buffer): NetAnswer["body"] {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: bytes.toString("base64") };
  }
}

/** "ECONNREFUSED": why there was no answer, without an address of this machine. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : messageOf(cause ?? error);
}

function failed(message: string, hint?: string): WilcoError {
  return new WilcoError({ code: "script_failed", message, hint });
}

function invalid(message: string, hint?: string): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
