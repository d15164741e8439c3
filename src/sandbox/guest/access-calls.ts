/** What `readFile` and `fetch` do: check their arguments, ask the host, and make of its answer what a script expects. */
import { atCallSite } from "../../client/errors.ts";
import type { CallSite } from "../../client/call-site.ts";
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import { AccessFailed } from "./access.ts";
import { base64OfBytes, bytesOfBase64 } from "./bytes.ts";
import type { Channel } from "./channel.ts";
import { createFetchResponse, type FetchAnswer, type FetchResponse } from "./fetch-response.ts";

export interface FetchOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  redirect?: "follow" | "manual" | "error";
  timeout?: string;
}

const FETCH_KEYS = ["method", "headers", "body", "redirect", "timeout"] as const;
const ENCODINGS = ["utf8", "base64", "bytes"] as const;
const DEFAULT_TIMEOUT = 30_000;
const MAX_TIMEOUT = 300_000;

export async function readFile(
  channel: Channel,
  path: string,
  encoding = "utf8",
  site: CallSite,
): Promise<string | Uint8Array> {
  if (typeof path !== "string" || path === "") throw invalid("readFile needs a path", 'Write readFile("data.json").');
  if (!(ENCODINGS as readonly string[]).includes(encoding)) {
    const hint = suggestion(encoding, ENCODINGS, "It knows");
    throw invalid(`readFile knows no encoding ${JSON.stringify(encoding)}`, hint);
  }
  const text = await call<string>(channel, "readFile", [path, encoding === "bytes" ? "base64" : encoding], site);
  return encoding === "bytes" ? bytesOfBase64(text) : text;
}

export async function fetch(
  channel: Channel,
  url: unknown,
  options: FetchOptions = {},
  site: CallSite,
): Promise<FetchResponse> {
  const { method = "GET", headers = {}, body, redirect = "follow", timeout } = checkedOptions(options);
  const request = {
    url: String(url),
    method: method.toUpperCase(),
    headers: { ...headers },
    redirect,
    timeout: timeout === undefined ? DEFAULT_TIMEOUT : checkedTimeout(timeout),
    ...(body === undefined
      ? {}
      : { body: typeof body === "string" ? { text: body } : { base64: base64OfBytes(body) } }),
  };
  return createFetchResponse(await call<FetchAnswer>(channel, "fetch", [request], site));
}

async function call<T>(channel: Channel, method: string, args: unknown[], site: CallSite): Promise<T> {
  try {
    return (await channel.call(method, args)) as T;
  } catch (error) {
    if (!(error instanceof WilcoError) || error.code !== "script_failed") throw atCallSite(error, site);
    const failed = new AccessFailed(error.message, error.hint);
    failed.stack = `${failed.name}: ${failed.message}\n${site.stack}`;
    throw failed;
  }
}

function checkedOptions(options: FetchOptions): FetchOptions {
  for (const key of Object.keys(options)) {
    if ((FETCH_KEYS as readonly string[]).includes(key)) continue;
    const signal = key === "signal" ? 'To give up after a time, write { timeout: "10s" }.' : undefined;
    throw invalid(`fetch has no option "${key}"`, signal ?? suggestion(key, FETCH_KEYS, "It takes"));
  }
  const { body, headers } = options;
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw invalid("The body of fetch is neither a text nor bytes", "Write JSON.stringify(value) for JSON.");
  }
  if (headers !== undefined && Object.values(headers).some((value) => typeof value !== "string")) {
    throw invalid("A header of fetch is not a text", 'Write { headers: { accept: "application/json" } }.');
  }
  return options;
}

function checkedTimeout(text: string): number {
  const timeout = parseDuration(text, "timeout");
  if (timeout >= 1 && timeout <= MAX_TIMEOUT) return timeout;
  throw invalid(`The timeout of fetch is ${text}`, "Write a duration from 1ms to 5m.");
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
